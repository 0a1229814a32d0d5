-- Hand-written. What the program's own role may do with each table that came later is a row here, written beside the table.
CREATE TABLE program_grants (
  table_name text PRIMARY KEY,
  privileges text NOT NULL CHECK (privileges ~ '^(INSERT|UPDATE|DELETE)(, (INSERT|UPDATE|DELETE))*$'));
--> statement-breakpoint
ALTER FUNCTION grant_program(text) RENAME TO grant_program_until_0013;
--> statement-breakpoint
CREATE FUNCTION grant_program(role_name text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE row program_grants;
BEGIN
  PERFORM grant_program_until_0013(role_name);
  FOR row IN SELECT * FROM program_grants ORDER BY table_name LOOP
    EXECUTE format('GRANT %s ON %I TO %I', row.privileges, row.table_name, role_name);
  END LOOP;
END $$;
