-- Hand-written. A sheet may also say which invoices were paid.
ALTER TABLE imports DROP CONSTRAINT imports_kind_check, ADD CONSTRAINT imports_kind_check CHECK (kind IN ('contacts','invoices','payments'));
