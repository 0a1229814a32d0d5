-- Hand-written. Files that stand above a message, and under which id a sender's platform knows them.
CREATE TABLE media (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  type text NOT NULL CHECK (type IN ('image','video','document')),
  mime text NOT NULL CHECK (length(mime) BETWEEN 3 AND 100),
  file_name text NOT NULL CHECK (length(file_name) BETWEEN 1 AND 240),
  size_bytes int NOT NULL CHECK (size_bytes BETWEEN 1 AND 16777216),
  sha256 bytea NOT NULL CHECK (length(sha256) = 32),
  content bytea NOT NULL,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL,
  CHECK (length(content) = size_bytes),
  -- The same file is kept once.
  UNIQUE (workspace_id, sha256),
  UNIQUE (id, workspace_id));
--> statement-breakpoint
-- Pictures and films are packed already.
ALTER TABLE media ALTER COLUMN content SET STORAGE EXTERNAL;
--> statement-breakpoint
SELECT wall('media');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('media', 'INSERT');
--> statement-breakpoint
-- A template names a file for good: it stays, and stays what it is.
CREATE TRIGGER media_keep BEFORE UPDATE OR DELETE ON media FOR EACH ROW EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TABLE media_uploads (
  sender_id uuid NOT NULL,
  media_id uuid NOT NULL,
  workspace_id uuid NOT NULL,
  platform_id text NOT NULL CHECK (length(platform_id) BETWEEN 1 AND 200),
  -- The address that it was uploaded to: a sender that speaks to another one knows nothing of it.
  address text NOT NULL CHECK (length(address) BETWEEN 1 AND 2000),
  uploaded_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL CHECK (expires_at > uploaded_at),
  PRIMARY KEY (sender_id, media_id),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id),
  FOREIGN KEY (media_id, workspace_id) REFERENCES media (id, workspace_id));
--> statement-breakpoint
SELECT wall('media_uploads');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('media_uploads', 'INSERT, UPDATE');
