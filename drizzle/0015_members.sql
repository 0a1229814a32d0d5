-- Hand-written. People: who they are beyond any workspace, and as whom they act in each.

-- A person has one password for all workspaces, so these rows stand behind no workspace's wall. They stand in a schema
-- that the program's own role cannot enter: what it needs of them, the functions below give one person at a time.
CREATE SCHEMA people;
--> statement-breakpoint
CREATE TABLE people.persons (
  id uuid PRIMARY KEY,
  email text NOT NULL UNIQUE CHECK (email = lower(email) AND length(email) BETWEEN 3 AND 254),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
  -- Sealed with the installation's key. A secret that was not yet proved by a code waits in totp_pending.
  totp_secret bytea,
  totp_pending bytea,
  -- The thirty seconds whose code was taken last: no code is taken twice.
  totp_step bigint NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL);
--> statement-breakpoint
CREATE TABLE people.recovery_codes (
  person_id uuid NOT NULL REFERENCES people.persons,
  code_hash bytea NOT NULL CHECK (length(code_hash) = 32),
  used_at timestamptz,
  PRIMARY KEY (person_id, code_hash));
--> statement-breakpoint
-- Secrets of one use for one person: a link to set a new password, a sign-in that waits for its code.
CREATE TABLE people.tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  person_id uuid NOT NULL REFERENCES people.persons,
  purpose text NOT NULL CHECK (purpose IN ('reset','sign_in')),
  expires_at timestamptz NOT NULL,
  used_at timestamptz);
--> statement-breakpoint
-- How often somebody has failed, by account and by address; only hashes of both.
CREATE TABLE people.attempts (
  subject_hash bytea PRIMARY KEY CHECK (length(subject_hash) = 32),
  failures int NOT NULL,
  last_at timestamptz NOT NULL);
