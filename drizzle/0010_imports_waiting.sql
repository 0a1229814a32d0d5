-- Hand-written. Which imports wait for a worker: names only.
CREATE FUNCTION imports_to_read(as_of timestamptz, most int) RETURNS TABLE (workspace_id uuid, import_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT i.workspace_id, i.id FROM imports i
   WHERE i.state = 'reading' AND (i.lease_until IS NULL OR i.lease_until < as_of)
   ORDER BY i.created_at LIMIT most $$;
