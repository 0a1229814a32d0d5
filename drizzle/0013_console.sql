-- Hand-written. People at the console: sessions and links of one use, each bound to a key and no stronger than it.

-- Only the hash of a session's token is kept. A session ends with its key.
CREATE TABLE console_sessions (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  workspace_id uuid NOT NULL,
  key_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  last_seen_at timestamptz NOT NULL,
  revoked_at timestamptz,
  FOREIGN KEY (key_id, workspace_id) REFERENCES api_keys (id, workspace_id));
--> statement-breakpoint
CREATE INDEX console_sessions_by_age ON console_sessions (workspace_id, expires_at);
--> statement-breakpoint
SELECT wall('console_sessions');
--> statement-breakpoint
CREATE TABLE console_links (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  workspace_id uuid NOT NULL,
  key_id uuid NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  FOREIGN KEY (key_id, workspace_id) REFERENCES api_keys (id, workspace_id));
--> statement-breakpoint
SELECT wall('console_links');
--> statement-breakpoint
-- Who is at the door must be known before the workspace is: these two are the only way past the wall for a token.
CREATE FUNCTION find_console_session(wanted bytea, as_of timestamptz, idle interval)
RETURNS TABLE (workspace_id uuid, key_id uuid, key_name text, role text, last_seen_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT s.workspace_id, s.key_id, k.name, k.role, s.last_seen_at
     FROM console_sessions s JOIN api_keys k ON k.id = s.key_id
    WHERE s.token_hash = wanted AND s.revoked_at IS NULL AND s.expires_at > as_of
      AND s.last_seen_at > as_of - idle AND k.revoked_at IS NULL $$;
--> statement-breakpoint
CREATE FUNCTION use_console_link(wanted bytea, as_of timestamptz)
RETURNS TABLE (workspace_id uuid, key_id uuid, role text)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ UPDATE console_links l SET used_at = as_of FROM api_keys k
    WHERE l.token_hash = wanted AND l.used_at IS NULL AND l.expires_at > as_of
      AND k.id = l.key_id AND k.revoked_at IS NULL
   RETURNING l.workspace_id, l.key_id, k.role $$;
--> statement-breakpoint
-- What grant_program gave before stays as it is; sessions are written, seen, ended and, once over, swept out.
ALTER FUNCTION grant_program(text) RENAME TO grant_program_until_0012;
--> statement-breakpoint
CREATE FUNCTION grant_program(role_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM grant_program_until_0012(role_name);
  EXECUTE format('GRANT INSERT, UPDATE, DELETE ON console_sessions TO %I', role_name);
  EXECUTE format('GRANT INSERT, DELETE ON console_links TO %I', role_name);
END $$;
