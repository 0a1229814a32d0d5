-- Hand-written. What every room stands on: who is asking, and the program's own notes about itself.

-- The workspace whose rows this transaction may see. A setting that is missing shows nothing.
CREATE FUNCTION current_workspace() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT nullif(current_setting('app.workspace_id', true), '')::uuid $$;
--> statement-breakpoint
-- The second wall: whatever a query forgets, the database shows only the current workspace's rows, to the owner
-- of the tables too. The owner has a policy of its own, for migrations, the audit and the few functions below
-- that look for work across workspaces.
CREATE FUNCTION wall(table_name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', table_name);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', table_name);
  EXECUTE format('CREATE POLICY workspace_wall ON %s USING (workspace_id = (SELECT current_workspace()))', table_name);
  EXECUTE format('CREATE POLICY owner_sees_all ON %s TO CURRENT_USER USING (true)', table_name);
END $$;
--> statement-breakpoint
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
-- One row: which installation this is and where its server and stand-in listen, so that workers on other
-- machines find them.
CREATE TABLE installation (
  singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
  instance_id uuid NOT NULL DEFAULT gen_random_uuid(),
  server_url text,
  simulator_url text,
  created_at timestamptz NOT NULL DEFAULT now());
--> statement-breakpoint
INSERT INTO installation DEFAULT VALUES;
