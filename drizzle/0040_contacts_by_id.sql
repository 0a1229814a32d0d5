-- Hand-written. What a foreign key said of every invoice is said once a statement, as for members of lists: contacts are never
-- taken out, nor do they become others. That key was the last to need an index of contacts by id and workspace together, into
-- which every contact was written: a tenth of the time of a large import. A contact's number is unique without it.
CREATE FUNCTION invoices_need_contact() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET enable_material = off AS $$
BEGIN
  IF EXISTS (SELECT 1 FROM born b WHERE NOT EXISTS (
       SELECT 1 FROM contacts c WHERE c.id = b.contact_id AND c.workspace_id = b.workspace_id)) THEN
    RAISE EXCEPTION 'an invoice belongs to a contact' USING ERRCODE = 'foreign_key_violation';
  END IF;
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
