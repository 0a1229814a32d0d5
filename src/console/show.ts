import type { CampaignState, Schedule } from '../campaigns/index.ts'
import type { ImportState } from '../contacts/index.ts'
import type { MessageState } from '../delivery/index.ts'
import { formatAmount } from '../platform/money.ts'
import type { InvoiceState, Reminder, SequenceState } from '../reminders/index.ts'
import type { PlatformStatus } from '../templates/index.ts'
import { type Language, language } from './language.ts'

/** What a state means for the eye: each tone has a colour and a shape, and never stands without its word. */
export type Tone = 'idle' | 'wait' | 'run' | 'stop' | 'good' | 'bad'

/** Every state that the console shows. */
export const TONES: Readonly<
  Record<
    | CampaignState
    | MessageState
    | ImportState
    | InvoiceState
    | SequenceState
    | Reminder['state']
    | PlatformStatus
    | 'stopped',
    Tone
  >
> = {
  draft: 'idle',
  quoted: 'idle',
  pending_approval: 'wait',
  waiting_for_funds: 'wait',
  scheduled: 'wait',
  sending: 'run',
  paused: 'stop',
  completing: 'run',
  settled: 'good',
  rejected: 'bad',
  cancelled: 'idle',
  expired: 'bad',
  queued: 'wait',
  sent: 'run',
  delivered: 'good',
  read: 'good',
  failed: 'bad',
  uncertain: 'stop',
  skipped: 'idle',
  reading: 'run',
  mapping: 'wait',
  done: 'good',
  active: 'good',
  stopped: 'stop',
  open: 'idle',
  partly_paid: 'run',
  paid: 'good',
  promised: 'wait',
  disputed: 'stop',
  ended: 'idle',
  held: 'wait',
  planned: 'run',
  submitting: 'run',
  not_taken: 'bad',
  pending: 'wait',
  in_appeal: 'wait',
  approved: 'good',
  flagged: 'wait',
  archived: 'idle',
  limit_exceeded: 'stop',
  locked: 'stop',
  disabled: 'bad',
  pending_deletion: 'idle',
  deleted: 'idle',
}

/** The tags by which numbers and days are written. English days are written as most of the world writes them. */
export const TAGS: Readonly<Record<Language, string>> = { en: 'en-GB', id: 'id-ID', es: 'es-ES' }

/** An amount of 1/10,000 units with its thousands apart, in the reader's manner: `1,234,567.89` or `1.234.567,89`. */
export function grouped(amountMinor: bigint): string {
  return groupDigits(formatAmount(amountMinor))
}

/** A decimal with its thousands apart, in the reader's manner and to the last digit. */
export function groupDigits(decimal: string): string {
  const digits = decimal.split('.')[1]?.length ?? 0
  // A decimal as text is written exactly; a number would not be.
  return numberStyle(digits).format(decimal as `${number}`)
}

const numberStyles = new Map<string, Intl.NumberFormat>()

function numberStyle(fractionDigits: number): Intl.NumberFormat {
  const name = `${language()} ${fractionDigits}`
  const known = numberStyles.get(name)
  if (known) return known
  const digits = { minimumFractionDigits: fractionDigits, maximumFractionDigits: fractionDigits }
  const style = new Intl.NumberFormat(TAGS[language()], { ...digits, useGrouping: 'always' })
  numberStyles.set(name, style)
  return style
}

const SHARE_UNITS = 10_000n

/** How much of a whole a part is, in hundredths of a percent turned to percent, for a bar's width: 0 to 100. */
export function percentOf(part: bigint, whole: bigint): number {
  if (whole <= 0n) return 0
  return Number((part * SHARE_UNITS) / whole) / 100
}

/** A moment as it is on the clock of `timeZone`: `1 Dec 2026, 09:00 WIB`. */
export function moment(instant: string, timeZone: string): string {
  return clock(timeZone).format(new Date(instant))
}

/** An ISO day as the reader writes one: `1 Dec 2026`. */
export function dayOf(day: string): string {
  const spoken = TAGS[language()]
  const style =
    dayStyles.get(spoken) ?? new Intl.DateTimeFormat(spoken, { timeZone: 'UTC', dateStyle: 'medium' })
  dayStyles.set(spoken, style)
  return style.format(new Date(`${day}T00:00:00Z`))
}

const dayStyles = new Map<string, Intl.DateTimeFormat>()

const clocks = new Map<string, Intl.DateTimeFormat>()
const MOST_CLOCKS = 1_000

/** Making one takes longer than all else about a row. */
function clock(timeZone: string): Intl.DateTimeFormat {
  const name = `${language()} ${timeZone}`
  const known = clocks.get(name)
  if (known) return known
  const made = new Intl.DateTimeFormat(TAGS[language()], {
    timeZone,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  if (clocks.size < MOST_CLOCKS) clocks.set(name, made)
  return made
}

/** When a campaign goes out, as facts for the page to say. */
export function scheduleFacts(schedule: Schedule): {
  now: boolean
  at?: string
  zone?: string
  hours?: string
} {
  if ('now' in schedule) return { now: true }
  const at = schedule.at.replace('T', ' ').slice(0, 16)
  const { window } = schedule
  return { now: false, at, zone: schedule.timeZone, ...(window && { hours: `${window.from}–${window.to}` }) }
}
