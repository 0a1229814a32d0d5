-- Hand-written. The oldest webhooks are found by their order, and not by reading all of them for old ones; undone ones
-- among them stay.
CREATE OR REPLACE FUNCTION forget_old(as_of timestamptz, most int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE n int; total int := 0;
BEGIN
  DELETE FROM idempotency_keys WHERE ctid IN (
    SELECT ctid FROM idempotency_keys WHERE created_at < as_of - interval '7 days' LIMIT most);
  GET DIAGNOSTICS n = ROW_COUNT; total := total + n;
  DELETE FROM webhooks WHERE id IN (
    SELECT o.id FROM (SELECT id, done_at FROM webhooks ORDER BY id LIMIT most) o WHERE o.done_at < as_of - interval '40 days');
  GET DIAGNOSTICS n = ROW_COUNT; total := total + n;
  DELETE FROM parked_receipts WHERE id IN (
    SELECT id FROM parked_receipts WHERE parked_at < as_of - interval '40 days' LIMIT most);
  GET DIAGNOSTICS n = ROW_COUNT; total := total + n;
  DELETE FROM import_chunks c USING imports i WHERE i.id = c.import_id
    AND i.state IN ('done','failed','mapping') AND i.created_at < as_of - interval '7 days';
  GET DIAGNOSTICS n = ROW_COUNT; total := total + n;
  RETURN total;
END $$;
