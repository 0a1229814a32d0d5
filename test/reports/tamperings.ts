/** An alteration by hand (`:settled` and the like are campaigns), the checks it must show in, and what they must name. */
export type Tampering = { sql: string; shows: readonly string[]; names?: RegExp }
type ByColumn = Record<string, Tampering>

const ELSEWHERE = `'00000000-0000-7000-8000-000000000000'`
const CHAIN = ['transfers_chain']

/** For each column of the books one way to alter it. Where an `id` cannot be altered the row is taken out. */
export const TAMPERINGS: Record<string, ByColumn> = {
  accounts: {
    id: {
      sql: `DELETE FROM accounts WHERE campaign_id = :sending`,
      shows: ['transfers_go_their_ways', 'holds_serve_their_campaigns'],
    },
    workspace_id: {
      sql: `UPDATE accounts SET workspace_id = ${ELSEWHERE} WHERE kind = 'wallet'`,
      shows: ['debits_equal_credits', 'transfers_go_their_ways'],
    },
    currency: {
      sql: `UPDATE accounts SET currency = 'USD' WHERE kind = 'wallet'`,
      shows: ['transfers_go_their_ways'],
      names: /USD/,
    },
    kind: {
      sql: `UPDATE accounts SET kind = 'hold', campaign_id = :second WHERE kind = 'adjustment'`,
      shows: ['transfers_go_their_ways'],
    },
    campaign_id: {
      sql: `UPDATE accounts SET campaign_id = :second WHERE campaign_id = :settled`,
      shows: ['transfers_go_their_ways', 'holds_serve_their_campaigns'],
    },
    debits: {
      sql: `UPDATE accounts SET debits = debits + 1 WHERE kind = 'wallet'`,
      shows: ['balances_follow_from_transfers', 'debits_equal_credits'],
      names: /\(wallet\)/,
    },
    credits: {
      sql: `UPDATE accounts SET credits = credits + 3566500 WHERE kind = 'spent'`,
      shows: ['balances_follow_from_transfers', 'debits_equal_credits'],
      names: /\(spent\)/,
    },
    closed_at: {
      sql: `UPDATE accounts SET closed_at = NULL WHERE campaign_id = :settled`,
      shows: ['settled_is_settled'],
      names: /hold open/,
    },
  },
  transfers: {
    id: {
      sql: `DELETE FROM transfers WHERE kind = 'adjust'`,
      shows: [...CHAIN, 'balances_follow_from_transfers'],
      names: /the row is gone/,
    },
    workspace_id: {
      sql: `UPDATE transfers SET workspace_id = ${ELSEWHERE} WHERE kind = 'adjust'`,
      shows: [...CHAIN, 'balances_follow_from_transfers'],
    },
    currency: {
      sql: `UPDATE transfers SET currency = 'USD' WHERE kind = 'adjust'`,
      shows: [...CHAIN, 'transfers_go_their_ways'],
      names: /USD/,
    },
    debit_id: {
      sql: `UPDATE transfers SET debit_id = (SELECT id FROM accounts WHERE kind = 'receivable')
             WHERE kind = 'late_capture' AND debit_id = (SELECT id FROM accounts WHERE kind = 'wallet')`,
      shows: [...CHAIN, 'balances_follow_from_transfers'],
      names: /not what was sealed/,
    },
    credit_id: {
      sql: `UPDATE transfers SET credit_id = (SELECT id FROM accounts WHERE kind = 'wallet')
             WHERE kind = 'capture' AND campaign_id = :sending`,
      shows: [...CHAIN, 'balances_follow_from_transfers', 'transfers_go_their_ways'],
    },
    amount: {
      sql: `UPDATE transfers SET amount = amount - 1 WHERE kind = 'capture' AND campaign_id = :sending`,
      shows: [...CHAIN, 'balances_follow_from_transfers', 'captures_equal_charges'],
    },
    kind: {
      sql: `UPDATE transfers SET kind = 'refund' WHERE kind = 'adjust'`,
      shows: [...CHAIN, 'transfers_go_their_ways'],
    },
    campaign_id: {
      sql: `UPDATE transfers SET campaign_id = :second WHERE kind = 'capture' AND campaign_id = :sending`,
      shows: [...CHAIN, 'transfers_go_their_ways', 'captures_equal_charges'],
    },
    n_items: {
      sql: `UPDATE transfers SET n_items = n_items + 1 WHERE kind = 'capture' AND campaign_id = :sending`,
      shows: [...CHAIN, 'captures_equal_charges'],
      names: /for 2 messages, charges .* for 1/,
    },
    reference: {
      sql: `UPDATE transfers SET reference = 'x' WHERE kind = 'repay'`,
      shows: [...CHAIN, 'debts_are_paid_by_top_ups'],
      names: /of the top-up x of nothing/,
    },
    reason: { sql: `UPDATE transfers SET reason = 'x' WHERE kind = 'adjust'`, shows: CHAIN },
    actor: { sql: `UPDATE transfers SET actor = 'key:mallory' WHERE kind = 'adjust'`, shows: CHAIN },
    request_id: { sql: `UPDATE transfers SET request_id = 'x' WHERE kind = 'adjust'`, shows: CHAIN },
    created_at: {
      sql: `UPDATE transfers SET created_at = created_at + interval '1 microsecond' WHERE kind = 'adjust'`,
      shows: CHAIN,
    },
    xid: {
      sql: `UPDATE transfers SET xid = (xid::text::bigint + 1)::text::xid8 WHERE kind = 'adjust'`,
      shows: CHAIN,
    },
  },
  charges: {
    message_id: {
      sql: `DELETE FROM charges WHERE campaign_id = :sending`,
      shows: ['captures_equal_charges', 'deliveries_are_charged'],
      names: /has no charge/,
    },
    workspace_id: {
      sql: `UPDATE charges SET workspace_id = ${ELSEWHERE} WHERE campaign_id = :sending`,
      shows: ['captures_equal_charges'],
    },
    campaign_id: {
      sql: `UPDATE charges SET campaign_id = :second WHERE campaign_id = :sending`,
      shows: ['charges_have_receipts', 'captures_equal_charges'],
    },
    amount: {
      sql: `UPDATE charges SET amount = amount - 1 WHERE campaign_id = :sending`,
      shows: ['captures_equal_charges', 'releases_follow_from_messages', 'charges_have_receipts'],
    },
    transfer_id: {
      sql: `UPDATE charges SET transfer_id = ${ELSEWHERE} WHERE campaign_id = :sending`,
      shows: ['captures_equal_charges'],
    },
    late: {
      sql: `UPDATE charges SET late = true WHERE campaign_id = :sending`,
      shows: ['releases_follow_from_messages', 'captures_equal_charges'],
    },
    reason: {
      sql: `UPDATE charges SET reason = 'window_open' WHERE campaign_id = :sending`,
      shows: ['charges_have_receipts'],
      names: /window_open/,
    },
    attempt_no: {
      sql: `UPDATE charges SET attempt_no = 2 WHERE campaign_id = :sending`,
      shows: ['charges_have_receipts'],
      names: /receipt none/,
    },
    status: {
      sql: `UPDATE charges SET status = 'read' WHERE campaign_id = :sending`,
      shows: ['charges_have_receipts'],
      names: /receipt none/,
    },
    refunded: {
      sql: `UPDATE charges SET refunded = 1 WHERE campaign_id = :sending`,
      shows: ['refunds_are_noted'],
    },
  },
  messages: {
    on_acceptance: {
      sql: `UPDATE messages SET on_acceptance = true WHERE campaign_id = :sending AND state = 'delivered'`,
      shows: ['moments_are_as_quoted'],
    },
    id: {
      sql: `DELETE FROM messages WHERE campaign_id = :sending AND state = 'sent'`,
      shows: ['reservations_equal_prices', 'holds_equal_undecided_messages', 'counts_equal_messages'],
    },
    workspace_id: {
      sql: `UPDATE messages SET workspace_id = ${ELSEWHERE} WHERE campaign_id = :sending AND state = 'sent'`,
      shows: ['reservations_equal_prices', 'holds_equal_undecided_messages', 'counts_equal_messages'],
    },
    campaign_id: {
      sql: `UPDATE messages SET campaign_id = :second WHERE campaign_id = :sending AND state = 'sent'`,
      shows: ['reservations_equal_prices', 'holds_equal_undecided_messages', 'counts_equal_messages'],
    },
    price: {
      sql: `UPDATE messages SET price = price - 1 WHERE campaign_id = :settled AND state = 'failed'`,
      shows: ['reservations_equal_prices', 'releases_follow_from_messages'],
    },
    state: {
      sql: `UPDATE messages SET state = 'expired' WHERE campaign_id = :settled AND state = 'failed'`,
      shows: ['counts_equal_messages'],
    },
    money: {
      sql: `UPDATE messages SET state = 'failed', money = 'released' WHERE campaign_id = :sending AND state = 'delivered'`,
      shows: ['charges_have_receipts', 'releases_follow_from_messages', 'counts_equal_messages'],
    },
    free: {
      sql: `UPDATE messages SET free = false WHERE campaign_id = :settled AND free`,
      shows: ['charges_have_receipts'],
    },
    attempts: {
      sql: `UPDATE messages SET attempts = 0 WHERE campaign_id = :sending`,
      shows: ['no_message_sent_twice'],
    },
  },
  attempts: {
    message_id: {
      sql: `DELETE FROM attempts a USING messages m WHERE m.id = a.message_id AND m.campaign_id = :sending AND m.state = 'sent'`,
      shows: ['no_message_sent_twice'],
    },
    attempt_no: {
      sql: `UPDATE attempts a SET attempt_no = 7 FROM messages m WHERE m.id = a.message_id AND m.campaign_id = :sending`,
      shows: ['no_message_sent_twice'],
    },
    workspace_id: {
      sql: `UPDATE attempts a SET workspace_id = ${ELSEWHERE} FROM messages m WHERE m.id = a.message_id AND m.campaign_id = :sending`,
      shows: ['no_message_sent_twice'],
    },
    outcome: {
      sql: `UPDATE attempts a SET outcome = 'not_sent', provider_message_id = NULL FROM messages m
             WHERE m.id = a.message_id AND m.campaign_id = :sending AND m.state = 'sent'`,
      shows: ['no_message_sent_twice'],
    },
    resend_ok: {
      sql: `UPDATE attempts a SET outcome = 'indeterminate', resend_ok = true FROM messages m
             WHERE m.id = a.message_id AND m.campaign_id = :sending AND m.state = 'sent'`,
      shows: ['no_message_sent_twice'],
    },
  },
  message_counts: {
    campaign_id: {
      sql: `DELETE FROM message_counts WHERE campaign_id = :sending`,
      shows: ['counts_equal_messages'],
    },
    workspace_id: {
      sql: `UPDATE message_counts SET workspace_id = ${ELSEWHERE} WHERE campaign_id = :sending`,
      shows: ['counts_equal_messages'],
    },
    state: {
      sql: `UPDATE message_counts SET state = 'uncertain' WHERE campaign_id = :sending AND state = 'delivered'`,
      shows: ['counts_equal_messages'],
      names: /uncertain: 0 messages, 1 counted/,
    },
    n: {
      sql: `UPDATE message_counts SET n = n - 1 WHERE campaign_id = :sending AND state = 'held'`,
      shows: ['counts_equal_messages'],
      names: /held: 3 messages, 2 counted/,
    },
  },
  receipts: {
    message_id: {
      sql: `DELETE FROM receipts r USING messages m WHERE m.id = r.message_id AND m.campaign_id = :sending`,
      shows: ['charges_have_receipts'],
      names: /receipt none/,
    },
    attempt_no: {
      sql: `UPDATE receipts r SET attempt_no = 2 FROM messages m WHERE m.id = r.message_id AND m.campaign_id = :sending`,
      shows: ['charges_have_receipts'],
    },
    status: {
      sql: `UPDATE receipts r SET status = 'delivered' FROM messages m
             WHERE m.id = r.message_id AND m.campaign_id = :settled AND r.status = 'failed'`,
      shows: ['deliveries_are_charged'],
      names: /has no charge/,
    },
    workspace_id: {
      sql: `UPDATE receipts r SET workspace_id = ${ELSEWHERE} FROM messages m WHERE m.id = r.message_id AND m.campaign_id = :sending`,
      shows: ['charges_have_receipts'],
    },
  },
  runs: {
    campaign_id: {
      sql: `DELETE FROM runs WHERE campaign_id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
    workspace_id: {
      sql: `UPDATE runs SET workspace_id = ${ELSEWHERE} WHERE campaign_id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
    hold_id: {
      sql: `UPDATE runs SET hold_id = (SELECT id FROM accounts WHERE campaign_id = :settled) WHERE campaign_id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
    currency: {
      sql: `UPDATE runs SET currency = 'USD' WHERE campaign_id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
    charge_on: {
      sql: `UPDATE runs SET charge_on = 'accepted' WHERE campaign_id = :sending`,
      shows: ['moments_are_as_quoted'],
    },
    spare: {
      sql: `UPDATE runs SET spare = 1 WHERE campaign_id = :sending`,
      shows: ['holds_equal_undecided_messages', 'reservations_equal_prices'],
    },
  },
  campaigns: {
    id: { sql: `DELETE FROM campaigns WHERE id = :sending`, shows: ['holds_serve_their_campaigns'] },
    workspace_id: {
      sql: `UPDATE campaigns SET workspace_id = ${ELSEWHERE} WHERE id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
    state: {
      sql: `UPDATE campaigns SET state = 'sending', settled_at = NULL WHERE id = :settled`,
      shows: ['settled_is_settled'],
    },
    settled_at: {
      sql: `UPDATE campaigns SET state = 'settled', settled_at = now() WHERE id = :sending`,
      shows: ['settled_is_settled'],
      names: /undecided 3/,
    },
    quote_id: {
      sql: `UPDATE campaigns SET quote_id = ${ELSEWHERE} WHERE id = :sending`,
      shows: ['quotes_add_up'],
    },
    hold_id: {
      sql: `UPDATE campaigns SET hold_id = (SELECT id FROM accounts WHERE campaign_id = :settled) WHERE id = :sending`,
      shows: ['holds_serve_their_campaigns'],
    },
  },
  quotes: {
    id: { sql: `DELETE FROM quotes WHERE campaign_id = :sending`, shows: ['quotes_add_up'] },
    charge_on: {
      sql: `UPDATE quotes SET charge_on = 'accepted' WHERE campaign_id = :sending`,
      shows: ['moments_are_as_quoted'],
    },
    workspace_id: {
      sql: `UPDATE quotes SET workspace_id = ${ELSEWHERE} WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    campaign_id: {
      sql: `UPDATE quotes SET campaign_id = :second WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    currency: {
      sql: `UPDATE quotes SET currency = 'USD' WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    total: {
      sql: `UPDATE quotes SET total = total + 1 WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    carried: {
      sql: `UPDATE quotes SET carried = carried + 1 WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    minimum: {
      sql: `UPDATE quotes SET minimum = total + 1 WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    recipients: {
      sql: `UPDATE quotes SET recipients = recipients + 1 WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
    lines: {
      sql: `UPDATE quotes SET lines = jsonb_set(lines, '{0,unitPriceMinor}', '"1"') WHERE campaign_id = :sending`,
      shows: ['quotes_add_up'],
    },
  },
  conversation_windows: {
    workspace_id: {
      sql: `UPDATE conversation_windows SET workspace_id = ${ELSEWHERE}`,
      shows: ['windows_come_from_charges'],
    },
    contact_id: {
      sql: `UPDATE conversation_windows SET contact_id = contact_id + 1000`,
      shows: ['windows_come_from_charges'],
    },
    category: {
      sql: `UPDATE conversation_windows SET category = 'utility'`,
      shows: ['windows_come_from_charges'],
    },
    message_id: {
      sql: `UPDATE conversation_windows w SET message_id = m.id FROM messages m WHERE m.campaign_id = :second AND m.contact_id = w.contact_id`,
      shows: ['windows_come_from_charges'],
    },
    opened_at: {
      sql: `UPDATE conversation_windows SET opened_at = opened_at - interval '1 day'`,
      shows: ['windows_come_from_charges'],
    },
    expires_at: {
      sql: `UPDATE conversation_windows SET expires_at = expires_at + interval '1 second'`,
      shows: ['windows_come_from_charges'],
    },
  },
  seals: {
    workspace_id: {
      sql: `UPDATE seals SET workspace_id = ${ELSEWHERE} WHERE stream = 'transfers' AND seq = 2`,
      shows: CHAIN,
      names: /the seal before it is missing/,
    },
    stream: {
      sql: `DELETE FROM seals WHERE stream = 'transfers' AND seq = 2`,
      shows: CHAIN,
      names: /the seal before it is missing/,
    },
    seq: { sql: `UPDATE seals SET seq = 1000 WHERE stream = 'transfers' AND seq = 1`, shows: CHAIN },
    row_id: {
      sql: `UPDATE seals SET row_id = ${ELSEWHERE} WHERE stream = 'transfers' AND seq = 2`,
      shows: CHAIN,
      names: /the row is gone/,
    },
    hash: {
      sql: `UPDATE seals SET hash = sha256(hash) WHERE stream = 'transfers' AND seq = 2`,
      shows: CHAIN,
      names: /not what was sealed/,
    },
  },
  audit_events: Object.fromEntries(
    Object.entries({
      id: ELSEWHERE,
      workspace_id: ELSEWHERE,
      actor: `'key:mallory'`,
      action: `'nothing.happened'`,
      subject: `'campaign:x'`,
      facts: `'{"state": "x"}'`,
      request_id: `'x'`,
      at: `at + interval '1 microsecond'`,
      xid: `(xid::text::bigint + 1)::text::xid8`,
    }).map(([column, value]) => [
      column,
      {
        sql: `UPDATE audit_events SET ${column} = ${value} WHERE action = 'campaign.submitted' AND subject = 'campaign:' || :settled`,
        shows: ['audit_events_chain'],
      },
    ]),
  ),
}

const TIME = 'tells when, and no money hangs on it'
const WORDS = 'tells what was said, and no money hangs on it'
const PLAN =
  'what is to be done, not what was done; what was approved of it stands in the digest of the audit trail'

/** What may be altered without the books being wrong, and why. */
export const HARMLESS: Record<string, Record<string, string>> = {
  messages: {
    contact_id: 'whom it was for; the attempt and the receipt name the message',
    slice_no: PLAN,
    not_before: PLAN,
    sent_at: TIME,
    delivered_at: TIME,
    read_at: TIME,
    failed_at: TIME,
    reason: WORDS,
    stopped: 'why it must not be sent; what it costs follows from its state',
  },
  attempts: {
    worker: WORDS,
    claimed_at: TIME,
    dispatched_at: TIME,
    resolved_at: TIME,
    provider_message_id: 'the platform’s name for it; only later receipts are found by it',
    code: WORDS,
    detail: WORDS,
  },
  receipts: { occurred_at: TIME, webhook_id: TIME, code: WORDS, detail: WORDS, pricing: WORDS },
  runs: {
    sender_id: PLAN,
    model: PLAN,
    category: PLAN,
    template: PLAN,
    time_window: PLAN,
    template_id: PLAN,
    account_id: PLAN,
    state: PLAN,
    pause_reason: WORDS,
    starts_at: PLAN,
    send_before: PLAN,
    lifetime_seconds: PLAN,
    nudged_at: TIME,
    paused_with_sender: PLAN,
    resumed_at: TIME,
    active_at: TIME,
    waits_until: PLAN,
    waits_for: WORDS,
  },
  campaigns: {
    name: WORDS,
    template_id: PLAN,
    sender_id: PLAN,
    list_id: PLAN,
    schedule: PLAN,
    insufficient_funds: PLAN,
    version: PLAN,
    editors: PLAN,
    submitted_by: PLAN,
    digest: PLAN,
    starts_at: PLAN,
    send_before: PLAN,
    pause_reason: WORDS,
    created_at: TIME,
    submitted_at: TIME,
    submitted_request: 'under which name it is logged',
    submitted_trace: 'where it stands among traces',
    fallback_of: PLAN,
    again_of: PLAN,
    ceiling: PLAN,
  },
  quotes: {
    version: PLAN,
    audience_hash: PLAN,
    price_day: PLAN,
    rate_card_as_of: PLAN,
    model: PLAN,
    excluded: WORDS,
    created_at: TIME,
    expires_at: TIME,
  },
}
