/**
 * A statement that must never go through. `program` is the SQLSTATE with which the program's own role is refused,
 * `owner` the one for the owner of the tables, where it is another. `:here` and `:there` are two workspaces, `:settled`
 * and the like campaigns, `:neighboursWallet` an account of the other workspace.
 */
export type Illegal = { what: string; sql: string; program: string; owner?: string }

export const NO_RIGHT = '42501'
export const CHECKED = '23514'
export const NOT_THERE = '23503'
export const TWICE = '23505'
/** `restrict_violation`: what our own triggers raise. */
export const GUARDED = '23001'

const account = (kind: string, place = ':here') =>
  `(SELECT id FROM accounts WHERE kind = '${kind}' AND workspace_id = ${place} LIMIT 1)`
const hold = (campaign: string) => `(SELECT id FROM accounts WHERE campaign_id = :${campaign})`

type Movement = {
  kind: string
  from: string
  to: string
  amount?: string
  campaign?: string
  currency?: string
  place?: string
  id?: string
}
const transfer = ({
  kind,
  from,
  to,
  amount = '1',
  campaign = 'NULL',
  currency = 'IDR',
  place = ':here',
  id = 'gen_random_uuid()',
}: Movement) => `
  INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, campaign_id, actor)
  VALUES (${id}, ${place}, '${currency}', ${from}, ${to}, ${amount}, '${kind}', ${campaign}, 'mallory')`

const messageOf = (campaign: string, state: string) =>
  `(SELECT id FROM messages WHERE campaign_id = :${campaign} AND state = '${state}' LIMIT 1)`
const attemptsOf = (campaign: string, state: string) => `message_id = ${messageOf(campaign, state)}`
const charge = (columns: {
  message: string
  amount: string
  transfer: string
  refunded?: string
  status?: string
}) => `
  INSERT INTO charges (message_id, workspace_id, campaign_id, amount, transfer_id, reason, attempt_no, status, refunded)
  VALUES (${columns.message}, :here, :sending, ${columns.amount}, ${columns.transfer}, 'regular', 1,
          '${columns.status ?? 'delivered'}', ${columns.refunded ?? '0'})`
const aCapture = `(SELECT id FROM transfers WHERE kind = 'capture' AND campaign_id = :sending)`

