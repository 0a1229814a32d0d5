-- Hand-written. Which workspaces have rows that are not sealed yet: names only.
CREATE FUNCTION workspaces_to_seal(most int) RETURNS TABLE (workspace_id uuid, stream text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT * FROM (
    SELECT w.workspace_id, 'transfers' FROM workspaces w
     WHERE (SELECT t.id FROM transfers t WHERE t.workspace_id = w.workspace_id ORDER BY t.xid DESC, t.id DESC LIMIT 1)
       IS DISTINCT FROM (SELECT s.row_id FROM seals s WHERE s.workspace_id = w.workspace_id AND s.stream = 'transfers' ORDER BY s.seq DESC LIMIT 1)
    UNION ALL
    SELECT w.workspace_id, 'audit_events' FROM workspaces w
     WHERE (SELECT t.id FROM audit_events t WHERE t.workspace_id = w.workspace_id ORDER BY t.xid DESC, t.id DESC LIMIT 1)
       IS DISTINCT FROM (SELECT s.row_id FROM seals s WHERE s.workspace_id = w.workspace_id AND s.stream = 'audit_events' ORDER BY s.seq DESC LIMIT 1)
  ) x LIMIT most $$;
