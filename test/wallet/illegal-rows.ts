import { like, NOBODY } from './copy.ts'
import { CHECKED, GUARDED, type Illegal, NO_RIGHT, NOT_THERE, TWICE } from './illegal.ts'

type Row = { of: string; where?: string; changed: Record<string, string>; code: string; noRight?: boolean }

function row(what: string, { of, where = 'true', changed, code, noRight }: Row): Illegal {
  const sql = like(of, where, changed)
  return noRight ? { what, sql, program: NO_RIGHT, owner: code } : { what, sql, program: code }
}

function charge(amount: string): string {
  return like('charges', "status = 'delivered' AND amount > 0", {
    message_id: '(SELECT max(id) FROM messages)',
    amount,
  })
}

const here = 'workspace_id = :here'
const newMessage = { id: '(SELECT max(id) + 1 FROM messages)', contact_id: '999999' }
const sent = "campaign_id = :sending AND state = 'sent'"
const sentAttempt = `message_id = (SELECT id FROM messages WHERE ${sent} LIMIT 1)`
const openAttempt = {
  attempt_no: '2',
  outcome: "'not_sent'",
  provider_message_id: 'NULL',
  resolved_at: 'now()',
}
const run = `campaign_id = :sending`
const aNewCampaign = { id: NOBODY }
const campaign = 'id = :sending'
const quote = 'campaign_id = :sending'
const aNewQuote = { id: NOBODY, excluded: "'[]'::jsonb" }
const policy = { version: '(SELECT max(version) + 1 FROM approval_policies)' }
const request = `INSERT INTO approval_requests (campaign_id, digest, workspace_id, policy_version, reasons, quorum, requested_at)
  SELECT id, digest, workspace_id, 1, '{amount}', 1, now() FROM campaigns WHERE id = :sending;`
const approval = `INSERT INTO approvals (id, workspace_id, campaign_id, digest, approver, decision, policy_version, created_at)
  SELECT gen_random_uuid(), workspace_id, id, digest, 'key:sari', 'approve', 1, now() FROM campaigns WHERE id = :sending;`

const aDraft = { ...aNewCampaign, quote_id: 'NULL', hold_id: 'NULL', state: "'draft'" }

/** What is charged when it is accepted, and campaigns that stand in for others. */
const ON_ACCEPTANCE: readonly Illegal[] = [
  row('a fallback without a ceiling', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aDraft, fallback_of: ':settled' },
    code: CHECKED,
  }),
  row('a ceiling of nothing', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aDraft, fallback_of: ':settled', ceiling: '0' },
    code: CHECKED,
  }),
  row('a campaign submitted by a request of no such name', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aDraft, submitted_request: "repeat('r', 201)" },
    code: CHECKED,
  }),
  row('a campaign submitted in a trace of no such name', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aDraft, submitted_trace: "'+628111111111'" },
    code: CHECKED,
  }),
  row('a fallback of no campaign', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aDraft, fallback_of: NOBODY, ceiling: '5' },
    code: NOT_THERE,
  }),
  {
    what: 'two fallbacks of one campaign',
    sql: `${[1, 2].map(() => like('campaigns', campaign, { ...aDraft, fallback_of: ':settled', ceiling: '5' })).join('; ')}`,
    program: TWICE,
  },
  {
    what: 'a campaign that becomes another’s fallback',
    sql: `UPDATE campaigns SET fallback_of = :settled, ceiling = 5 WHERE ${campaign}`,
    program: GUARDED,
  },
  row('a quote charged at no known moment', {
    of: 'quotes',
    where: quote,
    changed: { ...aNewQuote, charge_on: "'payday'" },
    code: CHECKED,
  }),
  ...Object.entries({ charge_on: "'payday'", spare: '-1', waits_for: "'rain'" }).map(([column, value]) =>
    row(`a run whose ${column} cannot be`, {
      of: 'runs',
      where: run,
      changed: { campaign_id: NOBODY, [column]: value },
      code: CHECKED,
    }),
  ),
  row('a message charged on acceptance, accepted, and not charged', {
    of: 'messages',
    where: sent,
    changed: { ...newMessage, on_acceptance: 'true' },
    code: CHECKED,
  }),
  {
    what: 'a message charged at another moment than it was quoted for',
    sql: `UPDATE messages SET on_acceptance = true WHERE campaign_id = :sending AND state = 'queued' OR id = (SELECT max(id) FROM messages WHERE campaign_id = :settled)`,
    program: GUARDED,
  },
  {
    what: 'a charge for a wish',
    sql: charge('5').replace("'amount', 5", "'amount', 5, 'status', 'wished'"),
    program: CHECKED,
  },
]

