-- Hand-written. SMS beside WhatsApp: templates of a channel, charges on acceptance, and the fall-over from one to the other.

ALTER TABLE templates ADD COLUMN channel text NOT NULL DEFAULT 'whatsapp' CHECK (channel IN ('whatsapp','sms'));
--> statement-breakpoint
ALTER TABLE quotes ADD COLUMN charge_on text NOT NULL DEFAULT 'delivered' CHECK (charge_on IN ('delivered','accepted'));
--> statement-breakpoint
-- `spare` is what is reserved for messages that do not exist yet: a fall-over's ceiling, less those that fell over.
ALTER TABLE runs
  ADD COLUMN charge_on text NOT NULL DEFAULT 'delivered' CHECK (charge_on IN ('delivered','accepted')),
  ADD COLUMN spare bigint NOT NULL DEFAULT 0 CHECK (spare >= 0);
--> statement-breakpoint
-- A message of a card that charges on acceptance is paid for from the moment the provider has taken it, whatever then
-- becomes of it.
ALTER TABLE messages ADD COLUMN on_acceptance boolean NOT NULL DEFAULT false,
  DROP CONSTRAINT captured_is_delivered,
  DROP CONSTRAINT failed_is_released,
  DROP CONSTRAINT waiting_is_held,
  ADD CONSTRAINT captured_is_delivered CHECK (money <> 'captured' OR state IN ('delivered','read')
    OR (on_acceptance AND state IN ('sent','failed','expired'))),
  ADD CONSTRAINT failed_is_released CHECK (state NOT IN ('failed','expired','cancelled','skipped') OR money = 'released'
    OR (on_acceptance AND money = 'captured' AND state IN ('failed','expired'))),
  ADD CONSTRAINT waiting_is_held CHECK (state NOT IN ('queued','sending','sent') OR money = 'held'
    OR (on_acceptance AND money = 'captured' AND state = 'sent')),
  ADD CONSTRAINT accepted_is_captured CHECK (NOT on_acceptance OR state <> 'sent' OR money = 'captured');
--> statement-breakpoint
CREATE TRIGGER messages_keep_moment BEFORE UPDATE ON messages FOR EACH ROW
  WHEN (OLD.on_acceptance <> NEW.on_acceptance) EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
ALTER TABLE charges DROP CONSTRAINT charges_status_check,
  ADD CONSTRAINT charges_status_check CHECK (status IN ('delivered','read','accepted','sent','failed'));
--> statement-breakpoint
-- A charge on delivery needs the receipt of one; a charge on acceptance needs the provider's answer, or any receipt.
CREATE OR REPLACE FUNCTION charges_need_grounds() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE b.status <> 'accepted' AND NOT EXISTS (SELECT 1 FROM receipts r
       WHERE r.message_id = b.message_id AND r.attempt_no = b.attempt_no AND r.status = b.status
         AND r.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge needs the receipt of a delivery' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE b.status IN ('accepted','sent','failed') AND NOT EXISTS (SELECT 1 FROM messages m
       WHERE m.id = b.message_id AND m.workspace_id = b.workspace_id AND m.on_acceptance)) THEN
    RAISE EXCEPTION 'a charge needs the receipt of a delivery' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE b.status = 'accepted' AND NOT EXISTS (SELECT 1 FROM attempts a
       WHERE a.message_id = b.message_id AND a.attempt_no = b.attempt_no AND a.workspace_id = b.workspace_id
         AND a.outcome = 'accepted')) THEN
    RAISE EXCEPTION 'a charge on acceptance needs an attempt that was accepted' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT transfer_id, workspace_id FROM born WHERE transfer_id IS NOT NULL) b
      WHERE NOT EXISTS (SELECT 1 FROM transfers t WHERE t.id = b.transfer_id AND t.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a charge is paid by a transfer of its own workspace' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- A fall-over is a campaign of its own, of another sender and template, to those of its parent whom that could not reach.
ALTER TABLE campaigns
  ADD COLUMN fallback_of uuid,
  ADD COLUMN ceiling bigint CHECK (ceiling > 0),
  ADD CONSTRAINT fallback_has_a_ceiling CHECK ((fallback_of IS NULL) = (ceiling IS NULL)),
  ADD FOREIGN KEY (fallback_of, workspace_id) REFERENCES campaigns (id, workspace_id);
--> statement-breakpoint
CREATE TRIGGER campaigns_keep_ceiling BEFORE UPDATE ON campaigns FOR EACH ROW WHEN (
  OLD.fallback_of IS DISTINCT FROM NEW.fallback_of OR (OLD.hold_id IS NOT NULL AND OLD.ceiling IS DISTINCT FROM NEW.ceiling))
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE UNIQUE INDEX one_fallback ON campaigns (fallback_of) WHERE fallback_of IS NOT NULL AND state <> 'cancelled';
--> statement-breakpoint
-- What each contact's message of a fall-over would cost, frozen when the campaign was submitted.
CREATE TABLE fallback_terms (
  campaign_id uuid NOT NULL,                           -- the fall-over's own
  contact_id bigint NOT NULL,
  workspace_id uuid NOT NULL,
  price bigint NOT NULL CHECK (price >= 0),
  PRIMARY KEY (campaign_id, contact_id),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('fallback_terms');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('fallback_terms', 'INSERT');
--> statement-breakpoint
-- One line for each message that fell over: it does so at most once, ever.
CREATE TABLE fallbacks (
  message_id bigint PRIMARY KEY REFERENCES messages,   -- the one that failed
  next_message_id bigint NOT NULL UNIQUE REFERENCES messages,
  workspace_id uuid NOT NULL,
  campaign_id uuid NOT NULL,                           -- the fall-over's own
  created_at timestamptz NOT NULL,
  CHECK (message_id <> next_message_id),
  FOREIGN KEY (campaign_id, workspace_id) REFERENCES campaigns (id, workspace_id));
--> statement-breakpoint
SELECT wall('fallbacks');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('fallbacks', 'INSERT');
--> statement-breakpoint
CREATE INDEX fallbacks_by_campaign ON fallbacks (campaign_id);
--> statement-breakpoint
CREATE TRIGGER fallbacks_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fallbacks
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
