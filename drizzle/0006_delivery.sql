-- Hand-written. Did it go: senders, runs, slices, messages, attempts, receipts, charges.
-- A run is the frozen send-out of one campaign; delivery charges the hold stamped on it and never knows why it was sent.

CREATE TABLE senders (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  provider text NOT NULL,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  config jsonb NOT NULL,                               -- what may be shown
  secrets bytea,                                       -- the rest, encrypted with SECRET_KEY
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active','stopped')),
  stop_reason text,
  messages_per_second real NOT NULL CHECK (messages_per_second > 0),
  lifetime_seconds int NOT NULL CHECK (lifetime_seconds > 0),
  created_at timestamptz NOT NULL,
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('senders');
--> statement-breakpoint
-- Kept apart from senders, because every claim writes it.
CREATE TABLE sender_pace (
  sender_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  free_at timestamptz NOT NULL DEFAULT 'epoch',       -- not -infinity: PostgreSQL before 17 cannot subtract it
  last_campaign_id uuid,                              -- who booked last steps back for others; it may be long over
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id)
) WITH (fillfactor = 50);
--> statement-breakpoint
SELECT wall('sender_pace');
--> statement-breakpoint
-- A webhook names a sender, not a workspace: this function is the only way past the wall for it.
CREATE FUNCTION find_webhook_sender(wanted uuid)
RETURNS TABLE (id uuid, workspace_id uuid, provider text, config jsonb, secrets bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT s.id, s.workspace_id, s.provider, s.config, s.secrets FROM senders s WHERE s.id = wanted $$;
--> statement-breakpoint
CREATE TABLE runs (
  campaign_id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  hold_id bigint NOT NULL,
  currency char(3) NOT NULL,
  model text NOT NULL,
  category text NOT NULL,
  template jsonb NOT NULL,
  time_window jsonb,
  state text NOT NULL CHECK (state IN ('waiting','running','paused','stopped')),
  pause_reason text,
  starts_at timestamptz NOT NULL,
  send_before timestamptz NOT NULL,
  lifetime_seconds int NOT NULL CHECK (lifetime_seconds > 0),
  nudged_at timestamptz,
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  FOREIGN KEY (hold_id, workspace_id, currency) REFERENCES accounts (id, workspace_id, currency),
  UNIQUE (campaign_id, workspace_id));
--> statement-breakpoint
SELECT wall('runs');
--> statement-breakpoint
-- A slice is what a worker claims, sends, and later closes: some hundreds of messages due at one moment in one zone.
CREATE TABLE slices (
  campaign_id uuid NOT NULL,
  slice_no int NOT NULL,
  workspace_id uuid NOT NULL,
  time_zone text,
  due_at timestamptz NOT NULL,
  worker text,
  lease_until timestamptz,
  done_at timestamptz,                                 -- nothing of it is left to send
  closed_at timestamptz,                               -- nothing of it is left to hear
  PRIMARY KEY (campaign_id, slice_no),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES runs (campaign_id, workspace_id),
  CHECK (closed_at IS NULL OR done_at IS NOT NULL));
--> statement-breakpoint
SELECT wall('slices');
--> statement-breakpoint
CREATE INDEX slices_to_send ON slices (campaign_id, due_at, slice_no) WHERE done_at IS NULL;
--> statement-breakpoint
CREATE INDEX slices_to_close ON slices (done_at) WHERE done_at IS NOT NULL AND closed_at IS NULL;
--> statement-breakpoint
-- Narrow on purpose: it is written four times in a message's life, and no index holds a column that changes then,
-- so that those updates stay in their page. What is said to whom stands in recipients.
CREATE TABLE messages (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  slice_no int NOT NULL,
  price bigint NOT NULL CHECK (price >= 0),            -- frozen by the quote, 1/10,000 of a unit
  state text NOT NULL DEFAULT 'queued' CHECK (state IN
    ('queued','sending','sent','delivered','read','failed','expired','uncertain','cancelled','skipped')),
  money text NOT NULL DEFAULT 'held' CHECK (money IN ('held','captured','released')),
  free boolean NOT NULL DEFAULT false,                 -- the provider says that it does not charge this one
  attempts smallint NOT NULL DEFAULT 0,
  not_before timestamptz,
  sent_at timestamptz, delivered_at timestamptz, read_at timestamptz, failed_at timestamptz,
  reason text,                                         -- code of the last refusal, skip or failure
  UNIQUE (campaign_id, contact_id),
  CONSTRAINT delivered_is_captured CHECK (state NOT IN ('delivered','read') OR money = 'captured'),
  CONSTRAINT captured_is_delivered CHECK (money <> 'captured' OR state IN ('delivered','read')),
  CONSTRAINT failed_is_released CHECK (state NOT IN ('failed','expired','cancelled','skipped') OR money = 'released'),
  CONSTRAINT waiting_is_held CHECK (state NOT IN ('queued','sending','sent') OR money = 'held')
) WITH (fillfactor = 60);
--> statement-breakpoint
SELECT wall('messages');
--> statement-breakpoint
CREATE INDEX messages_by_slice ON messages (campaign_id, slice_no);
--> statement-breakpoint
-- The states' table, as in src/delivery/lifecycle.ts. The WHEN clause keeps legal updates free of a function call.
CREATE FUNCTION refuse_message_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a message does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER messages_move BEFORE UPDATE ON messages FOR EACH ROW WHEN (
  OLD.state <> NEW.state AND NOT (
       (OLD.state = 'queued'    AND NEW.state IN ('sending','cancelled','skipped','expired'))
    OR (OLD.state = 'sending'   AND NEW.state IN ('queued','sent','delivered','read','failed','uncertain'))
    OR (OLD.state = 'sent'      AND NEW.state IN ('delivered','read','failed','expired'))
    OR (OLD.state = 'uncertain' AND NEW.state IN ('sent','delivered','read','failed'))
    OR (OLD.state = 'delivered' AND NEW.state = 'read')
    OR (OLD.state = 'failed'    AND NEW.state IN ('delivered','read'))
    OR (OLD.state = 'expired'   AND NEW.state IN ('delivered','read','failed'))))
  EXECUTE FUNCTION refuse_message_move();
--> statement-breakpoint
CREATE TRIGGER messages_keep BEFORE UPDATE ON messages FOR EACH ROW WHEN (
  OLD.id <> NEW.id OR OLD.price <> NEW.price OR OLD.campaign_id <> NEW.campaign_id OR OLD.contact_id <> NEW.contact_id
  OR OLD.workspace_id <> NEW.workspace_id OR (OLD.money <> 'held' AND NEW.money = 'held')
  OR (OLD.money = 'captured' AND NEW.money <> 'captured'))
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- What a foreign key would say, once a statement instead of once a row: a run is kept by the counts of its messages.
CREATE FUNCTION messages_need_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT campaign_id, workspace_id FROM born) b WHERE NOT EXISTS (
       SELECT 1 FROM runs r WHERE r.campaign_id = b.campaign_id AND r.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a message belongs to a run' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER messages_have_runs AFTER INSERT ON messages
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION messages_need_runs();
--> statement-breakpoint
CREATE TRIGGER messages_stay BEFORE DELETE OR TRUNCATE ON messages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- How many messages of a campaign stand in each state; 'held' counts those whose money is undecided.
CREATE TABLE message_counts (
  campaign_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  state text NOT NULL,
  n bigint NOT NULL CHECK (n >= 0),
  PRIMARY KEY (campaign_id, state),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES runs (campaign_id, workspace_id)
) WITH (fillfactor = 50);
--> statement-breakpoint
SELECT wall('message_counts');
--> statement-breakpoint
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO message_counts AS c (campaign_id, workspace_id, state, n)
      SELECT campaign_id, workspace_id, s, sum(k) FROM (
        SELECT campaign_id, workspace_id, state s, count(*) k FROM born GROUP BY 1, 2, 3
        UNION ALL SELECT campaign_id, workspace_id, 'held', count(*) FROM born WHERE money = 'held' GROUP BY 1, 2) x
      GROUP BY 1, 2, 3 ORDER BY 1, 3
      ON CONFLICT (campaign_id, state) DO UPDATE SET n = c.n + excluded.n;
  ELSE
    INSERT INTO message_counts AS c (campaign_id, workspace_id, state, n)
      SELECT campaign_id, workspace_id, s, 0 FROM (
        SELECT DISTINCT campaign_id, workspace_id, state s FROM after) x ORDER BY 1, 3
      ON CONFLICT (campaign_id, state) DO NOTHING;
    PERFORM 1 FROM message_counts c WHERE c.campaign_id IN (SELECT DISTINCT campaign_id FROM after)
      ORDER BY c.campaign_id, c.state FOR NO KEY UPDATE;
    UPDATE message_counts c SET n = c.n + x.k FROM (
        SELECT campaign_id, s, sum(k) k FROM (
          SELECT campaign_id, state s, count(*) k FROM after GROUP BY 1, 2
          UNION ALL SELECT campaign_id, state, -count(*) FROM before GROUP BY 1, 2
          UNION ALL SELECT campaign_id, 'held', count(*) FILTER (WHERE money = 'held') FROM after GROUP BY 1
          UNION ALL SELECT campaign_id, 'held', -count(*) FILTER (WHERE money = 'held') FROM before GROUP BY 1) y
        GROUP BY 1, 2 HAVING sum(k) <> 0) x
      WHERE c.campaign_id = x.campaign_id AND c.state = x.s;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER messages_count_new AFTER INSERT ON messages
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
--> statement-breakpoint
CREATE TRIGGER messages_count_moves AFTER UPDATE ON messages
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION count_messages();
--> statement-breakpoint
-- What the message says and to whom, as frozen at submission: what was approved is what is sent.
CREATE TABLE recipients (
  message_id bigint PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  phone text NOT NULL,
  time_zone text,
  variables jsonb NOT NULL);
--> statement-breakpoint
SELECT wall('recipients');
--> statement-breakpoint
-- An attempt is committed before the provider is called; its name travels with the message and comes back in every
-- receipt. At most one attempt of a message may ever have reached the provider: a second is unrepresentable unless
-- the first provably did not leave.
CREATE TABLE attempts (
  message_id bigint NOT NULL,
  attempt_no smallint NOT NULL CHECK (attempt_no > 0),
  workspace_id uuid NOT NULL,
  worker text NOT NULL,
  claimed_at timestamptz NOT NULL DEFAULT now(),
  dispatched_at timestamptz,
  outcome text CHECK (outcome IN ('accepted','rejected','not_sent','indeterminate')),
  provider_message_id text,
  resolved_at timestamptz,
  code text,
  detail text,
  resend_ok boolean NOT NULL DEFAULT false,
  PRIMARY KEY (message_id, attempt_no),
  CHECK ((outcome IS NULL) = (resolved_at IS NULL)),
  CHECK (outcome <> 'accepted' OR provider_message_id IS NOT NULL),
  CHECK (outcome <> 'not_sent' OR provider_message_id IS NULL),
  CHECK (NOT resend_ok OR outcome = 'indeterminate')
) WITH (fillfactor = 70);
--> statement-breakpoint
SELECT wall('attempts');
--> statement-breakpoint
CREATE UNIQUE INDEX one_live_attempt ON attempts (message_id)
  WHERE (outcome IS NULL OR outcome IN ('accepted','rejected','indeterminate')) AND NOT resend_ok;
--> statement-breakpoint
CREATE UNIQUE INDEX attempts_by_provider_id ON attempts (workspace_id, provider_message_id) WHERE provider_message_id IS NOT NULL;
--> statement-breakpoint
CREATE FUNCTION refuse_attempt_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'an attempt that is % does not become %', coalesce(OLD.outcome, 'open'), coalesce(NEW.outcome, 'open')
    USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
-- A dispatched attempt never becomes an undispatched one, and only an unknown outcome may still be learnt.
CREATE TRIGGER attempts_move BEFORE UPDATE ON attempts FOR EACH ROW WHEN (
     (OLD.outcome IS DISTINCT FROM NEW.outcome AND OLD.outcome IS NOT NULL AND OLD.outcome <> 'indeterminate')
  OR (OLD.outcome = 'indeterminate' AND NEW.outcome = 'not_sent')
  OR (OLD.dispatched_at IS NOT NULL AND NEW.dispatched_at IS DISTINCT FROM OLD.dispatched_at)
  OR (OLD.dispatched_at IS NULL AND NEW.dispatched_at IS NOT NULL AND OLD.outcome IS NOT NULL))
  EXECUTE FUNCTION refuse_attempt_change();
--> statement-breakpoint
CREATE TRIGGER attempts_keep BEFORE UPDATE ON attempts FOR EACH ROW WHEN (
  OLD.message_id <> NEW.message_id OR OLD.attempt_no <> NEW.attempt_no OR OLD.workspace_id <> NEW.workspace_id)
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER attempts_stay BEFORE DELETE OR TRUNCATE ON attempts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- What a foreign key would say, once a statement instead of once a row: messages are never deleted or renamed. It goes
-- by keys, because a plan made while the table was almost empty is kept, and would read all of it ever after.
CREATE FUNCTION attempts_need_messages() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (SELECT 1 FROM messages m
       WHERE m.id = b.message_id AND m.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'an attempt belongs to a message' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER attempts_have_messages AFTER INSERT ON attempts
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION attempts_need_messages();
--> statement-breakpoint
-- What a provider posted, byte for byte, before anything is made of it.
CREATE TABLE webhooks (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  digest bytea NOT NULL,
  body bytea NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  done_at timestamptz,
  note text,
  UNIQUE (sender_id, digest));
--> statement-breakpoint
ALTER TABLE webhooks ALTER COLUMN body SET STORAGE EXTERNAL;
--> statement-breakpoint
SELECT wall('webhooks');
--> statement-breakpoint
-- Webhooks of many senders are stored in one statement before any of them is answered; each goes behind its own
-- sender's wall, whatever the caller believes.
CREATE FUNCTION store_webhooks(sender_ids uuid[], digests bytea[], bodies bytea[]) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  INSERT INTO webhooks (workspace_id, sender_id, digest, body)
  SELECT s.workspace_id, s.id, w.digest, w.body
    FROM unnest(sender_ids, digests, bodies) AS w(sender_id, digest, body) JOIN senders s ON s.id = w.sender_id
  ON CONFLICT (sender_id, digest) DO NOTHING $$;
--> statement-breakpoint
CREATE INDEX webhooks_to_fold ON webhooks (sender_id, id) WHERE done_at IS NULL;
--> statement-breakpoint
-- The oldest webhooks of a sender that nobody else has in hand, locked one by one until there are enough of them.
CREATE FUNCTION take_webhooks(of_workspace uuid, sender uuid, enough_bytes bigint, most int) RETURNS TABLE (webhook_id bigint, webhook_body bytea)
LANGUAGE plpgsql SET enable_seqscan = off SET enable_sort = off AS $$
DECLARE bytes bigint := 0;
BEGIN
  FOR webhook_id, webhook_body IN
    SELECT w.id, w.body FROM webhooks w WHERE w.workspace_id = of_workspace AND w.sender_id = sender AND w.done_at IS NULL
     ORDER BY w.id LIMIT most FOR UPDATE SKIP LOCKED
  LOOP
    RETURN NEXT;
    bytes := bytes + octet_length(webhook_body);
    EXIT WHEN bytes >= enough_bytes;
  END LOOP;
END $$;
--> statement-breakpoint
CREATE TABLE receipts (
  message_id bigint NOT NULL,
  attempt_no smallint NOT NULL,
  status text NOT NULL CHECK (status IN ('sent','delivered','read','failed')),
  workspace_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL,
  webhook_id bigint NOT NULL,
  code text,
  detail text,
  pricing jsonb,
  PRIMARY KEY (message_id, attempt_no, status));
--> statement-breakpoint
SELECT wall('receipts');
--> statement-breakpoint
-- As for attempts: they are never deleted or renamed.
CREATE FUNCTION receipts_need_attempts() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (SELECT 1 FROM attempts a
       WHERE a.message_id = b.message_id AND a.attempt_no = b.attempt_no AND a.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a receipt belongs to an attempt' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER receipts_have_attempts AFTER INSERT ON receipts
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION receipts_need_attempts();
--> statement-breakpoint
CREATE TRIGGER receipts_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON receipts
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Receipts that name a message nobody here has sent, yet: tried again while they may still find it.
CREATE TABLE parked_receipts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  sender_id uuid NOT NULL,
  webhook_id bigint NOT NULL,
  provider_message_id text,
  status_update jsonb NOT NULL,
  parked_at timestamptz NOT NULL DEFAULT now());
--> statement-breakpoint
SELECT wall('parked_receipts');
--> statement-breakpoint
CREATE INDEX parked_receipts_by_id ON parked_receipts (workspace_id, provider_message_id);
--> statement-breakpoint
-- A message is charged at most once, ever, and never without the receipt that justifies it.
CREATE TABLE charges (
  message_id bigint PRIMARY KEY,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount >= 0),
  transfer_id uuid,
  late boolean NOT NULL DEFAULT false,
  reason text NOT NULL,                                -- regular, window_open, provider_free, free_entry_point
  attempt_no smallint NOT NULL,
  status text NOT NULL CHECK (status IN ('delivered','read')),
  refunded bigint NOT NULL DEFAULT 0 CHECK (refunded BETWEEN 0 AND amount),
  CHECK ((amount = 0) = (transfer_id IS NULL)));
--> statement-breakpoint
SELECT wall('charges');
--> statement-breakpoint
CREATE INDEX charges_by_campaign ON charges (campaign_id);
--> statement-breakpoint
-- As for receipts: receipts and transfers are append-only, so that what was there when the charge was written stays.
CREATE FUNCTION charges_need_grounds() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (SELECT 1 FROM receipts r
       WHERE r.message_id = b.message_id AND r.attempt_no = b.attempt_no AND r.status = b.status
         AND r.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge needs the receipt of a delivery' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT transfer_id, workspace_id FROM born WHERE transfer_id IS NOT NULL) b
      WHERE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = b.transfer_id AND t.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge is paid by a transfer of its own workspace' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER charges_have_grounds AFTER INSERT ON charges
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION charges_need_grounds();
--> statement-breakpoint
CREATE TRIGGER charges_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON charges
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- conversation_24h: the window that a delivered message of a category opened for a contact.
CREATE TABLE conversation_windows (
  workspace_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  category text NOT NULL,
  message_id bigint NOT NULL REFERENCES messages,
  opened_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > opened_at),
  PRIMARY KEY (contact_id, category, opened_at));
--> statement-breakpoint
SELECT wall('conversation_windows');
--> statement-breakpoint
-- What waits, across workspaces: names only, never contents. The sweep turns each line into a nudge.
CREATE FUNCTION runs_to_nudge(as_of timestamptz, idle interval, most int)
RETURNS TABLE (workspace_id uuid, campaign_id uuid)
LANGUAGE sql SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE runs r SET nudged_at = clock_timestamp()
   WHERE r.campaign_id IN (
     SELECT c.campaign_id FROM runs c
      WHERE c.state = 'running' AND (c.nudged_at IS NULL OR c.nudged_at < clock_timestamp() - idle)
        AND EXISTS (SELECT 1 FROM slices s WHERE s.campaign_id = c.campaign_id AND s.done_at IS NULL AND s.due_at <= as_of
                      AND (s.lease_until IS NULL OR s.lease_until < clock_timestamp()))
      ORDER BY c.nudged_at NULLS FIRST LIMIT most FOR UPDATE SKIP LOCKED)
  RETURNING r.workspace_id, r.campaign_id $$;
--> statement-breakpoint
CREATE FUNCTION webhooks_waiting(most int) RETURNS TABLE (workspace_id uuid, sender_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT w.workspace_id, w.sender_id FROM
    (SELECT x.workspace_id, x.sender_id FROM webhooks x WHERE x.done_at IS NULL LIMIT 10000) w LIMIT most $$;
--> statement-breakpoint
CREATE FUNCTION slices_past_lifetime(as_of timestamptz, most int)
RETURNS TABLE (workspace_id uuid, campaign_id uuid, slice_no int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT s.workspace_id, s.campaign_id, s.slice_no FROM slices s JOIN runs r USING (campaign_id)
   WHERE s.done_at IS NOT NULL AND s.closed_at IS NULL
     AND s.done_at < as_of - make_interval(secs => r.lifetime_seconds)
   ORDER BY s.done_at LIMIT most $$;
--> statement-breakpoint
CREATE FUNCTION parked_waiting(most int) RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT DISTINCT p.workspace_id FROM parked_receipts p
    WHERE EXISTS (SELECT 1 FROM attempts a WHERE a.workspace_id = p.workspace_id AND a.provider_message_id = p.provider_message_id)
    LIMIT most $$;
