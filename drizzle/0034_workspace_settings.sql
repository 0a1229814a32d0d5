-- Hand-written. What a workspace may change of itself: its name, its zone, and the language it is spoken to in. Its
-- currency stays for good, because all its money is in it. No language is each visitor's own.
ALTER TABLE workspaces ADD COLUMN language text CHECK (language IN ('en','id','es'));
--> statement-breakpoint
-- Grants on single columns have no place in program_grants.
ALTER FUNCTION grant_program(text) RENAME TO grant_program_until_0033;
--> statement-breakpoint
CREATE FUNCTION grant_program(role_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM grant_program_until_0033(role_name);
  EXECUTE format('GRANT UPDATE (name, time_zone, language) ON workspaces TO %I', role_name);
END $$;