--> statement-breakpoint
CREATE TABLE members (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  person_id uuid NOT NULL REFERENCES people.persons,
  email text NOT NULL,
  name text NOT NULL,
  role text NOT NULL CHECK (role IN ('owner','admin','approver','marketer','viewer')),
  created_at timestamptz NOT NULL,
  removed_at timestamptz,
  UNIQUE (workspace_id, person_id),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('members');
--> statement-breakpoint
CREATE INDEX members_by_person ON members (person_id) WHERE removed_at IS NULL;
--> statement-breakpoint
CREATE TABLE invitations (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  email text NOT NULL CHECK (email = lower(email)),
  role text NOT NULL CHECK (role IN ('owner','admin','approver','marketer','viewer')),
  token_hash bytea NOT NULL UNIQUE CHECK (length(token_hash) = 32),
  invited_by text NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  accepted_at timestamptz,
  withdrawn_at timestamptz,
  CHECK (accepted_at IS NULL OR withdrawn_at IS NULL));
--> statement-breakpoint
-- An address is invited once at a time: a new invitation takes the place of the one before.
CREATE UNIQUE INDEX invitations_open ON invitations (workspace_id, email) WHERE accepted_at IS NULL AND withdrawn_at IS NULL;
--> statement-breakpoint
SELECT wall('invitations');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('members', 'INSERT, UPDATE'), ('invitations', 'INSERT, UPDATE');
--> statement-breakpoint
-- A key that a member made is that member's: it ends with them, is never stronger than they are, and counts as them
-- where two persons are needed.
ALTER TABLE api_keys ADD COLUMN member_id uuid;
--> statement-breakpoint
ALTER TABLE api_keys ADD FOREIGN KEY (member_id, workspace_id) REFERENCES members (id, workspace_id);
--> statement-breakpoint
CREATE FUNCTION weaker_role(one text, other text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT CASE WHEN other IS NULL THEN one ELSE (ARRAY['owner','admin','approver','marketer','viewer'])[greatest(
     array_position(ARRAY['owner','admin','approver','marketer','viewer'], one),
     array_position(ARRAY['owner','admin','approver','marketer','viewer'], other))] END $$;
--> statement-breakpoint
DROP FUNCTION find_api_key(text);
--> statement-breakpoint
CREATE FUNCTION find_api_key(wanted_prefix text)
RETURNS TABLE (id uuid, workspace_id uuid, role text, secret_hash bytea, member_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT k.id, k.workspace_id, weaker_role(k.role, m.role), k.secret_hash, k.member_id
     FROM api_keys k LEFT JOIN members m ON m.id = k.member_id
    WHERE k.prefix = wanted_prefix AND k.revoked_at IS NULL AND m.removed_at IS NULL $$;
--> statement-breakpoint
-- A session is a member's, or stands on a key as before. It has a name of its own, so that it can be shown and ended.
ALTER TABLE console_sessions ALTER COLUMN key_id DROP NOT NULL;
--> statement-breakpoint
ALTER TABLE console_sessions
  ADD COLUMN id uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  ADD COLUMN member_id uuid,
  -- When the member last proved who they are: acts that matter ask for it again.
  ADD COLUMN confirmed_at timestamptz,
  ADD COLUMN device text NOT NULL DEFAULT '' CHECK (length(device) <= 300),
  ADD FOREIGN KEY (member_id, workspace_id) REFERENCES members (id, workspace_id),
  ADD CHECK (num_nonnulls(key_id, member_id) = 1),
  ADD CHECK (member_id IS NULL OR confirmed_at IS NOT NULL);
--> statement-breakpoint
CREATE INDEX console_sessions_by_member ON console_sessions (member_id) WHERE revoked_at IS NULL;
--> statement-breakpoint
DROP FUNCTION find_console_session(bytea, timestamptz, interval);
--> statement-breakpoint
CREATE FUNCTION find_console_session(wanted bytea, as_of timestamptz, idle interval)
RETURNS TABLE (id uuid, workspace_id uuid, key_id uuid, member_id uuid, person_id uuid, name text, role text,
               last_seen_at timestamptz, confirmed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT s.id, s.workspace_id, s.key_id, m.id, m.person_id, coalesce(k.name, m.name),
          weaker_role(coalesce(k.role, m.role), m.role), s.last_seen_at, s.confirmed_at
     FROM console_sessions s
     LEFT JOIN api_keys k ON k.id = s.key_id
     LEFT JOIN members m ON m.id = coalesce(s.member_id, k.member_id)
    WHERE s.token_hash = wanted AND s.revoked_at IS NULL AND s.expires_at > as_of
      AND s.last_seen_at > as_of - idle AND k.revoked_at IS NULL AND m.removed_at IS NULL $$;
--> statement-breakpoint
-- Who is at the door, by the address they give. Whether the password is theirs is for the program to say.
CREATE FUNCTION find_person(wanted_email text)
RETURNS TABLE (id uuid, email text, name text, password_hash text, totp_secret bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT p.id, p.email, p.name, p.password_hash, p.totp_secret FROM people.persons p WHERE p.email = wanted_email $$;
--> statement-breakpoint
CREATE FUNCTION read_person(wanted uuid)
RETURNS TABLE (id uuid, email text, name text, password_hash text, totp_secret bytea, totp_pending bytea, codes_left int)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT p.id, p.email, p.name, p.password_hash, p.totp_secret, p.totp_pending,
          (SELECT count(*)::int FROM people.recovery_codes c WHERE c.person_id = p.id AND c.used_at IS NULL)
     FROM people.persons p WHERE p.id = wanted $$;
--> statement-breakpoint
CREATE FUNCTION person_workspaces(wanted uuid)
RETURNS TABLE (workspace_id uuid, workspace_name text, member_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT m.workspace_id, w.name, m.id, m.role FROM members m JOIN workspaces w ON w.workspace_id = m.workspace_id
    WHERE m.person_id = wanted AND m.removed_at IS NULL ORDER BY w.name, m.id $$;
--> statement-breakpoint
-- False where the address is somebody's already.
CREATE FUNCTION add_person(new_id uuid, new_email text, new_name text, new_hash text, as_of timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  INSERT INTO people.persons (id, email, name, password_hash, created_at)
  VALUES (new_id, new_email, new_name, new_hash, as_of) ON CONFLICT (email) DO NOTHING;
  RETURN FOUND;
END $$;
--> statement-breakpoint
-- A new password ends every other session of the person, and whatever links and half sign-ins were under way.
CREATE FUNCTION set_password(wanted uuid, new_hash text, but_session uuid, as_of timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people.persons SET password_hash = new_hash WHERE id = wanted;
  UPDATE people.tokens SET used_at = as_of WHERE person_id = wanted AND used_at IS NULL;
  UPDATE console_sessions s SET revoked_at = as_of FROM members m
   WHERE m.id = s.member_id AND m.person_id = wanted AND s.revoked_at IS NULL AND s.id IS DISTINCT FROM but_session;
$$;
--> statement-breakpoint
CREATE FUNCTION propose_totp(wanted uuid, sealed bytea) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ UPDATE people.persons SET totp_pending = sealed WHERE id = wanted $$;
--> statement-breakpoint
-- The second factor is on from the first code that proves it, with new recovery codes; without codes it is off.
CREATE FUNCTION set_totp(wanted uuid, sealed bytea, codes bytea[], step bigint) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people.persons SET totp_secret = sealed, totp_pending = NULL, totp_step = greatest(totp_step, step) WHERE id = wanted;
  DELETE FROM people.recovery_codes WHERE person_id = wanted;
  INSERT INTO people.recovery_codes (person_id, code_hash) SELECT wanted, unnest(codes);
$$;
--> statement-breakpoint
CREATE FUNCTION use_totp_step(wanted uuid, step bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE people.persons SET totp_step = step WHERE id = wanted AND totp_step < step;
  RETURN FOUND;
END $$;
--> statement-breakpoint
CREATE FUNCTION use_recovery_code(wanted uuid, code bytea, as_of timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE people.recovery_codes SET used_at = as_of WHERE person_id = wanted AND code_hash = code AND used_at IS NULL;
  RETURN FOUND;
END $$;
--> statement-breakpoint
CREATE FUNCTION keep_person_token(wanted uuid, hash bytea, why text, until timestamptz, as_of timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  DELETE FROM people.tokens WHERE expires_at < as_of - interval '7 days';
  INSERT INTO people.tokens (token_hash, person_id, purpose, expires_at) VALUES (hash, wanted, why, until);
$$;
--> statement-breakpoint
CREATE FUNCTION find_person_token(hash bytea, why text, as_of timestamptz) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT t.person_id FROM people.tokens t
    WHERE t.token_hash = hash AND t.purpose = why AND t.used_at IS NULL AND t.expires_at > as_of $$;
--> statement-breakpoint
CREATE FUNCTION use_person_token(hash bytea, why text, as_of timestamptz) RETURNS uuid
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ UPDATE people.tokens SET used_at = as_of
    WHERE token_hash = hash AND purpose = why AND used_at IS NULL AND expires_at > as_of RETURNING person_id $$;
--> statement-breakpoint
-- Counts an attempt before it is made, so that many at once are no way around. Some failures are free; after them one
-- waits, twice as long each time up to the longest. Gives back the seconds to wait, or 0 where the attempt may be made.
CREATE FUNCTION begin_attempt(subject bytea, free int, longest_seconds int, as_of timestamptz) RETURNS int
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE known people.attempts; wait_seconds int := 0;
BEGIN
  INSERT INTO people.attempts VALUES (subject, 0, as_of) ON CONFLICT DO NOTHING;
  SELECT * INTO known FROM people.attempts WHERE subject_hash = subject FOR UPDATE;
  IF known.last_at < as_of - interval '15 minutes' - make_interval(secs => longest_seconds) THEN known.failures := 0; END IF;
  IF known.failures >= free THEN
    wait_seconds := ceil(extract(epoch FROM known.last_at - as_of) + least(longest_seconds, 2 ^ least(known.failures - free, 20)));
  END IF;
  IF wait_seconds > 0 THEN RETURN wait_seconds; END IF;
  UPDATE people.attempts SET failures = known.failures + 1, last_at = as_of WHERE subject_hash = subject;
  RETURN 0;
END $$;
--> statement-breakpoint
-- A good end was no failure; with `forgiven`, what came before it is forgotten too.
CREATE FUNCTION end_attempt(subject bytea, forgiven boolean) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  UPDATE people.attempts SET failures = CASE WHEN forgiven THEN 0 ELSE greatest(failures - 1, 0) END WHERE subject_hash = subject;
$$;
--> statement-breakpoint
CREATE FUNCTION forget_attempts(as_of timestamptz) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ DELETE FROM people.attempts WHERE last_at < as_of - interval '1 day' $$;
--> statement-breakpoint
CREATE FUNCTION find_invitation(hash bytea, as_of timestamptz)
RETURNS TABLE (id uuid, workspace_id uuid, workspace_name text, email text, role text, known boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT i.id, i.workspace_id, w.name, i.email, i.role, EXISTS (SELECT 1 FROM people.persons p WHERE p.email = i.email)
     FROM invitations i JOIN workspaces w ON w.workspace_id = i.workspace_id
    WHERE i.token_hash = hash AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > as_of $$;
--> statement-breakpoint
CREATE FUNCTION any_workspace() RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS
$$ SELECT EXISTS (SELECT 1 FROM workspaces) $$;
--> statement-breakpoint
-- Makes the row of the first workspace, and of no second one: whoever comes at the same time waits here and finds it.
CREATE FUNCTION open_first_workspace(new_id uuid, new_name text, new_currency text, new_zone text, new_country text,
                                     as_of timestamptz) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  LOCK TABLE workspaces IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT 1 FROM workspaces) THEN RETURN false; END IF;
  INSERT INTO workspaces (workspace_id, name, currency, time_zone, default_country, created_at)
  VALUES (new_id, new_name, new_currency, new_zone, new_country, as_of);
  RETURN true;
END $$;
