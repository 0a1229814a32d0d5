-- Hand-written. That a worker leaves a sender's provider alone for a while, because it gives no clear answer: kept by each
-- worker for itself, taken out when the provider is there again, and of no meaning once its time is over, so that a worker
-- that was killed leaves nothing untrue.
CREATE TABLE sender_rests (
  sender_id uuid NOT NULL,
  worker text NOT NULL CHECK (length(worker) BETWEEN 1 AND 500),
  workspace_id uuid NOT NULL,
  next_try_at timestamptz NOT NULL,
  known_until timestamptz NOT NULL CHECK (known_until >= next_try_at),
  PRIMARY KEY (sender_id, worker),
  FOREIGN KEY (sender_id, workspace_id) REFERENCES senders (id, workspace_id));
--> statement-breakpoint
SELECT wall('sender_rests');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('sender_rests', 'INSERT, UPDATE, DELETE');
