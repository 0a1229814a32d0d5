import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { DateTime } from 'luxon'
import { possibleZones } from '../campaigns/index.ts'
import { type DecencyBook, findDecency, type HoldReason, type Purpose, ruleFor } from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { findWorkspace } from '../workspaces/index.ts'
import type { Sequence } from './find-sequence.ts'
import { type DaysOff, isOvertaken, nominalDay, type Slot, type SlotOrHold, slotOf } from './occurrence.ts'
import type { Step } from './sequence.ts'

/** Where a ladder's step falls for an invoice: reckoned in one way for the plan and for what is foreseen. */

/** So many days may lie between the day that a ladder names and the decent day on which a step goes. */
const MOST_SHIFT_DAYS = 31
/** Working days are at most so many calendar days apart from what their number says. */
const WORKING_DAYS_SPREAD = 2
const MOST_CANDIDATES = 100_000

/** What days are reckoned by: the account's own day and zone, and the rules and calendars of decency. */
export type Ground = {
  readonly today: string
  readonly timeZone: string
  readonly book: DecencyBook
  /** What was reckoned already: many invoices fall on the same days in the same places. */
  readonly slots: Map<string, SlotOrHold>
  readonly nominals: Map<string, string | undefined>
  readonly offByCountry: Map<string, DaysOff>
}

/** The ground of this workspace at this moment. */
export async function groundOf(scope: Scope): Promise<Ground> {
  const { timeZone } = await findWorkspace(scope)
  const today = DateTime.fromJSDate(scope.now, { zone: timeZone }).toISODate()!
  return {
    today,
    timeZone,
    book: await findDecency(scope),
    slots: new Map(),
    nominals: new Map(),
    offByCountry: new Map(),
  }
}

/** An unpaid invoice whose step may be near, with the contact it is for. Amounts in 1/10,000 of a unit. */
export type Candidate = {
  invoice_id: string
  number: string
  contact_id: bigint
  amount: bigint
  paid: bigint
  due_date: string
  state: string
  promised_until: string | null
  tags: string[]
  pay_link: string | null
  attachment: string | null
  /** Whether a link by which it is paid is being made. */
  awaits_link: boolean
  variables: Record<string, string>
  created_at: string
  phone: string
  time_zone: string | null
  messages: number
  /** Whether the debtor has written since this invoice was first reminded of. */
  answered: boolean
}

/**
 * Unpaid invoices whose step may fall between two ISO days, and that have no row for it yet or wait for something.
 * @param lock shares the invoices' rows, so that a payment waits for the plan or the plan for it
 */
export async function candidatesOf(
  scope: Scope,
  sequenceId: string,
  step: Step,
  between: { readonly from: string; readonly to: string },
  lock: boolean,
): Promise<Candidate[]> {
  const { sql } = scope
  const spread =
    step.unit === 'working_days' ? Math.abs(step.offset) * WORKING_DAYS_SPREAD + MOST_SHIFT_DAYS : 0
  const first = plusDays(between.from, -MOST_SHIFT_DAYS - 1 - step.offset - spread)
  const last = plusDays(between.to, 2 - step.offset + spread)
  return sql<Candidate[]>`
    SELECT i.id AS invoice_id, i.number, i.contact_id, i.amount, i.paid, i.due_date::text, i.state, i.promised_until::text, i.tags,
           i.pay_link, i.attachment, i.link_wanted_at IS NOT NULL AS awaits_link, i.variables, i.created_at, c.phone, c.time_zone,
           (SELECT count(*)::int FROM reminders p WHERE p.invoice_id = i.id AND p.state = 'planned' AND p.workspace_id = i.workspace_id) AS messages,
           EXISTS (SELECT 1 FROM inbound_messages b WHERE b.contact_id = i.contact_id AND b.workspace_id = i.workspace_id
                     AND b.occurred_at > (SELECT min(p.created_at) FROM reminders p WHERE p.invoice_id = i.id AND p.state = 'planned'
                                             AND p.workspace_id = i.workspace_id)) AS answered
      FROM invoices i JOIN contacts c ON c.id = i.contact_id AND c.workspace_id = i.workspace_id
     WHERE i.workspace_id = ${scope.workspaceId} AND i.state NOT IN ('paid','cancelled') AND c.phone IS NOT NULL
       AND i.due_date BETWEEN ${first}::text::date AND ${last}::text::date
       AND NOT EXISTS (SELECT 1 FROM reminders r WHERE r.sequence_id = ${sequenceId} AND r.step_key = ${step.key}
                         AND r.invoice_id = i.id AND r.state <> 'held')
     ORDER BY i.id LIMIT ${MOST_CANDIDATES} ${lock ? sql`FOR SHARE OF i` : sql``}`
}

