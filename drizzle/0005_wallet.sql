-- Hand-written. Can we pay: two-legged, append-only transfers between accounts. Amounts are bigint in 1/10,000 of
-- a currency unit. The composite foreign keys make a transfer between currencies or workspaces impossible.

CREATE TABLE accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  currency char(3) NOT NULL,
  kind text NOT NULL CHECK (kind IN ('funding','wallet','hold','spent','adjustment','receivable')),
  campaign_id uuid,
  debits bigint NOT NULL DEFAULT 0 CHECK (debits >= 0),
  credits bigint NOT NULL DEFAULT 0 CHECK (credits >= 0),
  closed_at timestamptz,
  CONSTRAINT never_below_zero CHECK (kind NOT IN ('wallet','hold','spent') OR debits <= credits),
  CONSTRAINT closed_hold_is_empty CHECK (closed_at IS NULL OR (kind = 'hold' AND debits = credits)),
  CONSTRAINT hold_has_a_campaign CHECK ((kind = 'hold') = (campaign_id IS NOT NULL)),
  FOREIGN KEY (workspace_id, currency) REFERENCES workspaces (workspace_id, currency),
  UNIQUE (id, workspace_id), UNIQUE (id, workspace_id, currency)
) WITH (fillfactor = 50);
--> statement-breakpoint
SELECT wall('accounts');
--> statement-breakpoint
-- One account of each kind for a workspace; holds are as many as campaigns.
CREATE UNIQUE INDEX one_account_a_kind ON accounts (workspace_id, kind) WHERE kind <> 'hold';
--> statement-breakpoint
CREATE INDEX open_holds ON accounts (workspace_id) WHERE kind = 'hold' AND closed_at IS NULL;
--> statement-breakpoint
CREATE INDEX holds_by_campaign ON accounts (campaign_id) WHERE kind = 'hold';
--> statement-breakpoint
CREATE TABLE transfers (
  id uuid PRIMARY KEY,                                 -- derived from what caused it: the idempotency key
  workspace_id uuid NOT NULL,
  currency char(3) NOT NULL,
  debit_id bigint NOT NULL,
  credit_id bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  kind text NOT NULL CHECK (kind IN ('top_up','reserve','capture','release','late_capture','refund','adjust','write_off')),
  campaign_id uuid,
  n_items int NOT NULL DEFAULT 1 CHECK (n_items > 0),
  reference text,
  reason text,
  actor text NOT NULL,
  request_id text,
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  -- Readers page by xid below the snapshot's xmin: a cursor on an id loses rows that commit out of order.
  xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  CHECK (debit_id <> credit_id),
  UNIQUE (id, workspace_id),
  FOREIGN KEY (debit_id, workspace_id, currency) REFERENCES accounts (id, workspace_id, currency),
  FOREIGN KEY (credit_id, workspace_id, currency) REFERENCES accounts (id, workspace_id, currency));
--> statement-breakpoint
SELECT wall('transfers');
--> statement-breakpoint
CREATE INDEX transfers_by_xid ON transfers (workspace_id, xid, id);
--> statement-breakpoint
CREATE INDEX transfers_by_campaign ON transfers (campaign_id) WHERE campaign_id IS NOT NULL;
--> statement-breakpoint
CREATE UNIQUE INDEX one_top_up_a_reference ON transfers (workspace_id, reference) WHERE kind = 'top_up';
--> statement-breakpoint
-- Which kind of transfer may move money between which kinds of account; there is no other way.
CREATE TABLE transfer_ways (
  kind text NOT NULL, debit_kind text NOT NULL, credit_kind text NOT NULL,
  PRIMARY KEY (kind, debit_kind, credit_kind));
--> statement-breakpoint
INSERT INTO transfer_ways VALUES
  ('top_up', 'funding', 'wallet'),
  ('reserve', 'wallet', 'hold'),
  ('capture', 'hold', 'spent'),
  ('release', 'hold', 'wallet'),
  ('late_capture', 'wallet', 'spent'),
  ('late_capture', 'receivable', 'spent'),
  ('refund', 'spent', 'wallet'),
  ('adjust', 'adjustment', 'wallet'),
  ('adjust', 'wallet', 'adjustment'),
  ('write_off', 'adjustment', 'receivable');
