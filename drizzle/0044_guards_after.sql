-- Hand-written. The guards of messages and attempts look at a row when it is written, no longer before: PostgreSQL locks a row for
-- whoever looks before, and writes each lock to its log, which was a third of the records that sending wrote there. What they
-- refuse is refused as before, with the statement.
CREATE OR REPLACE TRIGGER messages_move AFTER UPDATE ON messages FOR EACH ROW WHEN (
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
CREATE OR REPLACE TRIGGER messages_keep AFTER UPDATE ON messages FOR EACH ROW WHEN (
  OLD.id <> NEW.id OR OLD.price <> NEW.price OR OLD.campaign_id <> NEW.campaign_id OR OLD.contact_id <> NEW.contact_id
  OR OLD.workspace_id <> NEW.workspace_id OR (OLD.money <> 'held' AND NEW.money = 'held')
  OR (OLD.money = 'captured' AND NEW.money <> 'captured'))
  EXECUTE FUNCTION guard_message();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER messages_keep_moment AFTER UPDATE ON messages FOR EACH ROW
  WHEN (OLD.on_acceptance <> NEW.on_acceptance) EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER attempts_move AFTER UPDATE ON attempts FOR EACH ROW WHEN (
     (OLD.outcome IS DISTINCT FROM NEW.outcome AND OLD.outcome IS NOT NULL AND OLD.outcome <> 'indeterminate')
  OR (OLD.outcome = 'indeterminate' AND NEW.outcome = 'not_sent')
  OR (OLD.dispatched_at IS NOT NULL AND NEW.dispatched_at IS DISTINCT FROM OLD.dispatched_at)
  OR (OLD.dispatched_at IS NULL AND NEW.dispatched_at IS NOT NULL AND OLD.outcome IS NOT NULL)
  OR (OLD.resend_ok AND NOT NEW.resend_ok))
  EXECUTE FUNCTION refuse_attempt_change();
--> statement-breakpoint
CREATE OR REPLACE TRIGGER attempts_keep AFTER UPDATE ON attempts FOR EACH ROW WHEN (
  OLD.message_id <> NEW.message_id OR OLD.attempt_no <> NEW.attempt_no OR OLD.workspace_id <> NEW.workspace_id)
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Room for two more versions of a message, and for what is learnt of an attempt, in their own pages.
ALTER TABLE messages SET (fillfactor = 50);
--> statement-breakpoint
ALTER TABLE attempts SET (fillfactor = 40);
