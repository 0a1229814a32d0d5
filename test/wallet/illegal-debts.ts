import {
  anotherGoes,
  guarded,
  type Kind,
  NOBODY,
  notThere,
  ofNoWorkspace,
  stays,
  twice,
  unchecked,
  withTheIdOfAnothers,
} from './copy.ts'
import type { Effect } from './effects.ts'
import { GUARDED, type Illegal, NOT_THERE } from './illegal.ts'

/**
 * What is owed and who has paid it; what is sent by itself because of that, and who allowed it. The rows that are copied
 * are those of `furnish`.
 */
const LONG = "repeat('x', 2001)"

const invoice: Kind = {
  a: 'an invoice',
  of: 'invoices',
  where: "number = 'INV-OPEN'",
  fresh: { id: NOBODY, number: "'INV-NEW'" },
}
const payment: Kind = {
  a: 'a payment',
  of: 'invoice_payments',
  fresh: { id: NOBODY, external_id: "'new'" },
}
const invoiceEvent: Kind = {
  a: 'an invoice’s event',
  of: 'invoice_events',
  fresh: { id: '(SELECT max(id) + 1 FROM invoice_events)' },
}
const link: Kind = {
  a: 'a payment link',
  of: 'payment_links',
  fresh: { id: NOBODY, reference: "'new'", amount: '7' },
}
const gateway: Kind = {
  a: 'a payment gateway',
  of: 'payment_gateways',
  fresh: { id: NOBODY, makes_links: 'false' },
}
const gatewayEvent: Kind = {
  a: 'a gateway’s event',
  of: 'gateway_events',
  fresh: { id: NOBODY, event_id: "'new'" },
}
const sequence: Kind = { a: 'a sequence', of: 'sequences', fresh: { id: NOBODY } }
const standing: Kind = { a: 'a standing approval', of: 'standing_approvals', fresh: { id: NOBODY } }
const reminderRun: Kind = {
  a: 'a run of reminders',
  of: 'reminder_runs',
  fresh: { campaign_id: ':settled' },
}
const reminder: Kind = { a: 'a reminder', of: 'reminders', fresh: { step_key: "'new'" } }
const recurrence: Kind = { a: 'a recurrence', of: 'recurrences', fresh: { id: NOBODY } }
const occurrence: Kind = { a: 'an occurrence', of: 'occurrences', fresh: { at: "'2030-01-01'" } }
const forewarning: Kind = {
  a: 'a forewarning',
  of: 'forewarnings',
  fresh: { told_on: "'2026-01-02'", day: "'2026-01-02'" },
}
const KINDS = [
  ...[invoice, payment, invoiceEvent, link, gateway, gatewayEvent, sequence, standing, reminderRun, reminder],
  ...[recurrence, occurrence, forewarning],
]

/** What is skipped or held says why, and only what is planned has a campaign. */
const ends = (kind: Kind): Illegal[] =>
  unchecked(kind, {
    'in no known state': { state: "'lost'", campaign_id: 'NULL', reason: "'test'" },
    'held and in a campaign': { state: "'held'", reason: "'test'" },
    'planned for no campaign': { campaign_id: 'NULL' },
    'skipped for no reason': { state: "'skipped'", campaign_id: 'NULL', reason: 'NULL' },
  })

