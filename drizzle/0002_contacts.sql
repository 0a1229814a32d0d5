-- Hand-written. Whom: sheets as they came, the rows that were not taken, contacts, lists, suppressions.

CREATE TABLE lists (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
  created_at timestamptz NOT NULL,
  UNIQUE (workspace_id, name), UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('lists');
--> statement-breakpoint
CREATE TABLE imports (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  created_by text NOT NULL,
  state text NOT NULL CHECK (state IN ('reading','mapping','done','failed')),
  kind text NOT NULL CHECK (kind IN ('contacts','invoices')),
  file_name text NOT NULL,
  byte_size bigint NOT NULL CHECK (byte_size >= 0),
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  options jsonb NOT NULL DEFAULT '{}',
  columns jsonb NOT NULL DEFAULT '[]',
  mapping jsonb NOT NULL DEFAULT '{}',
  sheets jsonb NOT NULL DEFAULT '[]',
  rows int NOT NULL DEFAULT 0 CHECK (rows >= 0),
  accepted int NOT NULL DEFAULT 0 CHECK (accepted >= 0),
  duplicates int NOT NULL DEFAULT 0 CHECK (duplicates >= 0),
  rejected int NOT NULL DEFAULT 0 CHECK (rejected >= 0),
  totals jsonb NOT NULL DEFAULT '{}',
  progress real,
  list_id uuid,
  same_as uuid,
  code text,
  detail text,
  lease_until timestamptz,
  created_at timestamptz NOT NULL,
  finished_at timestamptz,
  CHECK ((state IN ('done','failed')) = (finished_at IS NOT NULL)),
  CHECK (state <> 'failed' OR code IS NOT NULL),
  CHECK (state <> 'done' OR rows = accepted + duplicates + rejected),
  FOREIGN KEY (list_id, workspace_id) REFERENCES lists (id, workspace_id),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('imports');
--> statement-breakpoint
CREATE INDEX imports_by_hash ON imports (workspace_id, sha256);
--> statement-breakpoint
CREATE INDEX imports_by_age ON imports (workspace_id, created_at DESC, id);
--> statement-breakpoint
CREATE INDEX imports_unfinished ON imports (lease_until) WHERE state = 'reading';
--> statement-breakpoint
-- The file itself, so that any worker on any machine can read it; gone when the import is done.
CREATE TABLE import_chunks (
  workspace_id uuid NOT NULL,
  import_id uuid NOT NULL,
  n int NOT NULL CHECK (n >= 0),
  bytes bytea NOT NULL,
  PRIMARY KEY (import_id, n),
  FOREIGN KEY (import_id, workspace_id) REFERENCES imports (id, workspace_id));
--> statement-breakpoint
ALTER TABLE import_chunks ALTER COLUMN bytes SET STORAGE EXTERNAL;
--> statement-breakpoint
SELECT wall('import_chunks');
--> statement-breakpoint
CREATE TABLE import_problems (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  import_id uuid NOT NULL,
  "row" int NOT NULL,
  "column" text,
  code text NOT NULL,
  message text NOT NULL,
  value text,
  FOREIGN KEY (import_id, workspace_id) REFERENCES imports (id, workspace_id));
--> statement-breakpoint
SELECT wall('import_problems');
--> statement-breakpoint
CREATE INDEX import_problems_in_order ON import_problems (import_id, id);
--> statement-breakpoint
CREATE TABLE import_rejected_rows (
  workspace_id uuid NOT NULL,
  import_id uuid NOT NULL,
  "row" int NOT NULL,
  cells jsonb NOT NULL,
  PRIMARY KEY (import_id, "row"),
  FOREIGN KEY (import_id, workspace_id) REFERENCES imports (id, workspace_id));
--> statement-breakpoint
SELECT wall('import_rejected_rows');
--> statement-breakpoint
CREATE TABLE contacts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
  name text,
  email text,
  time_zone text,
  variables jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  erased_at timestamptz,
  -- Erasure leaves the row, because messages and charges refer to it, and nothing of the person.
  CHECK (erased_at IS NULL OR (phone IS NULL AND name IS NULL AND email IS NULL AND variables = '{}')),
  CHECK (erased_at IS NOT NULL OR phone IS NOT NULL),
  UNIQUE (workspace_id, phone), UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('contacts');
--> statement-breakpoint
CREATE TABLE list_members (
  workspace_id uuid NOT NULL,
  list_id uuid NOT NULL,
  contact_id bigint NOT NULL,
  PRIMARY KEY (list_id, contact_id),
  FOREIGN KEY (list_id, workspace_id) REFERENCES lists (id, workspace_id),
  FOREIGN KEY (contact_id, workspace_id) REFERENCES contacts (id, workspace_id));
--> statement-breakpoint
SELECT wall('list_members');
--> statement-breakpoint
CREATE INDEX list_members_by_contact ON list_members (contact_id);
--> statement-breakpoint
CREATE TABLE suppressions (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  phone text NOT NULL,
  scope text NOT NULL CHECK (scope IN ('all','marketing')),
  reason text NOT NULL,
  expires_at timestamptz,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (workspace_id, phone, scope));
--> statement-breakpoint
SELECT wall('suppressions');
