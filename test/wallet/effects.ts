/** A statement that goes through, and what the database must do by itself when it does. Names as in `Illegal`. */
export type Effect = { what: string; sql: string; holds: string }

const counted = `NOT EXISTS (
  SELECT 1 FROM message_counts c WHERE c.campaign_id = :sending AND c.n <> (
    SELECT count(*) FROM messages m WHERE m.campaign_id = :sending
       AND CASE c.state WHEN 'held' THEN m.money = 'held' ELSE m.state = c.state END))
  AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.campaign_id = :sending
     AND NOT EXISTS (SELECT 1 FROM message_counts c WHERE c.campaign_id = :sending AND c.state = m.state))`

export const EFFECTS: readonly Effect[] = [
  {
    what: 'a message that moves is counted where it stands',
    sql: `UPDATE messages SET state = 'expired', money = 'released' WHERE campaign_id = :sending AND state = 'sent'`,
    holds: counted,
  },
  {
    what: 'a new message is counted',
    sql: `INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price) VALUES (:here, :sending, 999999, 1, 1)`,
    holds: counted,
  },
  {
    what: 'a transfer moves both balances',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor)
      SELECT gen_random_uuid(), :here, 'IDR', f.id, w.id, 5, 'top_up', 'five', 'test' FROM accounts f, accounts w
       WHERE f.kind = 'funding' AND w.kind = 'wallet' AND f.workspace_id = :here AND w.workspace_id = :here`,
    holds: `NOT EXISTS (SELECT 1 FROM accounts a WHERE a.workspace_id = :here AND a.credits <> (
      SELECT coalesce(sum(amount), 0) FROM transfers t WHERE t.credit_id = a.id))`,
  },
]
