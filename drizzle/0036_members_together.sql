-- Hand-written. What two foreign keys said of every member of a list is said once a statement: for an import of a million
-- rows they took longer than writing the members. What makes the one as good as the other is said below: lists and contacts
-- are never taken out, since erasure leaves a contact's row, and neither they nor members become others.
ALTER TABLE list_members
  DROP CONSTRAINT list_members_list_id_workspace_id_fkey,
  DROP CONSTRAINT list_members_contact_id_workspace_id_fkey;
--> statement-breakpoint
-- By keys, as for attempts: a plan that was made while the tables were almost empty is kept.
CREATE FUNCTION members_need_both() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM (SELECT DISTINCT list_id, workspace_id FROM born) b WHERE NOT EXISTS (
       SELECT 1 FROM lists l WHERE l.id = b.list_id AND l.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a member belongs to a list' USING ERRCODE = 'foreign_key_violation';
  END IF;
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (
       SELECT 1 FROM contacts c WHERE c.id = b.contact_id AND c.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'a member is a contact' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER list_members_have_both AFTER INSERT ON list_members
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION members_need_both();
--> statement-breakpoint
CREATE TRIGGER list_members_keep BEFORE UPDATE ON list_members FOR EACH ROW WHEN (
  OLD.workspace_id <> NEW.workspace_id OR OLD.list_id <> NEW.list_id OR OLD.contact_id <> NEW.contact_id)
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER lists_keep BEFORE UPDATE ON lists FOR EACH ROW WHEN (
  OLD.id <> NEW.id OR OLD.workspace_id <> NEW.workspace_id) EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER contacts_keep BEFORE UPDATE ON contacts FOR EACH ROW WHEN (
  OLD.id <> NEW.id OR OLD.workspace_id <> NEW.workspace_id) EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER lists_stay BEFORE DELETE OR TRUNCATE ON lists FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER contacts_stay BEFORE DELETE OR TRUNCATE ON contacts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