--> statement-breakpoint
-- The only way a balance moves: inserted transfers are folded once a statement, accounts locked in order.
CREATE FUNCTION fold_transfers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM accounts a WHERE a.id IN (SELECT debit_id FROM ins UNION SELECT credit_id FROM ins)
    ORDER BY a.id FOR NO KEY UPDATE;
  IF EXISTS (SELECT 1 FROM accounts a JOIN ins i ON a.id IN (i.debit_id, i.credit_id) WHERE a.closed_at IS NOT NULL) THEN
    RAISE EXCEPTION 'account is closed' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM ins i JOIN accounts d ON d.id = i.debit_id JOIN accounts c ON c.id = i.credit_id
              WHERE NOT EXISTS (SELECT 1 FROM transfer_ways w
                     WHERE (w.kind, w.debit_kind, w.credit_kind) = (i.kind, d.kind, c.kind))) THEN
    RAISE EXCEPTION 'no such way for money' USING ERRCODE = 'restrict_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM ins i JOIN accounts h ON h.id IN (i.debit_id, i.credit_id) AND h.kind = 'hold'
              WHERE h.campaign_id IS DISTINCT FROM i.campaign_id) THEN
    RAISE EXCEPTION 'a hold serves its own campaign only' USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE accounts a SET debits = a.debits + s.d, credits = a.credits + s.c
    FROM (SELECT id, sum(d)::bigint d, sum(c)::bigint c FROM (
            SELECT debit_id id, amount d, 0::bigint c FROM ins
            UNION ALL SELECT credit_id, 0, amount FROM ins) u GROUP BY id) s
   WHERE a.id = s.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER transfers_fold AFTER INSERT ON transfers
  REFERENCING NEW TABLE AS ins FOR EACH STATEMENT EXECUTE FUNCTION fold_transfers();
--> statement-breakpoint
CREATE TRIGGER transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON transfers
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE FUNCTION guard_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.debits, NEW.credits) IS DISTINCT FROM (OLD.debits, OLD.credits)
     AND (pg_trigger_depth() < 2 OR NEW.debits < OLD.debits OR NEW.credits < OLD.credits) THEN
    RAISE EXCEPTION 'a balance moves by transfers only' USING ERRCODE = 'restrict_violation';
  END IF;
  IF (NEW.id, NEW.workspace_id, NEW.currency, NEW.kind, NEW.campaign_id)
     IS DISTINCT FROM (OLD.id, OLD.workspace_id, OLD.currency, OLD.kind, OLD.campaign_id)
     OR (OLD.closed_at IS NOT NULL AND NEW.closed_at IS DISTINCT FROM OLD.closed_at) THEN
    RAISE EXCEPTION 'an account keeps what it is' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER accounts_guard BEFORE UPDATE ON accounts FOR EACH ROW EXECUTE FUNCTION guard_account();
--> statement-breakpoint
CREATE FUNCTION guard_new_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.debits <> 0 OR NEW.credits <> 0 OR NEW.closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'an account begins empty and open' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER accounts_begin_empty BEFORE INSERT ON accounts FOR EACH ROW EXECUTE FUNCTION guard_new_account();
--> statement-breakpoint
CREATE TRIGGER accounts_stay BEFORE DELETE OR TRUNCATE ON accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- The chain: each sealed row's hash covers the row and the hash before it, so that a past that was altered shows.
-- Rows are sealed in the order of their transactions, once no older transaction can still commit.
CREATE TABLE seals (
  workspace_id uuid NOT NULL,
  stream text NOT NULL CHECK (stream IN ('transfers','audit_events')),
  seq bigint NOT NULL CHECK (seq > 0),
  row_id uuid NOT NULL,
  hash bytea NOT NULL CHECK (length(hash) = 32),
  PRIMARY KEY (workspace_id, stream, seq),
  UNIQUE (stream, row_id));
--> statement-breakpoint
SELECT wall('seals');
--> statement-breakpoint
CREATE TRIGGER seals_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON seals
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
