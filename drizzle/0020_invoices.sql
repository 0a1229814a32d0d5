-- Hand-written. What is owed: invoices, their payments, and everything that ever happened to them.

CREATE TABLE invoices (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL REFERENCES workspaces,
  number text NOT NULL CHECK (length(number) BETWEEN 1 AND 200),
  contact_id bigint NOT NULL,
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  amount bigint NOT NULL CHECK (amount > 0),           -- 1/10,000 of a unit, as are payments
  paid bigint NOT NULL DEFAULT 0 CHECK (paid >= 0),
  due_date date NOT NULL,
  state text NOT NULL CHECK (state IN ('open','partly_paid','paid','promised','disputed','cancelled')),
  promised_until date,
  pay_link text CHECK (length(pay_link) <= 2000),
  attachment text CHECK (length(attachment) <= 2000),
  tags text[] NOT NULL DEFAULT '{}',
  variables jsonb NOT NULL DEFAULT '{}',
  source text NOT NULL,                                -- import:<id>, api, console
  gone_from_sheet boolean NOT NULL DEFAULT false,      -- cancelled because a sheet no longer had it: a later one may bring it back
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL,
  paid_at timestamptz,
  CONSTRAINT paid_has_a_time CHECK ((state = 'paid') = (paid_at IS NOT NULL)),
  CONSTRAINT paid_is_whole CHECK (state <> 'paid' OR paid >= amount),
  CONSTRAINT partly_is_partly CHECK (state <> 'partly_paid' OR (paid > 0 AND paid < amount)),
  CONSTRAINT open_is_unpaid CHECK (state <> 'open' OR paid = 0),
  CONSTRAINT gone_is_cancelled CHECK (NOT gone_from_sheet OR state = 'cancelled'),
  CONSTRAINT promised_has_a_day CHECK ((state = 'promised') = (promised_until IS NOT NULL)),
  FOREIGN KEY (contact_id, workspace_id) REFERENCES contacts (id, workspace_id),
  UNIQUE (workspace_id, number), UNIQUE (id, workspace_id));
--> statement-breakpoint
SELECT wall('invoices');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('invoices', 'INSERT, UPDATE');
--> statement-breakpoint
CREATE INDEX invoices_by_age ON invoices (workspace_id, id DESC);
--> statement-breakpoint
CREATE INDEX invoices_by_contact ON invoices (contact_id);
--> statement-breakpoint
CREATE INDEX invoices_unpaid_by_due_date ON invoices (workspace_id, due_date) WHERE state NOT IN ('paid','cancelled');
--> statement-breakpoint
-- Paid stays paid, whatever comes later and in whichever order.
CREATE TRIGGER invoices_stay_paid BEFORE UPDATE ON invoices FOR EACH ROW
  WHEN (OLD.id <> NEW.id OR OLD.workspace_id <> NEW.workspace_id OR OLD.number <> NEW.number OR (OLD.state = 'paid' AND NEW.state <> 'paid')
        OR NEW.paid < OLD.paid)
  EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER invoices_stay BEFORE DELETE OR TRUNCATE ON invoices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- What came in, once for each source and its own number of it.
CREATE TABLE invoice_payments (
  id uuid PRIMARY KEY,
  workspace_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  source text NOT NULL CHECK (length(source) BETWEEN 1 AND 100),
  external_id text NOT NULL CHECK (length(external_id) BETWEEN 1 AND 300),
  paid_at timestamptz NOT NULL,
  actor text NOT NULL,
  created_at timestamptz NOT NULL,
  FOREIGN KEY (invoice_id, workspace_id) REFERENCES invoices (id, workspace_id),
  UNIQUE (workspace_id, source, external_id));
--> statement-breakpoint
SELECT wall('invoice_payments');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('invoice_payments', 'INSERT');
--> statement-breakpoint
CREATE INDEX invoice_payments_by_invoice ON invoice_payments (invoice_id);
--> statement-breakpoint
CREATE TRIGGER invoice_payments_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_payments
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TABLE invoice_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid NOT NULL,
  invoice_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('created','changed','payment','promised','promise_passed','disputed','reopened','cancelled')),
  from_state text,
  to_state text NOT NULL,
  facts jsonb NOT NULL DEFAULT '{}',
  actor text NOT NULL,
  at timestamptz NOT NULL,
  FOREIGN KEY (invoice_id, workspace_id) REFERENCES invoices (id, workspace_id));
--> statement-breakpoint
SELECT wall('invoice_events');
--> statement-breakpoint
INSERT INTO program_grants VALUES ('invoice_events', 'INSERT');
--> statement-breakpoint
CREATE INDEX invoice_events_in_order ON invoice_events (invoice_id, id);
--> statement-breakpoint
CREATE TRIGGER invoice_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON invoice_events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Why a message must not go any more, written by whoever learns it and under the row's own lock: a claim looks at the
-- same row, so that the two cannot pass each other.
ALTER TABLE messages ADD COLUMN stopped text;
--> statement-breakpoint
-- What a member of a list is told beside what its contact knows, and who goes first where the money does not suffice.
ALTER TABLE list_members ADD COLUMN variables jsonb, ADD COLUMN rank int;
--> statement-breakpoint
-- A list that the program made for a send-out of its own is not shown among people's lists.
ALTER TABLE lists ADD COLUMN made_for text;