export const ILLEGAL: readonly Illegal[] = [
  // Balances
  {
    what: 'a balance edited by hand',
    sql: `UPDATE accounts SET credits = credits + 1 WHERE kind = 'wallet'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'a balance lowered by hand',
    sql: `UPDATE accounts SET debits = debits + 1, credits = credits - 1 WHERE kind = 'spent'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'an account born with money in it',
    sql: `INSERT INTO accounts (workspace_id, currency, kind, campaign_id, credits) VALUES (:here, 'IDR', 'hold', gen_random_uuid(), 5)`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'an account born closed',
    sql: `INSERT INTO accounts (workspace_id, currency, kind, campaign_id, closed_at) VALUES (:here, 'IDR', 'hold', gen_random_uuid(), now())`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'an account that changes its kind',
    sql: `UPDATE accounts SET kind = 'adjustment' WHERE kind = 'receivable'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'a hold given to another campaign',
    sql: `UPDATE accounts SET campaign_id = :second WHERE campaign_id = :sending`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'a wallet given to another workspace',
    sql: `UPDATE accounts SET workspace_id = :there WHERE kind = 'wallet' AND workspace_id = :here`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'an account deleted',
    sql: `DELETE FROM accounts WHERE kind = 'adjustment'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  { what: 'all accounts truncated', sql: `TRUNCATE accounts CASCADE`, program: NO_RIGHT, owner: GUARDED },
  {
    what: 'a second wallet',
    sql: `INSERT INTO accounts (workspace_id, currency, kind) VALUES (:here, 'IDR', 'wallet')`,
    program: TWICE,
  },
  {
    what: 'a wallet in another currency',
    sql: `INSERT INTO accounts (workspace_id, currency, kind, campaign_id) VALUES (:here, 'USD', 'hold', gen_random_uuid())`,
    program: NOT_THERE,
  },
  {
    what: 'a hold without a campaign',
    sql: `INSERT INTO accounts (workspace_id, currency, kind) VALUES (:here, 'IDR', 'hold')`,
    program: CHECKED,
  },
  {
    what: 'an account of no known kind',
    sql: `INSERT INTO accounts (workspace_id, currency, kind) VALUES (:here, 'IDR', 'pocket')`,
    program: CHECKED,
  },

  // Transfers
  {
    what: 'a transfer edited',
    sql: `UPDATE transfers SET amount = amount + 1`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  {
    what: 'a transfer deleted',
    sql: `DELETE FROM transfers WHERE kind = 'adjust'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  { what: 'all transfers truncated', sql: `TRUNCATE transfers CASCADE`, program: NO_RIGHT, owner: GUARDED },
  {
    what: 'the same transfer twice',
    sql: `INSERT INTO transfers SELECT * FROM transfers WHERE kind = 'adjust'`,
    program: TWICE,
  },
  {
    what: 'the same payment twice',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor)
      SELECT gen_random_uuid(), workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor FROM transfers WHERE kind = 'top_up' LIMIT 1`,
    program: TWICE,
  },
  {
    what: 'an amount of zero',
    sql: transfer({ kind: 'top_up', from: account('funding'), to: account('wallet'), amount: '0' }),
    program: CHECKED,
  },
  {
    what: 'a negative amount',
    sql: transfer({ kind: 'top_up', from: account('funding'), to: account('wallet'), amount: '-5' }),
    program: CHECKED,
  },
  {
    what: 'money from an account to itself',
    sql: transfer({ kind: 'adjust', from: account('wallet'), to: account('wallet') }),
    program: CHECKED,
  },
  {
    what: 'more reserved than there is',
    sql: transfer({
      kind: 'reserve',
      from: account('wallet'),
      to: hold('sending'),
      campaign: ':sending',
      amount: "(SELECT credits - debits + 1 FROM accounts WHERE kind = 'wallet' AND workspace_id = :here)",
    }),
    program: CHECKED,
  },
  {
    what: 'more captured than was reserved',
    sql: transfer({
      kind: 'capture',
      from: hold('sending'),
      to: account('spent'),
      campaign: ':sending',
      amount: '(SELECT credits - debits + 1 FROM accounts WHERE campaign_id = :sending)',
    }),
    program: CHECKED,
  },
  {
    what: 'more released than is held',
    sql: transfer({
      kind: 'release',
      from: hold('sending'),
      to: account('wallet'),
      campaign: ':sending',
      amount: '(SELECT credits - debits + 1 FROM accounts WHERE campaign_id = :sending)',
    }),
    program: CHECKED,
  },
  {
    what: 'more refunded than was spent',
    sql: transfer({
      kind: 'refund',
      from: account('spent'),
      to: account('wallet'),
      amount: "(SELECT credits - debits + 1 FROM accounts WHERE kind = 'spent' AND workspace_id = :here)",
    }),
    program: CHECKED,
  },
  {
    what: 'more paid back than is owed',
    sql: transfer({
      kind: 'repay',
      from: account('wallet'),
      to: account('receivable'),
      amount:
        "(SELECT debits - credits + 1 FROM accounts WHERE kind = 'receivable' AND workspace_id = :here)",
    }),
    program: GUARDED,
  },
  {
    what: 'a debt paid out of a hold',
    sql: transfer({ kind: 'repay', from: hold('sending'), to: account('receivable'), campaign: ':sending' }),
    program: GUARDED,
  },
  {
    what: 'a debt paid twice by one top-up',
    sql: `INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor)
      SELECT gen_random_uuid(), workspace_id, currency, debit_id, credit_id, amount, kind, reference, actor FROM transfers WHERE kind = 'repay' LIMIT 1`,
    program: TWICE,
  },
  {
    what: 'an amount beyond bigint',
    sql: transfer({
      kind: 'top_up',
      from: account('funding'),
      to: account('wallet'),
      amount: '9223372036854775807',
    }),
    program: '22003',
  },
  {
    what: 'a transfer in another currency than its accounts',
    sql: transfer({ kind: 'top_up', from: account('funding'), to: account('wallet'), currency: 'USD' }),
    program: NOT_THERE,
  },
  {
    what: 'money to another workspace’s wallet',
    sql: transfer({ kind: 'top_up', from: account('funding'), to: ':neighboursWallet' }),
    program: NOT_THERE,
  },
  {
    what: 'money of another workspace',
    sql: transfer({ kind: 'top_up', from: account('funding'), to: account('wallet'), place: ':there' }),
    program: NO_RIGHT,
    owner: NOT_THERE,
  },
  {
    what: 'a capture straight from the wallet',
    sql: transfer({ kind: 'capture', from: account('wallet'), to: account('spent'), campaign: ':sending' }),
    program: GUARDED,
  },
  {
    what: 'a hold released into spent',
    sql: transfer({ kind: 'release', from: hold('sending'), to: account('spent'), campaign: ':sending' }),
    program: GUARDED,
  },
  {
    what: 'a top-up backwards',
    sql: transfer({ kind: 'top_up', from: account('wallet'), to: account('funding') }),
    program: GUARDED,
  },
  {
    what: 'a reservation from nowhere',
    sql: transfer({ kind: 'reserve', from: account('funding'), to: hold('sending'), campaign: ':sending' }),
    program: GUARDED,
  },
  {
    what: 'a transfer of no known kind',
    sql: transfer({ kind: 'gift', from: account('funding'), to: account('wallet') }),
    program: CHECKED,
  },
  {
    what: 'money taken from the hold of another campaign',
    sql: transfer({ kind: 'capture', from: hold('sending'), to: account('spent'), campaign: ':second' }),
    program: GUARDED,
  },
  {
    what: 'money taken from a hold for no campaign',
    sql: transfer({ kind: 'release', from: hold('sending'), to: account('wallet') }),
    program: GUARDED,
  },
  {
    what: 'money reserved into the hold of another campaign',
    sql: transfer({ kind: 'reserve', from: account('wallet'), to: hold('sending'), campaign: ':second' }),
    program: GUARDED,
  },

  // Holds
  {
    what: 'a hold closed while something is in it',
    sql: `UPDATE accounts SET closed_at = now() WHERE campaign_id = :sending`,
    program: CHECKED,
  },
  {
    what: 'a wallet closed',
    sql: `UPDATE accounts SET closed_at = now() WHERE kind = 'adjustment'`,
    program: CHECKED,
  },
  {
    what: 'a closed hold opened again',
    sql: `UPDATE accounts SET closed_at = NULL WHERE campaign_id = :settled`,
    program: GUARDED,
  },
  {
    what: 'money into a closed hold',
    sql: transfer({ kind: 'reserve', from: account('wallet'), to: hold('settled'), campaign: ':settled' }),
    program: GUARDED,
  },

  // Charges
  {
    what: 'a message charged twice',
    sql: charge({ message: messageOf('sending', 'delivered'), amount: '3566500', transfer: aCapture }),
    program: TWICE,
  },
  {
    what: 'a charge without a receipt',
    sql: charge({ message: messageOf('sending', 'sent'), amount: '3566500', transfer: aCapture }),
    program: NOT_THERE,
  },
  {
    what: 'a charge for a read that nobody has reported',
    sql: charge({
      message: messageOf('sending', 'sent'),
      amount: '3566500',
      transfer: aCapture,
      status: 'read',
    }),
    program: NOT_THERE,
  },
  {
    what: 'a charge for a failure',
    sql: charge({
      message: messageOf('settled', 'failed'),
      amount: '3566500',
      transfer: aCapture,
      status: 'failed',
    }),
    program: NOT_THERE,
  },
  {
    what: 'a charge on acceptance where the card charges on delivery',
    sql: charge({
      message: messageOf('settled', 'failed'),
      amount: '3566500',
      transfer: aCapture,
      status: 'accepted',
    }),
    program: NOT_THERE,
  },
  {
    what: 'a charge without a transfer',
    sql: charge({ message: messageOf('sending', 'sent'), amount: '3566500', transfer: 'NULL' }),
    program: CHECKED,
  },
  {
    what: 'a transfer for a free message',
    sql: charge({ message: messageOf('sending', 'sent'), amount: '0', transfer: aCapture }),
    program: CHECKED,
  },
  {
    what: 'a negative charge',
    sql: charge({ message: messageOf('sending', 'sent'), amount: '-1', transfer: aCapture }),
    program: CHECKED,
  },
  {
    what: 'more refunded than charged',
    sql: charge({ message: messageOf('sending', 'sent'), amount: '1', transfer: aCapture, refunded: '2' }),
    program: CHECKED,
  },
  { what: 'a charge edited', sql: `UPDATE charges SET amount = 1`, program: NO_RIGHT, owner: GUARDED },
  {
    what: 'a refund noted beyond the charge',
    sql: `UPDATE charges SET refunded = amount + 1`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  { what: 'a charge deleted', sql: `DELETE FROM charges`, program: NO_RIGHT, owner: GUARDED },

  // Receipts and webhooks
  {
    what: 'a receipt of an attempt that was never made',
    sql: `INSERT INTO receipts (message_id, attempt_no, status, workspace_id, occurred_at, webhook_id)
      VALUES (${messageOf('sending', 'sent')}, 9, 'delivered', :here, now(), 1)`,
    program: NOT_THERE,
  },
  {
    what: 'the same receipt twice',
    sql: `INSERT INTO receipts SELECT * FROM receipts LIMIT 1`,
    program: TWICE,
  },
  {
    what: 'a receipt edited',
    sql: `UPDATE receipts SET status = 'delivered'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  { what: 'a receipt deleted', sql: `DELETE FROM receipts`, program: NO_RIGHT, owner: GUARDED },

  // Messages
  {
    what: 'a message delivered without its money being captured',
    sql: `UPDATE messages SET state = 'delivered' WHERE campaign_id = :sending AND state = 'sent'`,
    program: CHECKED,
  },
  {
    what: 'money captured without a delivery',
    sql: `UPDATE messages SET money = 'captured' WHERE campaign_id = :sending AND state = 'sent'`,
    program: CHECKED,
  },
  {
    what: 'a failed message whose money stays held',
    sql: `UPDATE messages SET state = 'failed' WHERE campaign_id = :sending AND state = 'sent'`,
    program: CHECKED,
  },
  {
    what: 'money released that is still to be decided',
    sql: `UPDATE messages SET money = 'released' WHERE campaign_id = :sending AND state = 'sent'`,
    program: CHECKED,
  },
  {
    what: 'captured money given back',
    sql: `UPDATE messages SET money = 'released' WHERE campaign_id = :sending AND state = 'delivered'`,
    program: CHECKED,
  },
  {
    what: 'captured money given back, with all that belongs to it',
    sql: `UPDATE messages SET state = 'failed', money = 'released' WHERE campaign_id = :sending AND state = 'delivered'`,
    program: GUARDED,
  },
  {
    what: 'released money held again',
    sql: `UPDATE messages SET money = 'held' WHERE campaign_id = :settled AND state = 'failed'`,
    program: CHECKED,
  },
  {
    what: 'released money held again, with all that belongs to it',
    sql: `UPDATE messages SET state = 'queued', money = 'held' WHERE campaign_id = :settled AND state = 'failed'`,
    program: GUARDED,
  },
  {
    what: 'a delivered message sent again',
    sql: `UPDATE messages SET state = 'queued' WHERE campaign_id = :sending AND state = 'delivered'`,
    program: CHECKED,
  },
  {
    what: 'a delivered message sent again, with all that belongs to it',
    sql: `UPDATE messages SET state = 'queued', money = 'held' WHERE campaign_id = :sending AND state = 'delivered'`,
    program: GUARDED,
  },
  {
    what: 'a sent message sent again',
    sql: `UPDATE messages SET state = 'queued' WHERE campaign_id = :sending AND state = 'sent'`,
    program: GUARDED,
  },
  {
    what: 'a read message that is only delivered',
    sql: `UPDATE messages SET state = 'delivered' WHERE campaign_id = :settled AND state = 'read'`,
    program: GUARDED,
  },
  {
    what: 'another price than was quoted',
    sql: `UPDATE messages SET price = 1 WHERE campaign_id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a message moved to another campaign',
    sql: `UPDATE messages SET campaign_id = :second WHERE campaign_id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a message to somebody else',
    sql: `UPDATE messages SET contact_id = contact_id + 1000 WHERE campaign_id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a second message of a campaign to one contact',
    sql: `INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price)
      SELECT workspace_id, campaign_id, contact_id, slice_no, price FROM messages WHERE campaign_id = :sending LIMIT 1`,
    program: TWICE,
  },
  {
    what: 'a negative price',
    sql: `INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price) VALUES (:here, :sending, 999999, 1, -1)`,
    program: CHECKED,
  },
  {
    what: 'a message deleted',
    sql: `DELETE FROM messages WHERE campaign_id = :sending`,
    program: NO_RIGHT,
    owner: GUARDED,
  },

  // Attempts
  {
    what: 'a second attempt while the first may have arrived',
    sql: `INSERT INTO attempts (message_id, attempt_no, workspace_id, worker) VALUES (${messageOf('sending', 'sent')}, 2, :here, 'mallory')`,
    program: GUARDED,
  },
  {
    what: 'a third attempt of a message without a second',
    sql: `INSERT INTO attempts (message_id, attempt_no, workspace_id, worker) VALUES (${messageOf('sending', 'sent')}, 3, :here, 'mallory')`,
    program: GUARDED,
  },
  {
    what: 'leave to send once more that is taken back, when another attempt may have followed',
    sql: `INSERT INTO messages (workspace_id, campaign_id, contact_id, slice_no, price) VALUES (:here, :sending, 999999, 1, 1);
      INSERT INTO attempts (message_id, attempt_no, workspace_id, worker, dispatched_at)
        SELECT id, 1, :here, 'mallory', now() FROM messages WHERE contact_id = 999999;
      UPDATE attempts SET outcome = 'indeterminate', resolved_at = now(), resend_ok = true WHERE worker = 'mallory';
      UPDATE attempts SET resend_ok = false WHERE worker = 'mallory'`,
    program: GUARDED,
  },
  {
    what: 'a dispatched attempt that was not',
    sql: `UPDATE attempts SET dispatched_at = NULL WHERE ${attemptsOf('sending', 'sent')}`,
    program: GUARDED,
  },
  {
    what: 'another moment of dispatch',
    sql: `UPDATE attempts SET dispatched_at = now() + interval '1 day' WHERE ${attemptsOf('sending', 'sent')}`,
    program: GUARDED,
  },
  {
    what: 'an accepted attempt that never left',
    sql: `UPDATE attempts SET outcome = 'not_sent', provider_message_id = NULL WHERE ${attemptsOf('sending', 'sent')}`,
    program: GUARDED,
  },
  {
    what: 'an accepted attempt that is unknown',
    sql: `UPDATE attempts SET outcome = 'indeterminate', provider_message_id = NULL WHERE ${attemptsOf('sending', 'sent')}`,
    program: GUARDED,
  },
  {
    what: 'an accepted attempt opened again',
    sql: `UPDATE attempts SET outcome = NULL, resolved_at = NULL WHERE ${attemptsOf('sending', 'sent')}`,
    program: GUARDED,
  },
  {
    what: 'an accepted attempt that may be made again',
    sql: `UPDATE attempts SET resend_ok = true WHERE ${attemptsOf('sending', 'sent')}`,
    program: CHECKED,
  },
  {
    what: 'an attempt accepted without the platform’s id',
    sql: `UPDATE attempts SET provider_message_id = NULL WHERE ${attemptsOf('sending', 'sent')}`,
    program: CHECKED,
  },
  {
    what: 'one platform’s id for two messages',
    sql: `UPDATE attempts SET provider_message_id = 'wamid.x' WHERE message_id IN (SELECT id FROM messages WHERE campaign_id = :sending)`,
    program: TWICE,
  },
  { what: 'an attempt deleted', sql: `DELETE FROM attempts`, program: NO_RIGHT, owner: GUARDED },

  // Campaigns and approvals
  {
    what: 'a settled campaign sent again',
    sql: `UPDATE campaigns SET state = 'sending', settled_at = NULL WHERE id = :settled`,
    program: GUARDED,
  },
  {
    what: 'a campaign settled without its time',
    sql: `UPDATE campaigns SET state = 'completing' WHERE id = :sending; UPDATE campaigns SET state = 'settled' WHERE id = :sending`,
    program: CHECKED,
  },
  {
    what: 'a submitted campaign on another schedule',
    sql: `UPDATE campaigns SET schedule = '{"now": true, "x": 1}' WHERE id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a submitted campaign with another digest',
    sql: `UPDATE campaigns SET digest = '\\x00' WHERE id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a submitted campaign by somebody else',
    sql: `UPDATE campaigns SET editors = ARRAY['key:joko'], submitted_by = 'key:joko' WHERE id = :sending`,
    program: GUARDED,
  },
  {
    what: 'a submitted campaign with another hold',
    sql: `UPDATE campaigns SET hold_id = ${hold('settled')} WHERE id = :sending`,
    program: GUARDED,
  },
  { what: 'a campaign deleted', sql: `DELETE FROM campaigns`, program: NO_RIGHT, owner: GUARDED },
  {
    what: 'an approval by its maker',
    sql: `INSERT INTO approvals (id, workspace_id, campaign_id, digest, approver, decision, policy_version, created_at)
      SELECT gen_random_uuid(), workspace_id, id, digest, 'key:budi', 'approve', 1, now() FROM campaigns WHERE id = :sending`,
    program: GUARDED,
  },
  {
    what: 'an approval of another version',
    sql: `INSERT INTO approvals (id, workspace_id, campaign_id, digest, approver, decision, policy_version, created_at)
      SELECT gen_random_uuid(), workspace_id, id, '\\x00', 'key:sari', 'approve', 1, now() FROM campaigns WHERE id = :sending`,
    program: GUARDED,
  },

  // The trail and the rules themselves
  {
    what: 'an audit event edited',
    sql: `UPDATE audit_events SET actor = 'key:mallory'`,
    program: NO_RIGHT,
    owner: GUARDED,
  },
  { what: 'an audit event deleted', sql: `DELETE FROM audit_events`, program: NO_RIGHT, owner: GUARDED },
  { what: 'a seal edited', sql: `UPDATE seals SET hash = hash`, program: NO_RIGHT, owner: GUARDED },
  { what: 'all seals truncated', sql: `TRUNCATE seals`, program: NO_RIGHT, owner: GUARDED },
  {
    what: 'triggers put aside for a session',
    sql: `SET LOCAL session_replication_role = replica`,
    program: NO_RIGHT,
  },
]
