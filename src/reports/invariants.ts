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
    name: 'transfers_go_their_ways',
    says: 'every transfer goes from a kind of account to another as its own kind may, in the workspace’s currency, and a hold’s for its own campaign',
    amounts: [],
    query: (sql, workspaceId) => sql`
      own AS (SELECT a.id, a.kind, a.campaign_id, a.currency = w.currency AS fits, a.currency
        FROM accounts a JOIN workspaces w USING (workspace_id) WHERE a.workspace_id = ${workspaceId}),
      moved AS (SELECT t.id, t.kind, t.currency, t.amount, d.kind AS d, c.kind AS c,
          t.currency = d.currency AND t.currency = c.currency
            AND (d.kind <> 'hold' OR d.campaign_id IS NOT DISTINCT FROM t.campaign_id)
            AND (c.kind <> 'hold' OR c.campaign_id IS NOT DISTINCT FROM t.campaign_id)
            AND EXISTS (SELECT 1 FROM transfer_ways w WHERE (w.kind, w.debit_kind, w.credit_kind) = (t.kind, d.kind, c.kind)) AS fits
        FROM transfers t LEFT JOIN own d ON d.id = t.debit_id LEFT JOIN own c ON c.id = t.credit_id
        WHERE t.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS transfers, (SELECT count(*)::int FROM own) AS accounts FROM moved),
      faults AS (SELECT format('transfer %s: %s from %s to %s in %s', id, kind, coalesce(d, 'nowhere'), coalesce(c, 'nowhere'), currency) AS fault
          FROM moved WHERE fits IS NOT TRUE
        UNION ALL SELECT format('account %s (%s) is in %s', id, kind, currency) FROM own WHERE NOT fits)`,
  },
  {
    name: 'holds_serve_their_campaigns',
    says: 'every hold belongs to one campaign that names it, and so does the campaign’s run',
    amounts: [],
    query: (sql, workspaceId) => sql`
      sides AS (SELECT a.id AS hold, a.campaign_id AS served, a.currency, k.id AS campaign, r.campaign_id AS run,
          r.hold_id AS run_hold, r.currency AS run_currency
        FROM (SELECT * FROM accounts WHERE workspace_id = ${workspaceId} AND kind = 'hold') a
        FULL JOIN (SELECT id, hold_id FROM campaigns WHERE workspace_id = ${workspaceId} AND hold_id IS NOT NULL) k ON k.hold_id = a.id
        FULL JOIN (SELECT campaign_id, hold_id, currency FROM runs WHERE workspace_id = ${workspaceId}) r ON r.campaign_id = k.id),
      figures AS (SELECT count(*)::int AS holds FROM sides),
      faults AS (SELECT format('hold %s of campaign %s: named by campaign %s and by the run of %s as %s', coalesce(hold::text, 'none'),
          coalesce(served::text, 'none'), coalesce(campaign::text, 'none'), coalesce(run::text, 'none'), coalesce(run_hold::text, 'none')) AS fault
        FROM sides WHERE (hold = run_hold AND served = campaign AND served = run AND currency = run_currency) IS NOT TRUE)`,
  },
  {
    name: 'reservations_equal_prices',
    says: 'what was reserved for a campaign is the sum of its messages’ prices, and of what a fall-over has not needed',
    amounts: ['reserved', 'prices'],
    query: (sql, workspaceId) => sql`
      moved AS (SELECT campaign_id, CASE kind WHEN 'reserve' THEN amount ELSE -amount END AS amount FROM transfers
          WHERE workspace_id = ${workspaceId} AND (kind = 'reserve' OR (kind = 'release' AND reason = 'not_needed'))
        UNION ALL SELECT campaign_id, -spare FROM runs WHERE workspace_id = ${workspaceId} AND spare > 0),
      reserved AS (SELECT campaign_id, sum(amount) amount FROM moved GROUP BY 1),
      prices AS (SELECT campaign_id, sum(price) amount FROM messages WHERE workspace_id = ${workspaceId} GROUP BY 1),
      both_sides AS (SELECT campaign_id, coalesce(r.amount, 0) r, coalesce(p.amount, 0) p FROM reserved r FULL JOIN prices p USING (campaign_id)),
      figures AS (SELECT count(*)::int AS campaigns, coalesce(sum(r), 0)::text AS reserved, coalesce(sum(p), 0)::text AS prices FROM both_sides),
      faults AS (SELECT format('campaign %s: reserved %s, prices of its messages %s', campaign_id, r, p) AS fault FROM both_sides WHERE r <> p)`,
  },
  {
    name: 'holds_equal_undecided_messages',
    says: 'what is in a hold is the sum of the prices of its undecided messages, and of what is kept for a fall-over’s next',
    amounts: ['held'],
    query: (sql, workspaceId) => sql`
      undecided AS (SELECT campaign_id, sum(amount) amount FROM (
          SELECT campaign_id, price AS amount FROM messages WHERE workspace_id = ${workspaceId} AND money = 'held'
          UNION ALL SELECT campaign_id, spare FROM runs WHERE workspace_id = ${workspaceId} AND spare > 0) x GROUP BY 1),
      holds AS (SELECT a.id, a.campaign_id, a.credits - a.debits AS balance, coalesce(u.amount, 0) amount
        FROM accounts a LEFT JOIN undecided u USING (campaign_id) WHERE a.workspace_id = ${workspaceId} AND a.kind = 'hold'),
      figures AS (SELECT count(*)::int AS holds, coalesce(sum(balance), 0)::text AS held FROM holds),
      faults AS (SELECT format('hold %s of campaign %s: %s in it, undecided messages %s', id, campaign_id, balance, amount) AS fault
        FROM holds WHERE balance <> amount)`,
  },
  {
    name: 'captures_equal_charges',
    says: 'every capture is the sum and the number of the charges that it pays, all of its own campaign',
    amounts: ['captured', 'charged'],
    query: (sql, workspaceId) => sql`
      paid AS (SELECT transfer_id, campaign_id, late, sum(amount) amount, count(*) n FROM charges
        WHERE workspace_id = ${workspaceId} AND transfer_id IS NOT NULL GROUP BY 1, 2, 3),
      captures AS (SELECT id, campaign_id, kind = 'late_capture' AS late, amount, n_items FROM transfers WHERE workspace_id = ${workspaceId} AND kind IN ('capture','late_capture')),
      both_sides AS (SELECT coalesce(c.id, p.transfer_id) id, coalesce(c.amount, 0) ca, coalesce(c.n_items, 0) cn, coalesce(p.amount, 0) pa, coalesce(p.n, 0) pn
        FROM captures c FULL JOIN paid p ON (p.transfer_id, p.campaign_id, p.late) = (c.id, c.campaign_id, c.late)),
      figures AS (SELECT count(*)::int AS captures, coalesce(sum(ca), 0)::text AS captured, coalesce(sum(pa), 0)::text AS charged, coalesce(sum(pn), 0)::int AS messages FROM both_sides),
      faults AS (SELECT format('transfer %s: captured %s for %s messages, charges %s for %s', id, ca, cn, pa, pn) AS fault
        FROM both_sides WHERE ca <> pa OR cn <> pn)`,
  },
  {
    name: 'charges_have_receipts',
    says: 'every charge has a receipt that its message was delivered or read, or where the card charges on acceptance the sign of it, and is its price, or nothing for a reason',
    amounts: ['charged'],
    query: (sql, workspaceId) => sql`
      all_charges AS (SELECT c.message_id, c.amount, c.reason, m.price, m.state, m.money, r.status,
          m.campaign_id = c.campaign_id AND m.money = 'captured'
            AND (m.state IN ('delivered','read') OR (m.on_acceptance AND m.state IN ('sent','failed','expired')))
            AND (c.status IN ('delivered','read') OR m.on_acceptance) AND (r.status IS NOT NULL OR a.outcome IS NOT NULL)
            AND c.amount = CASE c.reason WHEN 'regular' THEN m.price ELSE 0 END AND (c.reason <> 'reported_free' OR m.free) AS fits
        FROM charges c LEFT JOIN messages m ON m.id = c.message_id AND m.workspace_id = c.workspace_id
        LEFT JOIN receipts r ON (r.workspace_id, r.message_id, r.attempt_no, r.status) = (c.workspace_id, c.message_id, c.attempt_no, c.status)
        LEFT JOIN attempts a ON c.status = 'accepted' AND a.outcome = 'accepted'
          AND (a.workspace_id, a.message_id, a.attempt_no) = (c.workspace_id, c.message_id, c.attempt_no)
        WHERE c.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS charges, coalesce(sum(amount), 0)::text AS charged FROM all_charges),
      faults AS (SELECT format('message %s: charged %s (%s), price %s, state %s, receipt %s', message_id, amount, reason, price, state, coalesce(status, 'none')) AS fault
        FROM all_charges WHERE fits IS NOT TRUE)`,
  },
  {
    name: 'refunds_are_noted',
    says: 'what was refunded is noted on the charges that it was refunded of',
    amounts: ['refunded', 'noted'],
    query: (sql, workspaceId) => sql`
      refunds AS (SELECT campaign_id, sum(amount) amount FROM transfers WHERE workspace_id = ${workspaceId} AND kind = 'refund' GROUP BY 1),
      noted AS (SELECT campaign_id, sum(refunded) amount FROM charges WHERE workspace_id = ${workspaceId} GROUP BY 1),
      both_sides AS (SELECT campaign_id, coalesce(r.amount, 0) r, coalesce(n.amount, 0) n FROM refunds r FULL JOIN noted n USING (campaign_id)),
      figures AS (SELECT count(*)::int AS campaigns, coalesce(sum(r), 0)::text AS refunded, coalesce(sum(n), 0)::text AS noted FROM both_sides),
      faults AS (SELECT format('campaign %s: refunded %s, noted on its charges %s', campaign_id, r, n) AS fault FROM both_sides WHERE r <> n)`,
  },
  {
    name: 'debts_are_paid_by_top_ups',
    says: 'what was paid of what is owed came of the top-up with the same reference, and is no more than it; nobody has paid more than was owed',
    amounts: ['paid', 'owed'],
    query: (sql, workspaceId) => sql`
      paid AS (SELECT r.id, r.amount, r.reference, t.amount AS topped_up FROM transfers r
        LEFT JOIN transfers t ON t.workspace_id = r.workspace_id AND t.kind = 'top_up' AND t.reference = r.reference
        WHERE r.workspace_id = ${workspaceId} AND r.kind = 'repay'),
      debts AS (SELECT d.amount FROM transfers d JOIN accounts a ON a.id = d.debit_id AND a.kind = 'receivable'
        WHERE d.workspace_id = ${workspaceId} AND d.kind = 'late_capture'),
      sums AS (SELECT (SELECT coalesce(sum(amount), 0) FROM paid) AS p, (SELECT coalesce(sum(amount), 0) FROM debts) AS o),
      figures AS (SELECT (SELECT count(*)::int FROM paid) AS repayments, p::text AS paid, o::text AS owed FROM sums),
      faults AS (SELECT format('repayment %s: %s of the top-up %s of %s', id, amount, coalesce(reference, 'none'), coalesce(topped_up::text, 'nothing')) AS fault
          FROM paid WHERE (amount <= topped_up) IS NOT TRUE
        UNION ALL SELECT format('paid %s, owed %s', p, o) FROM sums WHERE p > o)`,
  },
  {
    name: 'deliveries_are_charged',
    says: 'every message that was delivered or read, or is owed on acceptance, has exactly one charge, and no other has one',
    amounts: [],
    query: (sql, workspaceId) => sql`
      reported AS (SELECT DISTINCT message_id FROM receipts WHERE workspace_id = ${workspaceId} AND status IN ('delivered','read')),
      delivered AS (SELECT m.id, m.state, c.message_id FROM messages m LEFT JOIN reported r ON r.message_id = m.id
        LEFT JOIN charges c ON c.message_id = m.id WHERE m.workspace_id = ${workspaceId}
         AND (m.money = 'captured' OR m.state IN ('delivered','read')
           OR (r.message_id IS NOT NULL AND m.state NOT IN ('queued','cancelled','skipped')))),
      figures AS (SELECT count(*)::int AS delivered, count(message_id)::int AS charged FROM delivered),
      faults AS (SELECT format('message %s is %s and has no charge', id, state) AS fault FROM delivered WHERE message_id IS NULL)`,
  },
  {
    name: 'releases_follow_from_messages',
    says: 'what went back is what was not owed, what was free, and what was later charged late, beside what a fall-over has not needed',
    amounts: ['released', 'expected'],
    query: (sql, workspaceId) => sql`
      due AS (SELECT m.campaign_id, sum(CASE WHEN m.money = 'released' OR c.late THEN m.price ELSE m.price - c.amount END) amount
        FROM messages m LEFT JOIN charges c ON c.message_id = m.id WHERE m.workspace_id = ${workspaceId} AND m.money <> 'held' GROUP BY 1),
      released AS (SELECT campaign_id, sum(amount) amount FROM transfers WHERE workspace_id = ${workspaceId} AND kind = 'release' AND reason IS DISTINCT FROM 'not_needed' GROUP BY 1),
      both_sides AS (SELECT campaign_id, coalesce(r.amount, 0) r, coalesce(d.amount, 0) d FROM released r FULL JOIN due d USING (campaign_id)),
      figures AS (SELECT coalesce(sum(r), 0)::text AS released, coalesce(sum(d), 0)::text AS expected FROM both_sides),
      faults AS (SELECT format('campaign %s: released %s, by its messages %s', campaign_id, r, d) AS fault FROM both_sides WHERE r <> d)`,
  },
  {
    name: 'settled_is_settled',
    says: 'a settled campaign has no undecided message, and its hold is empty and closed: reserved = charged + released; only what has ended is closed',
    amounts: ['reserved', 'captured', 'released'],
    query: (sql, workspaceId) => sql`
      moved AS (SELECT campaign_id, coalesce(sum(amount) FILTER (WHERE kind = 'reserve'), 0) r, coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0) c,
          coalesce(sum(amount) FILTER (WHERE kind = 'release'), 0) l FROM transfers WHERE workspace_id = ${workspaceId} AND campaign_id IS NOT NULL GROUP BY 1),
      settled AS (SELECT k.id, k.state, a.closed_at, coalesce(v.r, 0) r, coalesce(v.c, 0) c, coalesce(v.l, 0) l,
          (SELECT count(*) FROM messages m WHERE m.campaign_id = k.id AND (m.money = 'held' OR m.state IN ('queued','sending') OR (m.state = 'sent' AND NOT m.on_acceptance))) AS n
        FROM campaigns k LEFT JOIN accounts a ON a.id = k.hold_id LEFT JOIN moved v ON v.campaign_id = k.id
        WHERE k.workspace_id = ${workspaceId} AND (k.state = 'settled' OR a.closed_at IS NOT NULL)),
      figures AS (SELECT count(*)::int AS settled, coalesce(sum(r), 0)::text AS reserved, coalesce(sum(c), 0)::text AS captured, coalesce(sum(l), 0)::text AS released FROM settled),
      faults AS (SELECT format('campaign %s is %s: reserved %s, captured %s, released %s, undecided %s, hold %s', id, state, r, c, l, n,
          CASE WHEN closed_at IS NULL THEN 'open' ELSE 'closed' END) AS fault FROM settled
         WHERE r <> c + l OR n > 0 OR closed_at IS NULL OR state NOT IN ('settled','cancelled','rejected','expired'))`,
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
    says: 'at most one attempt of a message may ever have reached the provider, and one has of every message that is sent',
    amounts: [],
    query: (sql, workspaceId) => sql`
      tried AS (SELECT message_id, max(attempt_no) last, count(*) FILTER (WHERE outcome IS DISTINCT FROM 'not_sent' AND NOT resend_ok) n,
          count(*) FILTER (WHERE outcome = 'indeterminate') u FROM attempts WHERE workspace_id = ${workspaceId} GROUP BY 1),
      sides AS (SELECT coalesce(m.id, t.message_id) id, m.state, coalesce(m.attempts, 0) counted, coalesce(t.last, 0) last, coalesce(t.n, 0) n, coalesce(t.u, 0) u
        FROM (SELECT id, state, attempts FROM messages WHERE workspace_id = ${workspaceId}) m FULL JOIN tried t ON t.message_id = m.id),
      figures AS (SELECT count(*) FILTER (WHERE n > 0)::int AS messages, coalesce(sum(u), 0)::int AS uncertain FROM sides),
      faults AS (SELECT format('message %s is %s: %s attempts may have reached the provider, %s of %s are there', id, coalesce(state, 'gone'), n, last, counted) AS fault
        FROM sides WHERE n > 1 OR last <> counted OR (n = 0 AND state IN ('sent','delivered','read','uncertain')))`,
  },
  {
    name: 'quotes_add_up',
    says: 'every quote’s total is the sum of its lines, and a submitted campaign reserved what its quote says, or less where it may go out in part',
    amounts: ['quoted'],
    query: (sql, workspaceId) => sql`
      priced AS (SELECT q.id, q.campaign_id, q.total, q.carried, q.minimum, q.recipients, q.currency, l.sum, l.count, l.wrong
        FROM quotes q, LATERAL (SELECT coalesce(sum((x ->> 'subtotalMinor')::bigint), 0) AS sum, coalesce(sum((x ->> 'count')::int), 0) AS count,
            count(*) FILTER (WHERE (x ->> 'count')::bigint * (x ->> 'unitPriceMinor')::bigint <> (x ->> 'subtotalMinor')::bigint) AS wrong
          FROM jsonb_array_elements(q.lines) x) l WHERE q.workspace_id = ${workspaceId}),
      taken AS (SELECT k.id, k.quote_id, k.insufficient_funds, coalesce(sum(t.amount), 0) AS amount FROM campaigns k
        LEFT JOIN transfers t ON t.campaign_id = k.id AND t.kind = 'reserve' AND t.workspace_id = k.workspace_id
        WHERE k.workspace_id = ${workspaceId} AND k.hold_id IS NOT NULL GROUP BY 1, 2, 3),
      figures AS (SELECT count(*)::int AS quotes, coalesce(sum(total), 0)::text AS quoted FROM priced),
      faults AS (SELECT format('quote %s: total %s %s, minimum %s, lines %s, recipients %s, on its lines %s', id, total, currency, minimum, sum, recipients, count) AS fault
          FROM priced WHERE total <> sum OR recipients <> count OR wrong > 0 OR minimum > total
            OR currency <> (SELECT w.currency FROM workspaces w WHERE w.workspace_id = ${workspaceId})
        UNION ALL SELECT format('campaign %s: reserved %s, quoted %s', k.id, k.amount, coalesce((q.total + q.carried)::text, 'never')) FROM taken k
          LEFT JOIN priced q ON q.id = k.quote_id AND q.campaign_id = k.id
         WHERE q.id IS NULL OR k.amount > q.total + q.carried OR (k.amount < q.total + q.carried AND k.insufficient_funds <> 'partial'))`,
  },
  {
    name: 'moments_are_as_quoted',
    says: 'every message is charged at the moment that its quote names: on its delivery or on its acceptance',
    amounts: [],
    query: (sql, workspaceId) => sql`
      sides AS (SELECT r.campaign_id, r.charge_on, q.charge_on AS quoted, (SELECT count(*) FROM messages m
            WHERE m.campaign_id = r.campaign_id AND m.on_acceptance <> (r.charge_on = 'accepted')) AS n
        FROM runs r JOIN campaigns k ON k.id = r.campaign_id LEFT JOIN quotes q ON q.id = k.quote_id
        WHERE r.workspace_id = ${workspaceId}),
      figures AS (SELECT count(*)::int AS campaigns FROM sides),
      faults AS (SELECT format('campaign %s: charged when %s, quoted when %s, %s messages otherwise', campaign_id, charge_on, coalesce(quoted, 'never'), n) AS fault
        FROM sides WHERE n > 0 OR quoted IS DISTINCT FROM charge_on)`,
  },
  {
    name: 'windows_come_from_charges',
    says: 'every conversation window was opened by a delivered message, lasts a day, and is what made others free',
    amounts: [],
    query: (sql, workspaceId) => sql`
      opened AS (SELECT w.contact_id, w.category, w.message_id, w.opened_at, w.expires_at,
          m.contact_id = w.contact_id AND r.category = w.category AND r.model = 'conversation_24h'
            AND c.reason IN ('regular','zero_price') AND w.expires_at = w.opened_at + interval '24 hours'
            AND EXISTS (SELECT 1 FROM receipts e WHERE e.message_id = w.message_id AND e.status IN ('delivered','read')
                          AND e.occurred_at = w.opened_at) AS fits
        FROM conversation_windows w LEFT JOIN messages m ON m.id = w.message_id
        LEFT JOIN runs r ON r.campaign_id = m.campaign_id LEFT JOIN charges c ON c.message_id = w.message_id
        WHERE w.workspace_id = ${workspaceId}),
      free AS (SELECT c.message_id, EXISTS (SELECT 1 FROM conversation_windows w
            WHERE w.workspace_id = ${workspaceId} AND w.contact_id = m.contact_id AND w.category = r.category) AS fits
        FROM charges c JOIN messages m ON m.id = c.message_id JOIN runs r ON r.campaign_id = m.campaign_id
        WHERE c.workspace_id = ${workspaceId} AND c.reason = 'window_open'),
      figures AS (SELECT (SELECT count(*)::int FROM opened) AS windows, (SELECT count(*)::int FROM free) AS made_free),
      faults AS (SELECT format('window of message %s (%s, %s to %s) was not opened so', message_id, category, opened_at, expires_at) AS fault
          FROM opened WHERE fits IS NOT TRUE
        UNION ALL SELECT format('message %s was free in a window that is not there', message_id) FROM free WHERE NOT fits)`,
  },
]
