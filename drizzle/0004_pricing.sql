-- Hand-written. How much: dated prices and the market of a number. Rows without a workspace belong to the installation.

CREATE TABLE rate_rows (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  workspace_id uuid REFERENCES workspaces,
  model text NOT NULL CHECK (model IN ('per_message','conversation_24h','per_segment','per_minute')),
  currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
  market text NOT NULL,
  category text NOT NULL,
  effective_from date NOT NULL,
  price bigint NOT NULL CHECK (price >= 0),            -- 1/10,000 of a unit
  charge_on text NOT NULL DEFAULT 'delivered' CHECK (charge_on IN ('delivered','accepted')),
  source text NOT NULL);
--> statement-breakpoint
CREATE UNIQUE INDEX one_price_a_day ON rate_rows (
  coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'), model, currency, market, category, effective_from);
--> statement-breakpoint
ALTER TABLE rate_rows ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE rate_rows FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY read_own_and_common ON rate_rows FOR SELECT
  USING (workspace_id IS NULL OR workspace_id = (SELECT current_workspace()));
--> statement-breakpoint
CREATE POLICY write_own ON rate_rows FOR ALL USING (workspace_id = (SELECT current_workspace()));
--> statement-breakpoint
CREATE POLICY owner_sees_all ON rate_rows TO CURRENT_USER USING (true);
--> statement-breakpoint
CREATE TABLE market_rows (
  calling_code_prefix text NOT NULL CHECK (calling_code_prefix ~ '^[0-9]{1,4}$'),
  country text NOT NULL,
  market text NOT NULL,
  effective_from date NOT NULL DEFAULT '-infinity',
  effective_until date NOT NULL DEFAULT 'infinity',
  PRIMARY KEY (calling_code_prefix, country, effective_from),
  CHECK (effective_from < effective_until));
