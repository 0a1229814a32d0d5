-- Hand-written. What an operator watches, over all workspaces: sums and ages, no ids and nobody's data.
CREATE FUNCTION figures(as_of timestamptz) RETURNS TABLE (name text, label text, value double precision)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
  SELECT 'messages', state, sum(n)::float8 FROM message_counts WHERE state <> 'held' GROUP BY state
  UNION ALL
  SELECT 'campaigns', state, count(*)::float8 FROM campaigns
   WHERE state IN ('pending_approval','scheduled','sending','paused','completing','waiting_for_funds') GROUP BY state
  UNION ALL
  -- Only so many are looked at: whoever asks while a million wait must not wait for them.
  SELECT 'webhooks_waiting', '', count(*)::float8 FROM (SELECT 1 FROM webhooks WHERE done_at IS NULL LIMIT 100000) w
  UNION ALL
  SELECT 'oldest_webhook_seconds', '', coalesce(extract(epoch FROM as_of - min(received_at)), 0)::float8
    FROM (SELECT received_at FROM webhooks WHERE done_at IS NULL LIMIT 100000) w
  UNION ALL
  SELECT 'send_lag_seconds', '', coalesce(extract(epoch FROM as_of - min(s.due_at)), 0)::float8
    FROM runs r JOIN slices s ON s.campaign_id = r.campaign_id AND s.done_at IS NULL AND s.due_at <= as_of
   WHERE r.state = 'running'
  UNION ALL
  SELECT 'held', currency, sum((credits - debits) / 10000.0)::float8 FROM accounts WHERE kind = 'hold' AND closed_at IS NULL GROUP BY currency
  UNION ALL
  SELECT 'owed', currency, sum((debits - credits) / 10000.0)::float8 FROM accounts WHERE kind = 'receivable' GROUP BY currency
  UNION ALL
  SELECT 'frozen_workspaces', '', count(*)::float8 FROM workspaces WHERE frozen_at IS NOT NULL
  UNION ALL
  SELECT 'stopped_senders', '', count(*)::float8 FROM senders WHERE state = 'stopped'
  UNION ALL
  SELECT 'notices_waiting', '', count(*)::float8 FROM (SELECT 1 FROM notice_deliveries WHERE state = 'waiting' LIMIT 100000) d
  UNION ALL
  SELECT 'payment_links_waiting', '', count(*)::float8 FROM payment_links WHERE state = 'wanted' $$;
