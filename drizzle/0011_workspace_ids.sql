-- Hand-written. The workspaces, by name only, for what is done for each of them by itself.
CREATE FUNCTION all_workspaces() RETURNS TABLE (workspace_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT w.workspace_id FROM workspaces w ORDER BY w.created_at $$;
