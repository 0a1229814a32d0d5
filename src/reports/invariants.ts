import type postgres from 'postgres'
import type { Sql } from '../platform/db.ts'

/**
 * What must hold of one workspace's books. The query is the inside of a WITH that defines `figures` (one row) and
 * `faults` (a text `fault` for each difference). Members named in `amounts` are in 1/10,000 of a unit and given as text.
 */
export type Invariant = {
  name: string
  says: string
  amounts: readonly string[]
  query(sql: Sql, workspaceId: string): postgres.PendingQuery<postgres.Row[]>
}

export const INVARIANTS: readonly Invariant[] = [
  {
    name: 'balances_follow_from_transfers',
    says: 'every account’s debits and credits are the sums of its transfers',
    amounts: ['debits', 'credits'],
    query: (sql, workspaceId) => sql`
      legs AS (SELECT id, sum(d) d, sum(c) c FROM (
        SELECT debit_id id, amount d, 0::bigint c FROM transfers WHERE workspace_id = ${workspaceId}
        UNION ALL SELECT credit_id, 0, amount FROM transfers WHERE workspace_id = ${workspaceId}) x GROUP BY id),
      books AS (SELECT a.id, a.kind, a.debits, a.credits, coalesce(l.d, 0) d, coalesce(l.c, 0) c
        FROM accounts a LEFT JOIN legs l ON l.id = a.id WHERE a.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS accounts, coalesce(sum(debits), 0)::text AS debits, coalesce(sum(credits), 0)::text AS credits FROM books),
      faults AS (SELECT format('account %s (%s): debits %s and credits %s, by its transfers %s and %s (in 1/10,000)', id, kind, debits, credits, d, c) AS fault
        FROM books WHERE debits <> d OR credits <> c)`,
  },
  {
    name: 'debits_equal_credits',
    says: 'over all accounts debits and credits are equal, and no wallet, hold or spent account is below zero',
    amounts: ['debits', 'credits'],
    query: (sql, workspaceId) => sql`
      sums AS (SELECT coalesce(sum(debits), 0) d, coalesce(sum(credits), 0) c FROM accounts WHERE workspace_id = ${workspaceId}),
      figures AS (SELECT d::text AS debits, c::text AS credits FROM sums),
      faults AS (SELECT format('debits %s, credits %s', d, c) AS fault FROM sums WHERE d <> c
        UNION ALL SELECT format('account %s (%s) is below zero by %s', id, kind, debits - credits) FROM accounts
         WHERE workspace_id = ${workspaceId} AND kind IN ('wallet','hold','spent') AND debits > credits)`,
  },
  {
    name: 'reservations_equal_prices',
    says: 'what was reserved for a campaign is the sum of its messages’ prices',
    amounts: ['reserved', 'prices'],
    query: (sql, workspaceId) => sql`
      reserved AS (SELECT campaign_id, sum(amount) amount FROM transfers WHERE workspace_id = ${workspaceId} AND kind = 'reserve' GROUP BY 1),
      prices AS (SELECT campaign_id, sum(price) amount FROM messages WHERE workspace_id = ${workspaceId} GROUP BY 1),
      both_sides AS (SELECT campaign_id, coalesce(r.amount, 0) r, coalesce(p.amount, 0) p FROM reserved r FULL JOIN prices p USING (campaign_id)),
      figures AS (SELECT count(*)::int AS campaigns, coalesce(sum(r), 0)::text AS reserved, coalesce(sum(p), 0)::text AS prices FROM both_sides),
      faults AS (SELECT format('campaign %s: reserved %s, prices of its messages %s', campaign_id, r, p) AS fault FROM both_sides WHERE r <> p)`,
  },
  {
    name: 'holds_equal_undecided_messages',
    says: 'what is in a hold is the sum of the prices of its undecided messages',
    amounts: ['held'],
    query: (sql, workspaceId) => sql`
      undecided AS (SELECT campaign_id, sum(price) amount FROM messages WHERE workspace_id = ${workspaceId} AND money = 'held' GROUP BY 1),
      holds AS (SELECT a.id, a.campaign_id, a.credits - a.debits AS balance, coalesce(u.amount, 0) amount
        FROM accounts a LEFT JOIN undecided u USING (campaign_id) WHERE a.workspace_id = ${workspaceId} AND a.kind = 'hold'),
      figures AS (SELECT count(*)::int AS holds, coalesce(sum(balance), 0)::text AS held FROM holds),
      faults AS (SELECT format('hold %s of campaign %s: %s in it, undecided messages %s', id, campaign_id, balance, amount) AS fault
        FROM holds WHERE balance <> amount)`,
  },
  {
    name: 'captures_equal_charges',
    says: 'every capture is the sum and the number of the charges that it pays',
    amounts: ['captured', 'charged'],
    query: (sql, workspaceId) => sql`
      paid AS (SELECT transfer_id, sum(amount) amount, count(*) n FROM charges WHERE workspace_id = ${workspaceId} AND transfer_id IS NOT NULL GROUP BY 1),
      captures AS (SELECT id, campaign_id, amount, n_items FROM transfers WHERE workspace_id = ${workspaceId} AND kind IN ('capture','late_capture')),
      both_sides AS (SELECT coalesce(c.id, p.transfer_id) id, coalesce(c.amount, 0) ca, coalesce(c.n_items, 0) cn, coalesce(p.amount, 0) pa, coalesce(p.n, 0) pn
        FROM captures c FULL JOIN paid p ON p.transfer_id = c.id),
      figures AS (SELECT count(*)::int AS captures, coalesce(sum(ca), 0)::text AS captured, coalesce(sum(pa), 0)::text AS charged, coalesce(sum(pn), 0)::int AS messages FROM both_sides),
      faults AS (SELECT format('transfer %s: captured %s for %s messages, charges %s for %s', id, ca, cn, pa, pn) AS fault
        FROM both_sides WHERE ca <> pa OR cn <> pn)`,
  },
  {
    name: 'charges_have_receipts',
    says: 'every charge has a receipt that the message was delivered or read, and is at most its price',
    amounts: ['charged'],
    query: (sql, workspaceId) => sql`
      all_charges AS (SELECT c.message_id, c.amount, m.price, m.state, m.money, r.status
        FROM charges c LEFT JOIN messages m ON m.id = c.message_id
        LEFT JOIN receipts r ON (r.message_id, r.attempt_no, r.status) = (c.message_id, c.attempt_no, c.status)
        WHERE c.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS charges, coalesce(sum(amount), 0)::text AS charged FROM all_charges),
      faults AS (SELECT format('message %s: charged %s, price %s, state %s, receipt %s', message_id, amount, price, state, coalesce(status, 'none')) AS fault
        FROM all_charges WHERE status IS NULL OR price IS NULL OR amount > price OR money <> 'captured' OR state NOT IN ('delivered','read'))`,
  },
  {
    name: 'deliveries_are_charged',
    says: 'every message that was delivered or read has exactly one charge, and no other has one',
    amounts: [],
    query: (sql, workspaceId) => sql`
      delivered AS (SELECT m.id, m.state, c.message_id FROM messages m LEFT JOIN charges c ON c.message_id = m.id
        WHERE m.workspace_id = ${workspaceId} AND (m.money = 'captured' OR m.state IN ('delivered','read'))),
      figures AS (SELECT count(*)::int AS delivered, count(message_id)::int AS charged FROM delivered),
      faults AS (SELECT format('message %s is %s and has no charge', id, state) AS fault FROM delivered WHERE message_id IS NULL)`,
  },
  {
    name: 'releases_follow_from_messages',
    says: 'what went back is what was not delivered, what was free, and what was later charged late',
    amounts: ['released', 'expected'],
    query: (sql, workspaceId) => sql`
      due AS (SELECT m.campaign_id, sum(CASE WHEN m.money = 'released' OR c.late THEN m.price ELSE m.price - c.amount END) amount
        FROM messages m LEFT JOIN charges c ON c.message_id = m.id WHERE m.workspace_id = ${workspaceId} AND m.money <> 'held' GROUP BY 1),
      released AS (SELECT campaign_id, sum(amount) amount FROM transfers WHERE workspace_id = ${workspaceId} AND kind = 'release' GROUP BY 1),
      both_sides AS (SELECT campaign_id, coalesce(r.amount, 0) r, coalesce(d.amount, 0) d FROM released r FULL JOIN due d USING (campaign_id)),
      figures AS (SELECT coalesce(sum(r), 0)::text AS released, coalesce(sum(d), 0)::text AS expected FROM both_sides),
      faults AS (SELECT format('campaign %s: released %s, by its messages %s', campaign_id, r, d) AS fault FROM both_sides WHERE r <> d)`,
  },
  {
    name: 'settled_is_settled',
    says: 'a settled campaign has no undecided message, and its hold is empty and closed: reserved = charged + released',
    amounts: ['reserved', 'captured', 'released'],
    query: (sql, workspaceId) => sql`
      moved AS (SELECT campaign_id, coalesce(sum(amount) FILTER (WHERE kind = 'reserve'), 0) r, coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0) c,
          coalesce(sum(amount) FILTER (WHERE kind = 'release'), 0) l FROM transfers WHERE workspace_id = ${workspaceId} AND campaign_id IS NOT NULL GROUP BY 1),
      settled AS (SELECT k.id, a.closed_at, coalesce(v.r, 0) r, coalesce(v.c, 0) c, coalesce(v.l, 0) l,
          (SELECT count(*) FROM messages m WHERE m.campaign_id = k.id AND (m.money = 'held' OR m.state IN ('queued','sending','sent'))) AS n
        FROM campaigns k LEFT JOIN accounts a ON a.id = k.hold_id LEFT JOIN moved v ON v.campaign_id = k.id
        WHERE k.workspace_id = ${workspaceId} AND k.state = 'settled'),
      figures AS (SELECT count(*)::int AS settled, coalesce(sum(r), 0)::text AS reserved, coalesce(sum(c), 0)::text AS captured, coalesce(sum(l), 0)::text AS released FROM settled),
      faults AS (SELECT format('campaign %s: reserved %s, captured %s, released %s, undecided %s, hold %s', id, r, c, l, n,
          CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END) AS fault FROM settled WHERE r <> c + l OR n > 0 OR closed_at IS NULL)`,
  },
  {
    name: 'counts_equal_messages',
    says: 'the counts that are shown are those of the messages',
    amounts: [],
    query: (sql, workspaceId) => sql`
      counted AS (SELECT campaign_id, state, count(*) n FROM messages WHERE workspace_id = ${workspaceId} GROUP BY 1, 2
        UNION ALL SELECT campaign_id, 'held', count(*) FROM messages WHERE workspace_id = ${workspaceId} AND money = 'held' GROUP BY 1),
      shown AS (SELECT campaign_id, state, n FROM message_counts WHERE workspace_id = ${workspaceId} AND n <> 0),
      both_sides AS (SELECT campaign_id, state, coalesce(c.n, 0) c, coalesce(s.n, 0) s FROM counted c FULL JOIN shown s USING (campaign_id, state)),
      figures AS (SELECT coalesce(sum(c) FILTER (WHERE state <> 'held'), 0)::int AS messages FROM both_sides),
      faults AS (SELECT format('campaign %s, %s: %s messages, %s counted', campaign_id, state, c, s) AS fault FROM both_sides WHERE c <> s)`,
  },
  {
    name: 'no_message_sent_twice',
    says: 'at most one attempt of a message may ever have reached the provider',
    amounts: [],
    query: (sql, workspaceId) => sql`
      reached AS (SELECT message_id, count(*) n, count(*) FILTER (WHERE outcome = 'indeterminate') u FROM attempts
        WHERE workspace_id = ${workspaceId} AND outcome IS DISTINCT FROM 'not_sent' AND NOT resend_ok GROUP BY 1),
      figures AS (SELECT count(*)::int AS messages, coalesce(sum(u), 0)::int AS uncertain FROM reached),
      faults AS (SELECT format('message %s: %s attempts may have reached the provider', message_id, n) AS fault FROM reached WHERE n > 1)`,
  },
  {
    name: 'quotes_add_up',
    says: 'every quote’s total is the sum of its lines, and a submitted campaign reserved no more than its quote',
    amounts: ['quoted'],
    query: (sql, workspaceId) => sql`
      priced AS (SELECT q.id, q.total, coalesce((SELECT sum((l ->> 'subtotalMinor')::bigint) FROM jsonb_array_elements(q.lines) l), 0) lines,
          (SELECT coalesce(sum(amount), 0) FROM transfers t WHERE t.campaign_id = c.id AND t.kind = 'reserve') reserved
        FROM quotes q LEFT JOIN campaigns c ON c.quote_id = q.id AND c.hold_id IS NOT NULL WHERE q.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS quotes, coalesce(sum(total), 0)::text AS quoted FROM priced),
      faults AS (SELECT format('quote %s: total %s, lines %s, reserved %s', id, total, lines, reserved) AS fault FROM priced WHERE total <> lines OR reserved > total)`,
  },
]
