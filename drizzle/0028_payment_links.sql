-- Hand-written. One gateway of a workspace may make the links by which its invoices are paid.
ALTER TABLE payment_gateways ADD COLUMN makes_links boolean NOT NULL DEFAULT false;
--> statement-breakpoint
CREATE UNIQUE INDEX one_gateway_makes_links ON payment_gateways (workspace_id) WHERE makes_links AND removed_at IS NULL;
--> statement-breakpoint
-- Since when an invoice waits for its link: a reminder that would tell it waits as long, and goes without where none comes.
ALTER TABLE invoices ADD COLUMN link_wanted_at timestamptz;
--> statement-breakpoint
CREATE INDEX payment_links_by_invoice ON payment_links (invoice_id, created_at DESC);
--> statement-breakpoint
-- A link that was made stays what it is: its amount, its address and what it is for.
CREATE TRIGGER payment_links_keep BEFORE UPDATE ON payment_links FOR EACH ROW WHEN (
  OLD.state = 'made' OR (OLD.id, OLD.workspace_id, OLD.invoice_id, OLD.gateway_id, OLD.reference, OLD.amount, OLD.currency)
    IS DISTINCT FROM (NEW.id, NEW.workspace_id, NEW.invoice_id, NEW.gateway_id, NEW.reference, NEW.amount, NEW.currency))
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Whose invoices may want a link.
CREATE FUNCTION workspaces_with_links() RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT g.workspace_id FROM payment_gateways g WHERE g.makes_links AND g.removed_at IS NULL $$;
