-- Hand-written. That the balance will not carry what is coming is told once on each of the account's own days.
CREATE TABLE forewarnings (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  told_on date NOT NULL,
  day date NOT NULL,                                   -- the first that lacks
  lacking bigint NOT NULL CHECK (lacking > 0),         -- 1/10,000 of a unit
  PRIMARY KEY (workspace_id, told_on),
  CHECK (day >= told_on));
--> statement-breakpoint
SELECT wall('forewarnings');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('forewarnings', 'INSERT');
