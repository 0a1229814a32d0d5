-- Hand-written. The request that a campaign was submitted by, and its place in a trace, where traces are kept: what is
-- done for it days later is logged under the same id, and its traces link to that one.
ALTER TABLE campaigns
  ADD COLUMN submitted_request text CHECK (length(submitted_request) <= 200),
  ADD COLUMN submitted_trace text CHECK (submitted_trace ~ '^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$');
--> statement-breakpoint
-- For workers, who know a campaign by its id and act in many workspaces.
CREATE FUNCTION origins_of_campaigns(wanted uuid[]) RETURNS TABLE (campaign_id uuid, request_id text, traceparent text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT id, submitted_request, submitted_trace FROM campaigns WHERE id = ANY (wanted) AND submitted_request IS NOT NULL $$;
