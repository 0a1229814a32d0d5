-- Hand-written. When people may be written to, as a workspace has it: its own rules and calendars go before the shipped ones.

CREATE TABLE decency_rules (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  country text NOT NULL CHECK (country ~ '^([A-Z]{2}|[*])$'),
  purpose text NOT NULL CHECK (purpose IN ('collection','reminder','marketing')),
  hours jsonb NOT NULL,
  keeps_holidays boolean NOT NULL,
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
  as_of date NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, country, purpose));
--> statement-breakpoint
SELECT wall('decency_rules');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('decency_rules', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
-- The days off of one country in one year, whole: a year that has no row and is not shipped is not known.
CREATE TABLE holiday_calendars (
  workspace_id uuid NOT NULL REFERENCES workspaces,
  country char(2) NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  year int NOT NULL CHECK (year BETWEEN 2000 AND 2200),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 500),
  days jsonb NOT NULL,
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (workspace_id, country, year));
--> statement-breakpoint
SELECT wall('holiday_calendars');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('holiday_calendars', 'INSERT, UPDATE, DELETE');
--> statement-breakpoint
CREATE TABLE decency_settings (
  workspace_id uuid PRIMARY KEY REFERENCES workspaces,
  -- By which rules every campaign goes that does not say itself; none: by its own schedule alone.
  campaigns_purpose text CHECK (campaigns_purpose IN ('collection','reminder','marketing')),
  -- At most so many messages to one person in so many days, over all campaigns.
  cap_messages int CHECK (cap_messages > 0),
  cap_days int CHECK (cap_days BETWEEN 1 AND 366),
  updated_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  CHECK ((cap_messages IS NULL) = (cap_days IS NULL)));
--> statement-breakpoint
SELECT wall('decency_settings');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('decency_settings', 'INSERT, UPDATE');