export const ILLEGAL_DEBTS: readonly Illegal[] = [
  ...unchecked(invoice, {
    'without a number': { number: "''" },
    'in no currency': { currency: "'rp1'" },
    'of nothing': { amount: '0' },
    'paid less than nothing': { paid: '-1', state: "'disputed'" },
    'in no known state': { state: "'lost'" },
    'with a link that is a novel': { pay_link: LONG },
    'with an attachment that is a novel': { attachment: LONG },
    'paid at no time': { state: "'paid'", paid: 'x.amount' },
    'paid in part and called paid': { state: "'paid'", paid: '1', paid_at: 'now()' },
    'partly paid by nothing': { state: "'partly_paid'" },
    'partly paid by all of it': { state: "'partly_paid'", paid: 'x.amount' },
    'open and paid in part': { paid: '1' },
    'gone from its sheet and still owed': { gone_from_sheet: 'true' },
    'promised for no day': { state: "'promised'" },
  }),
  ...twice(invoice, {
    'with the id of another': { id: 'x.id' },
    'with the number of another': { number: 'x.number' },
  }),
  ...notThere(invoice, { 'of no contact': { contact_id: '999999' } }),
  ...ofNoWorkspace(invoice, ['DISABLE TRIGGER USER']),
  ...stays(invoice),
  {
    what: 'an invoice that becomes nobody’s',
    sql: 'UPDATE invoices SET contact_id = contact_id + 1000000',
    program: NOT_THERE,
  },
  ...Object.entries({
    'owed again': "state = 'disputed', paid_at = NULL",
    'less paid than it was': 'paid = paid - 1, amount = 1',
    'with another number': "number = 'INV-X'",
  }).map(([how, set]) => ({
    what: `a paid invoice ${how}`,
    sql: `UPDATE invoices SET ${set} WHERE state = 'paid'`,
    program: GUARDED,
  })),

  ...unchecked(payment, {
    'of nothing': { amount: '0' },
    'from nowhere': { source: "''" },
    'without a number of its own': { external_id: "''" },
  }),
  ...twice(payment, {
    'with the id of another': { id: 'x.id' },
    'that was recorded already': { external_id: 'x.external_id' },
  }),
  ...notThere(payment, { 'of no invoice': { invoice_id: NOBODY } }),
  ...stays(payment, 'amount = amount + 1'),
  ...unchecked(invoiceEvent, { 'of no known kind': { kind: "'forgotten'" } }),
  ...twice(invoiceEvent, { 'with the number of another': { id: 'x.id' } }),
  ...notThere(invoiceEvent, { 'of no invoice': { invoice_id: NOBODY } }),
  ...stays(invoiceEvent, "actor = 'mallory'"),

  ...unchecked(link, {
    'without a reference': { reference: "''" },
    'for nothing': { amount: '0' },
    'in no known state': { state: "'lost'", url: 'NULL' },
    'that is a novel': { url: LONG },
    'made without an address': { url: 'NULL' },
  }),
  ...twice(link, {
    'with the id of another': { id: 'x.id' },
    'with the reference of another': { reference: 'x.reference' },
    'for an amount that has one': { amount: 'x.amount' },
  }),
  ...notThere(link, { 'of no invoice': { invoice_id: NOBODY }, 'of no gateway': { gateway_id: NOBODY } }),
  {
    what: 'a payment link that was made, changed',
    sql: 'UPDATE payment_links SET amount = 8',
    program: GUARDED,
  },

  ...unchecked(gateway, { 'of no known provider': { provider: "'bank'" }, 'without a name': { name: "''" } }),
  ...twice(gateway, {
    'with the id of another': { id: 'x.id' },
    'that makes links beside another': { makes_links: 'true' },
  }),
  ...ofNoWorkspace(gateway),
  ...unchecked(gatewayEvent, {
    'without a number of its own': { event_id: "''" },
    'of no known kind': { kind: "'given'" },
    'with no known outcome': { outcome: "'perhaps'", invoice_id: 'NULL' },
    'of half a body': { body_sha256: "'\\x00'" },
    'recorded for no invoice': { invoice_id: 'NULL' },
  }),
  ...twice(gatewayEvent, {
    'with the id of another': { id: 'x.id' },
    'that was heard already': { event_id: 'x.event_id' },
  }),
  ...notThere(gatewayEvent, {
    'of no gateway': { gateway_id: NOBODY },
    'of no invoice': { invoice_id: NOBODY },
  }),

  ...unchecked(sequence, {
    'without a name': { name: "''" },
    'in no known state': { state: "'lost'" },
    'before its first version': { version: '0' },
    'that begs when money is short': { when_short: "'beg'" },
    'of no messages at most': { most_messages: '0' },
    'that is active since never': { active_since: 'NULL' },
  }),
  ...twice(sequence, { 'with the id of another': { id: 'x.id' } }),
  ...notThere(sequence, { 'of no sender': { sender_id: NOBODY } }),
  ...ofNoWorkspace(sequence, ['DROP CONSTRAINT IF EXISTS sequences_sender_id_workspace_id_fkey']),
  ...unchecked(standing, {
    'of half a digest': { digest: "'\\x00'" },
    'for nothing a run': { cap_run: '0' },
    'for nothing a day': { cap_day: '0' },
    'for nothing a month': { cap_month: '0' },
    'taken back by nobody': { revoked_at: 'now()' },
    'taken back at no time': { revoked_by: "'key:sari'" },
  }),
  ...twice(standing, { 'with the id of another': { id: 'x.id' } }),
  ...guarded(standing, {
    'by the maker of its sequence': { approver: "'key:budi'" },
    'by the maker of its recurrence': {
      approver: "'key:budi'",
      subject_id: '(SELECT id FROM recurrences LIMIT 1)',
    },
  }),
  ...ofNoWorkspace(standing),
  ...stays(standing),
  {
    what: 'a standing approval for more than was approved',
    sql: 'UPDATE standing_approvals SET cap_run = cap_run + 1',
    program: GUARDED,
  },
  {
    what: 'a standing approval given again',
    sql: `UPDATE standing_approvals SET revoked_at = now(), revoked_by = 'key:sari';
      UPDATE standing_approvals SET revoked_at = NULL, revoked_by = NULL`,
    program: GUARDED,
  },
  ...twice(reminderRun, { 'of a campaign that is one': { campaign_id: 'x.campaign_id' } }),
  ...notThere(reminderRun, {
    'of no campaign': { campaign_id: NOBODY },
    'that nobody approved': { standing_id: NOBODY },
  }),

  ...ends(reminder),
  ...unchecked(reminder, { 'of no step': { step_key: "''" } }),
  ...twice(reminder, { 'of one step and invoice again': { step_key: 'x.step_key' } }),
  ...notThere(reminder, {
    'of no sequence': { sequence_id: NOBODY },
    'of no invoice': { invoice_id: NOBODY },
    'of a campaign that is not there': { campaign_id: NOBODY },
  }),
  ...stays(reminder),
  ...unchecked(recurrence, {
    'without a name': { name: "''" },
    'in no known state': { state: "'lost'" },
    'before its first version': { version: '0' },
    'that starts on a clock with no such time': { starts_at: "'2026-01-01T09:00:00.0'" },
    'that waits when money is short': { when_short: "'wait'" },
    'that is active since never': { active_since: 'NULL' },
  }),
  ...twice(recurrence, { 'with the id of another': { id: 'x.id' } }),
  ...notThere(recurrence, {
    'of no template': { template_id: NOBODY },
    'of no sender': { sender_id: NOBODY },
    'of no list': { list_id: NOBODY },
  }),
  ...ofNoWorkspace(
    recurrence,
    ['template', 'sender', 'list'].map(
      (part) => `DROP CONSTRAINT IF EXISTS recurrences_${part}_id_workspace_id_fkey`,
    ),
  ),
  ...ends(occurrence),
  ...twice(occurrence, { 'of one moment again': { at: 'x.at' } }),
  ...notThere(occurrence, {
    'of no recurrence': { recurrence_id: NOBODY },
    'of a campaign that is not there': { campaign_id: NOBODY },
  }),
  ...stays(occurrence),
  {
    what: 'an occurrence that has its end, given another',
    sql: "UPDATE occurrences SET state = 'skipped', campaign_id = NULL, reason = 'test'",
    program: GUARDED,
  },
  ...unchecked(forewarning, {
    'that nothing lacks': { lacking: '0' },
    'of a day that is over': { day: "'2026-01-01'" },
  }),
  ...twice(forewarning, { 'on a day that has one': { told_on: 'x.told_on', day: 'x.day' } }),
  ...ofNoWorkspace(forewarning),
  ...[invoice, gateway, sequence, standing, recurrence].map(withTheIdOfAnothers),
]

export const EFFECTS_OF_DEBTS: readonly Effect[] = KINDS.map(anotherGoes)
