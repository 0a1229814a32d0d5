-- Hand-written. What a foreign key said of every invoice is said once a statement, as for members of lists: contacts are never
-- taken out, nor do they become others. That key was the last to need an index of contacts by id and workspace together, into
-- which every contact was written: a tenth of the time of a large import. A contact's number is unique without it.
-- The functions see all workspaces and compare them, so that a contact is looked for by its number and by nothing else: a plan
-- that is made while the tables are almost empty is kept, and would otherwise go through all contacts of the workspace.
CREATE FUNCTION invoices_need_contact() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE b.workspace_id IS DISTINCT FROM (SELECT c.workspace_id FROM contacts c WHERE c.id = b.contact_id)) THEN
    RAISE EXCEPTION 'an invoice belongs to a contact' USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION members_need_both() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp SET enable_seqscan = off AS $$
DECLARE
  of_list record;
BEGIN
  FOR of_list IN SELECT list_id, workspace_id, count(*) AS n, min(contact_id) AS first, max(contact_id) AS last
                   FROM born GROUP BY list_id, workspace_id LOOP
    IF NOT EXISTS (SELECT 1 FROM lists l WHERE l.id = of_list.list_id AND l.workspace_id = of_list.workspace_id) THEN
      RAISE EXCEPTION 'a member belongs to a list' USING ERRCODE = 'foreign_key_violation';
    END IF;
    CONTINUE WHEN of_list.n = of_list.last - of_list.first + 1 AND of_list.n = (
      SELECT count(*) FILTER (WHERE c.workspace_id = of_list.workspace_id) FROM contacts c
       WHERE c.id BETWEEN of_list.first AND of_list.last);
    IF EXISTS (SELECT 1 FROM born b WHERE b.list_id = of_list.list_id AND b.workspace_id IS DISTINCT FROM (
         SELECT c.workspace_id FROM contacts c WHERE c.id = b.contact_id)) THEN
      RAISE EXCEPTION 'a member is a contact' USING ERRCODE = 'foreign_key_violation';
    END IF;
  END LOOP;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER invoices_have_contact AFTER INSERT ON invoices
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION invoices_need_contact();
--> statement-breakpoint
CREATE TRIGGER invoices_keep_contact AFTER UPDATE ON invoices
  REFERENCING NEW TABLE AS born FOR EACH STATEMENT EXECUTE FUNCTION invoices_need_contact();
--> statement-breakpoint
ALTER TABLE invoices DROP CONSTRAINT invoices_contact_id_workspace_id_fkey;
--> statement-breakpoint
ALTER TABLE contacts DROP CONSTRAINT contacts_id_workspace_id_key;