/**
 * Rows that must never be: each is a good row of the played day with one thing changed, so that exactly one guard
 * stands in its way.
 */
export const ILLEGAL_ROWS: readonly Illegal[] = [
  ...ON_ACCEPTANCE,
  // Accounts and transfers
  row('an account with the number of another', {
    of: 'accounts',
    where: `kind = 'hold' AND ${here}`,
    changed: { workspace_id: ':there', campaign_id: NOBODY, debits: '0', credits: '0', closed_at: 'NULL' },
    code: TWICE,
    noRight: true,
  }),
  {
    what: 'a transfer of minus one message',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, n_items, actor)
      SELECT gen_random_uuid(), :here, 'IDR', f.id, w.id, 1, 'top_up', -1, 'mallory' FROM accounts f, accounts w
       WHERE f.kind = 'funding' AND w.kind = 'wallet' AND f.workspace_id = :here AND w.workspace_id = :here`,
    program: CHECKED,
  },
  {
    what: 'money from another workspace’s account',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, actor)
      SELECT gen_random_uuid(), :here, 'IDR', :neighboursWallet, a.id, 1, 'adjust', 'mallory' FROM accounts a
       WHERE a.kind = 'adjustment' AND a.workspace_id = :here`,
    program: NOT_THERE,
  },
  row('a way for money twice', {
    of: 'transfer_ways',
    changed: { kind: "'top_up'", debit_kind: "'funding'", credit_kind: "'wallet'" },
    code: TWICE,
    noRight: true,
  }),

  {
    what: 'a transfer with the number of another workspace’s',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, actor)
      SELECT t.id, :there, 'IDR', (SELECT id FROM accounts WHERE kind = 'funding' AND workspace_id = :there),
             :neighboursWallet, 1, 'top_up', 'mallory' FROM transfers t WHERE t.workspace_id = :here LIMIT 1`,
    program: NO_RIGHT,
    owner: TWICE,
  },

  // Second lines, which are reached only where a first one is gone
  ...['debits', 'credits'].map((side) => ({
    what: `an account born with ${side} below zero, with nobody at its birth`,
    sql: `DROP TRIGGER IF EXISTS accounts_begin_empty ON accounts;
      INSERT INTO accounts (workspace_id, currency, kind, campaign_id, ${side}) VALUES (:here, 'IDR', 'adjustment', NULL, -1)`,
    program: NO_RIGHT,
    owner: CHECKED,
  })),
  {
    what: 'a charge below zero, with nobody at its refunds',
    sql: `ALTER TABLE charges DROP CONSTRAINT IF EXISTS charges_check;
      ${charge('-5')}`,
    program: NO_RIGHT,
    owner: CHECKED,
  },
  {
    what: 'a message of no run, with nobody at its counts',
    sql: `DROP TRIGGER IF EXISTS messages_count_new ON messages; ${like(
      'messages',
      "campaign_id = :sending AND state = 'sent'",
      {
        id: '(SELECT max(id) + 1 FROM messages)',
        campaign_id: NOBODY,
      },
    )}`,
    program: NO_RIGHT,
    owner: NOT_THERE,
  },
  {
    what: 'a campaign of no workspace, with nobody at its parts',
    sql: `${['template', 'sender', 'list'].map((part) => `ALTER TABLE campaigns DROP CONSTRAINT IF EXISTS campaigns_${part}_id_workspace_id_fkey;`).join(' ')}
      ${like('campaigns', 'id = :sending', { id: NOBODY, workspace_id: NOBODY, state: "'draft'", hold_id: 'NULL', quote_id: 'NULL' })}`,
    program: NO_RIGHT,
    owner: NOT_THERE,
  },

  // Seals and the trail
  row('a seal with half a hash', {
    of: 'seals',
    changed: { seq: '999', row_id: NOBODY, hash: "'\\x00'" },
    code: CHECKED,
  }),
  row('a seal before the first', { of: 'seals', changed: { seq: '0', row_id: NOBODY }, code: CHECKED }),
  row('a seal of no known stream', {
    of: 'seals',
    changed: { stream: "'wishes'", seq: '999', row_id: NOBODY },
    code: CHECKED,
  }),
  row('two seals in one place', { of: 'seals', changed: { row_id: NOBODY }, code: TWICE }),
  row('one row sealed twice', { of: 'seals', changed: { seq: '999' }, code: TWICE }),
  row('an event with the number of another', { of: 'audit_events', changed: {}, code: TWICE }),
  row('an event of no workspace', {
    of: 'audit_events',
    where: here,
    changed: { id: NOBODY, workspace_id: NOBODY },
    code: NOT_THERE,
    noRight: true,
  }),

  // Messages, slices, runs
  row('a message with the number of another', {
    of: 'messages',
    where: sent,
    changed: { contact_id: '999999' },
    code: TWICE,
  }),
  row('a message in no known state', {
    of: 'messages',
    where: sent,
    changed: { ...newMessage, state: "'lost'" },
    code: CHECKED,
  }),
  row('a message whose money is nowhere', {
    of: 'messages',
    where: sent,
    changed: { ...newMessage, money: "'gone'", state: "'uncertain'" },
    code: CHECKED,
  }),
  row('an uncertain message that is charged', {
    of: 'messages',
    where: sent,
    changed: { ...newMessage, money: "'captured'", state: "'uncertain'" },
    code: CHECKED,
  }),
  row('a message of no run', {
    of: 'messages',
    where: sent,
    changed: { ...newMessage, campaign_id: NOBODY },
    code: NOT_THERE,
  }),
  {
    what: 'a count below zero',
    sql: `UPDATE message_counts SET n = -1 WHERE campaign_id = :sending`,
    program: NO_RIGHT,
    owner: CHECKED,
  },
  row('a count of no run', {
    of: 'message_counts',
    changed: { campaign_id: NOBODY },
    code: NOT_THERE,
    noRight: true,
  }),
  row('two counts of one state', {
    of: 'message_counts',
    where: run,
    changed: {},
    code: TWICE,
    noRight: true,
  }),
  row('a slice twice', { of: 'slices', where: run, changed: {}, code: TWICE }),
  row('a slice of no run', { of: 'slices', where: run, changed: { campaign_id: NOBODY }, code: NOT_THERE }),
  row('a slice that is heard of before it is sent', {
    of: 'slices',
    where: run,
    changed: { slice_no: '999', done_at: 'NULL', closed_at: 'now()' },
    code: CHECKED,
  }),
  row('a second run of a campaign', {
    of: 'runs',
    where: run,
    changed: { workspace_id: ':there' },
    code: TWICE,
    noRight: true,
  }),
  row('a run of a sender that is not there', {
    of: 'runs',
    where: run,
    changed: { campaign_id: NOBODY, sender_id: NOBODY },
    code: NOT_THERE,
  }),
  row('a run on a hold that is not there', {
    of: 'runs',
    where: run,
    changed: { campaign_id: NOBODY, hold_id: '999999' },
    code: NOT_THERE,
  }),
  row('a run in no known state', {
    of: 'runs',
    where: run,
    changed: { campaign_id: NOBODY, state: "'flying'" },
    code: CHECKED,
  }),
  row('a run whose messages never end', {
    of: 'runs',
    where: run,
    changed: { campaign_id: NOBODY, lifetime_seconds: '0' },
    code: CHECKED,
  }),
  row('a second pace of a sender', { of: 'sender_pace', changed: {}, code: TWICE }),
  row('a pace of no sender', { of: 'sender_pace', changed: { sender_id: NOBODY }, code: NOT_THERE }),

  // Attempts, receipts, webhooks, windows
  row('an attempt twice', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, attempt_no: '1' },
    code: TWICE,
  }),
  row('an attempt before the first', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, attempt_no: '0' },
    code: CHECKED,
  }),
  row('an attempt of no message', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, message_id: '999999' },
    code: NOT_THERE,
  }),
  row('an attempt with no known outcome', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, outcome: "'perhaps'" },
    code: CHECKED,
  }),
  row('an attempt that came to something at no time', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, resolved_at: 'NULL' },
    code: CHECKED,
  }),
  row('an attempt that never left and has the platform’s id', {
    of: 'attempts',
    where: sentAttempt,
    changed: { ...openAttempt, provider_message_id: "'wamid.new'" },
    code: CHECKED,
  }),
  {
    what: 'an attempt given to another message',
    sql: `UPDATE attempts SET attempt_no = 7 WHERE ${sentAttempt}`,
    program: GUARDED,
  },
  row('a receipt of no known status', { of: 'receipts', changed: { status: "'eaten'" }, code: CHECKED }),
  row('a webhook with the number of another', {
    of: 'webhooks',
    changed: { digest: "'\\x01'" },
    code: TWICE,
  }),
  row('the same webhook twice', {
    of: 'webhooks',
    changed: { id: '(SELECT max(id) + 1 FROM webhooks)' },
    code: TWICE,
  }),
  row('a window that ends before it opens', {
    of: 'conversation_windows',
    changed: { opened_at: "now() + interval '9 days'", expires_at: 'now()' },
    code: CHECKED,
  }),
  row('a window of no message', {
    of: 'conversation_windows',
    changed: {
      message_id: '999999',
      opened_at: "now() + interval '9 days'",
      expires_at: "now() + interval '10 days'",
    },
    code: NOT_THERE,
  }),
  row('one window twice', { of: 'conversation_windows', changed: {}, code: TWICE }),

  // Campaigns
  row('a campaign with the number of another', {
    of: 'campaigns',
    where: campaign,
    changed: { workspace_id: ':there' },
    code: TWICE,
    noRight: true,
  }),
  ...Object.entries({ template_id: 'a template', sender_id: 'a sender', list_id: 'a list' }).map(
    ([column, what]) =>
      row(`a campaign with ${what} that is not there`, {
        of: 'campaigns',
        where: campaign,
        changed: { ...aNewCampaign, [column]: NOBODY, quote_id: 'NULL', hold_id: 'NULL', state: "'draft'" },
        code: NOT_THERE,
      }),
  ),
  row('a campaign on a hold that is not there', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aNewCampaign, hold_id: '999999', quote_id: 'NULL', state: "'draft'" },
    code: NOT_THERE,
  }),
  row('a campaign with the quote of another', {
    of: 'campaigns',
    where: campaign,
    changed: { ...aNewCampaign, state: "'draft'" },
    code: NOT_THERE,
  }),
  row('a campaign of no workspace', {
    of: 'campaigns',
    where: campaign,
    changed: {
      ...aNewCampaign,
      workspace_id: NOBODY,
      state: "'draft'",
      hold_id: 'NULL',
      quote_id: 'NULL',
    },
    code: NOT_THERE,
    noRight: true,
  }),
  ...Object.entries({
    state: "'flying'",
    insufficient_funds: "'beg'",
    version: '0',
    name: "''",
    hold_id: 'NULL',
    settled_at: 'now()',
  }).map(([column, value]) =>
    row(`a campaign whose ${column} cannot be`, {
      of: 'campaigns',
      where: campaign,
      changed: {
        ...aNewCampaign,
        ...(column === 'state' ? {} : { quote_id: 'NULL' }),
        ...(/state|hold_id/.test(column) ? {} : { hold_id: 'NULL', state: "'draft'" }),
        [column]: value,
      },
      code: CHECKED,
    }),
  ),
  row('a way of campaigns twice', {
    of: 'campaign_moves',
    changed: {},
    code: TWICE,
    noRight: true,
  }),

  // Quotes and approvals
  row('a quote with the number of another', {
    of: 'quotes',
    where: quote,
    changed: { campaign_id: ':settled', excluded: "'[]'::jsonb" },
    code: TWICE,
  }),
  row('a quote of no campaign', {
    of: 'quotes',
    where: quote,
    changed: { ...aNewQuote, campaign_id: NOBODY },
    code: NOT_THERE,
  }),
  ...['total', 'minimum', 'recipients', 'carried'].map((column) =>
    row(`a quote with a negative ${column}`, {
      of: 'quotes',
      where: quote,
      changed: { ...aNewQuote, [column]: '-1' },
      code: CHECKED,
    }),
  ),
  row('a quote that leaves out others than it says', {
    of: 'quotes',
    where: quote,
    changed: { ...aNewQuote, excluded: `'[{"reason": "opted_out", "count": 3}]'::jsonb` },
    code: GUARDED,
  }),
  row('two policies of one version', { of: 'approval_policies', where: here, changed: {}, code: TWICE }),
  row('a policy of no workspace', {
    of: 'approval_policies',
    where: here,
    changed: { workspace_id: NOBODY },
    code: NOT_THERE,
    noRight: true,
  }),
  ...Object.entries({
    version: '-1',
    max_amount: '-1',
    max_share_of_available: '2',
    max_recipients: '-1',
  }).map(([column, value]) =>
    row(`a policy whose ${column} cannot be`, {
      of: 'approval_policies',
      where: here,
      changed: { ...policy, [column]: value },
      code: CHECKED,
    }),
  ),
  ...Object.entries({
    categories: "'{rumour}'",
    quorum: '6',
    expires_after_hours: '721',
  }).flatMap(([column, value]) => [
    row(`a policy whose ${column} cannot be`, {
      of: 'approval_policies',
      where: here,
      changed: { ...policy, [column]: value },
      code: CHECKED,
    }),
  ]),
  ...Object.entries({
    quorum: '0',
    reasons: "'{whim}'::text[]",
    expires_at: "'2000-01-01'::timestamptz",
  }).map(([column, value]) => ({
    what: `a request for approval whose ${column} cannot be`,
    sql: `${request} ${like('approval_requests', 'campaign_id = :sending', { digest: "'\\x01'::bytea", [column]: value })}`,
    program: CHECKED,
  })),
  { what: 'one version asked about twice', sql: request + request, program: TWICE },
  {
    what: 'a request for the approval of no campaign',
    sql: `${request} ${like('approval_requests', 'campaign_id = :sending', { campaign_id: NOBODY })}`,
    program: NOT_THERE,
  },
  {
    what: 'a request for approval edited',
    sql: `${request} UPDATE approval_requests SET quorum = 1`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'a campaign that goes on without the approvals that it needs',
    sql: `${request} UPDATE campaigns SET state = 'paused' WHERE id = :sending; UPDATE campaigns SET state = 'sending' WHERE id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a decision under another version of the policy',
    sql: `${request} ${approval.replace("'approve', 1,", "'approve', 2,")}`,
    program: GUARDED,
  },
  {
    what: 'an approval after its time',
    sql: `${request.replace('requested_at)', 'requested_at, expires_at)').replace('now() FROM', "now() - interval '1 hour', now() FROM")} ${approval}`,
    program: GUARDED,
  },
  { what: 'an approval that nobody asked for', sql: approval, program: NOT_THERE },
  {
    what: 'a draft again of no campaign',
    sql: like('campaigns', campaign, { ...aDraft, again_of: NOBODY }),
    program: NOT_THERE,
  },
  {
    what: 'two drafts again of one campaign',
    sql: [1, 2].map(() => like('campaigns', campaign, { ...aDraft, again_of: ':settled' })).join('; '),
    program: TWICE,
  },
  { what: 'one approver’s approval twice', sql: request + approval + approval, program: TWICE },
  {
    what: 'an approval with the number of another',
    sql: `${request} ${approval} ${like('approvals', 'campaign_id = :sending', { approver: "'key:dewi'" })}`,
    program: TWICE,
  },
  {
    what: 'an approval that is neither yes nor no',
    sql: request + approval.replace("'approve'", "'perhaps'"),
    program: CHECKED,
  },
  {
    what: 'an approval of no campaign',
    sql: `${request} ${approval} ${like('approvals', 'campaign_id = :sending', { id: NOBODY, campaign_id: NOBODY })}`,
    program: NOT_THERE,
  },
  {
    what: 'an approval taken back',
    sql: `${request} ${approval} DELETE FROM approvals WHERE campaign_id = :sending`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
]
