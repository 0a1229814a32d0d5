import { instant } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'

/** What became of one step for one invoice, and why. */
export type Reminder = {
  readonly sequenceId: string
  readonly stepKey: string
  readonly invoiceId: string
  readonly number: string
  readonly contactId: string
  readonly state: 'held' | 'planned' | 'skipped'
  readonly reason: string | null
  readonly nominalDay: string
  readonly sendDay: string | null
  readonly campaignId: string | null
  /** The state of its message, where it has one. */
  readonly messageState: string | null
  readonly explanation: string
  readonly updatedAt: string
}

/** A place among reminders: the day that the ladder names, the invoice and the step. */
export type ReminderPlace = readonly [day: string, invoiceId: string, stepKey: string]

/** What has been decided of a sequence's steps, the latest days first; of one invoice where one is named. */
export async function listReminders(
  scope: Scope,
  request: PageRequest<ReminderPlace> & {
    sequenceId?: string | undefined
    invoiceId?: string | undefined
    state?: Reminder['state'] | undefined
  },
): Promise<Page<Reminder, ReminderPlace>> {
  const { sql, workspaceId } = scope
  const { sequenceId, invoiceId, state, after, limit } = request
  const rows = await sql<Row[]>`
    SELECT r.sequence_id, r.step_key, r.invoice_id, i.number, r.contact_id, r.state, r.reason, r.nominal_day::text,
           r.send_day::text, r.campaign_id, m.state AS message_state, r.updated_at
      FROM reminders r JOIN invoices i ON i.id = r.invoice_id
      LEFT JOIN messages m ON m.campaign_id = r.campaign_id AND m.contact_id = r.contact_id
     WHERE r.workspace_id = ${workspaceId}
       ${sequenceId === undefined ? sql`` : sql`AND r.sequence_id = ${sequenceId}`}
       ${invoiceId === undefined ? sql`` : sql`AND r.invoice_id = ${invoiceId}`}
       ${state === undefined ? sql`` : sql`AND r.state = ${state}`}
       ${after === undefined ? sql`` : sql`AND (r.nominal_day, r.invoice_id, r.step_key) < (${after[0]}::text::date, ${after[1]}::uuid, ${after[2]})`}
     ORDER BY r.nominal_day DESC, r.invoice_id DESC, r.step_key DESC LIMIT ${limit + 1}`
  return pageOf(
    rows.map(toReminder),
    limit,
    (one): ReminderPlace => [one.nominalDay, one.invoiceId, one.stepKey],
  )
}

type Row = {
  sequence_id: string
  step_key: string
  invoice_id: string
  number: string
  contact_id: bigint
  state: Reminder['state']
  reason: string | null
  nominal_day: string
  send_day: string | null
  campaign_id: string | null
  message_state: string | null
  updated_at: string
}

function toReminder(row: Row): Reminder {
  return {
    sequenceId: row.sequence_id,
    stepKey: row.step_key,
    invoiceId: row.invoice_id,
    number: row.number,
    contactId: row.contact_id.toString(),
    state: row.state,
    reason: row.reason,
    nominalDay: row.nominal_day,
    sendDay: row.send_day,
    campaignId: row.campaign_id,
    messageState: row.message_state,
    explanation: explainReminder(row.state, row.reason, row.send_day),
    updatedAt: instant(row.updated_at)!,
  }
}

const REASONS: Readonly<Record<string, string>> = {
  missed: 'its day passed while the program did not run or could not send',
  not_yet_known: 'its day had passed when the invoice was entered',
  overtaken: 'the next step of the ladder is due by the same day',
  link_not_made: 'its payment link is not made yet',
  promised: 'payment is promised',
  disputed: 'the invoice is disputed',
  amount_changed: 'what is owed has changed, and it is made anew',
  condition_amount: 'the amount is outside what the step is for',
  condition_tag: 'the tags are not those that the step is for',
  answered: 'the person has written back',
  enough_messages: 'this invoice has had as many messages as the sequence allows',
  unknown_zone: 'it is not known what time it is for this person',
  missing_calendar: 'the holidays of that year are not known: import the calendar',
  no_hour_fits: 'no hour suits every place where this person may be',
  no_standing_approval: 'the sequence, as it is now, has no approval',
  over_cap: 'the cap of the standing approval is used up',
  insufficient_funds: 'the balance does not suffice',
  opted_out: 'the person opted out or is blocked',
  missing_variable: 'a value that the template needs is missing',
  template_not_approved: 'the template is not approved for sending',
  sender_stopped: 'the sender is stopped',
  no_price: 'there is no price for this number',
  no_recipients: 'nobody of this step can be sent it',
}

function explainReminder(state: Reminder['state'], reason: string | null, sendDay: string | null): string {
  if (state === 'planned') return `in the campaign of ${sendDay}`
  const why = reason === null ? 'no reason was given' : (REASONS[reason] ?? reason.replaceAll('_', ' '))
  return state === 'held' ? `waits: ${why}` : `not sent: ${why}`
}
