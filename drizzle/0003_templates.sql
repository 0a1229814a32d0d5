-- Hand-written. What: words with variables. A template that was sent is never changed; a new wording is a new version.

CREATE TABLE templates (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 512),
  platform_name text NOT NULL CHECK (platform_name ~ '^[a-z0-9_]+$' AND length(platform_name) <= 512),
  language text NOT NULL,
  category text NOT NULL CHECK (category IN ('marketing','utility','authentication')),
  header jsonb,
  body text NOT NULL,
  footer text,
  buttons jsonb NOT NULL DEFAULT '[]',
  samples jsonb NOT NULL DEFAULT '{}',
  warnings jsonb NOT NULL DEFAULT '[]',
  state text NOT NULL DEFAULT 'approved' CHECK (state IN ('pending','approved','paused','rejected','disabled')),
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('templates');
--> statement-breakpoint
CREATE INDEX templates_by_age ON templates (workspace_id, created_at DESC, id);
