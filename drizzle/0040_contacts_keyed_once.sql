-- Hand-written. A contact's number alone and with its workspace were two unique indexes of the same rows in the same order:
-- the second, to which invoices refer, finds a contact by its number too, and a sheet of a million rows is written sooner
-- without the first. Numbers are the database's own (GENERATED ALWAYS), so one is never two workspaces'.
ALTER TABLE contacts DROP CONSTRAINT contacts_pkey;