export type Place = { readonly nominal: string } & (
  | { readonly kind: 'slot'; readonly slot: Slot; readonly isOvertaken: boolean }
  | { readonly kind: 'held'; readonly reason: HoldReason }
  /** Working days cannot be counted without a calendar; `nominal` is the due date then. */
  | { readonly kind: 'unnamed'; readonly reason: 'missing_calendar' }
)

/** The day that the ladder names for an invoice, and the stretch in which the step may go, or why that is not known. */
export function placeOf(
  ground: Ground,
  sequence: Sequence,
  step: Step,
  purpose: Purpose,
  of: Candidate,
): Place {
  const nominal = cachedNominal(ground, sequence.country, step, of.due_date)
  if (nominal === undefined) return { nominal: of.due_date, kind: 'unnamed', reason: 'missing_calendar' }
  const zones = possibleZones(of.phone, of.time_zone)
  const found = cachedSlot(ground, step, nominal, zones, countryOf(of.phone), purpose)
  if (found.kind === 'held') return { nominal, ...found }
  const others = sequence.steps.flatMap((other) =>
    other === step ? [] : (cachedNominal(ground, sequence.country, other, of.due_date) ?? []),
  )
  return { nominal, ...found, isOvertaken: isOvertaken(nominal, found.slot.sendDay, others) }
}

/** An ISO day so many days after another. */
export function plusDays(day: string, days: number): string {
  return DateTime.fromISO(day, { zone: 'utc' }).plus({ days }).toISODate()!
}

function cachedNominal(ground: Ground, country: string, step: Step, dueDate: string): string | undefined {
  const key = `${country} ${step.offset} ${step.unit} ${dueDate}`
  if (ground.nominals.has(key)) return ground.nominals.get(key)
  const day = nominalDay(step, dueDate, daysOff(ground, country))
  ground.nominals.set(key, day)
  return day
}

function cachedSlot(
  { book, slots }: Ground,
  step: Step,
  nominal: string,
  zones: readonly string[],
  country: string | undefined,
  purpose: Purpose,
): SlotOrHold {
  const key = `${step.time} ${step.until} ${nominal} ${zones.join(',')} ${country} ${purpose}`
  const known = slots.get(key)
  if (known) return known
  const slot = slotOf(step, nominal, zones, ruleFor(book, country, purpose))
  slots.set(key, slot)
  return slot
}

const countries = new Map<string, string | undefined>()
const MOST_COUNTRIES = 100_000

function countryOf(phone: string): string | undefined {
  if (countries.has(phone)) return countries.get(phone)
  if (countries.size > MOST_COUNTRIES) countries.clear()
  const country = parsePhoneNumberFromString(phone)?.country
  countries.set(phone, country)
  return country
}

function daysOff({ book, offByCountry }: Ground, country: string): DaysOff {
  const known = offByCountry.get(country)
  if (known) return known
  const own = book.calendars.filter((calendar) => calendar.country === country)
  const off = {
    years: new Set(own.map(({ year }) => year)),
    days: new Set(own.flatMap(({ days }) => days.map(({ day }) => day))),
  }
  offByCountry.set(country, off)
  return off
}
