import { formatAmount } from '../platform/money.ts'

/** What is known of one message, for the sentence that explains it. */
export type MessageFacts = {
  state: string
  currency: string
  priceMinor: bigint
  /** Undefined where nothing was charged; zero where the delivery was free. */
  chargedMinor: bigint | undefined
  chargeReason: string | null
  late: boolean
  category: string
  market: string | null
  reason: string | null
  detail: string | null
  dueAt: string | null
  sentAt: string | null
  deliveredAt: string | null
  readAt: string | null
  /** The state and the cost of the SMS that took its place; null where none did. */
  nextState?: string | null
  nextChargedMinor?: bigint | undefined
  /** The zone in which times are told. */
  timeZone: string
}

/** One plain sentence for one recipient: what happened, what it cost, and why. Times in the account's zone. */
export function explain(facts: MessageFacts): string {
  return facts.nextState ? `${ownLeg(facts)}; by SMS instead: ${nextLeg(facts)}` : ownLeg(facts)
}

function nextLeg({ nextState, nextChargedMinor, currency }: MessageFacts): string {
  const paid =
    nextChargedMinor === undefined ? 'not charged' : `charged ${currency} ${formatAmount(nextChargedMinor)}`
  return `${nextState}, ${paid}`
}

function ownLeg(facts: MessageFacts): string {
  switch (facts.state) {
    case 'queued':
      return waiting(facts)
    case 'sending':
      return 'being sent now'
    case 'sent':
      if (facts.chargedMinor !== undefined)
        return `${cost(facts)} on acceptance: sent ${time(facts.sentAt, facts)}, no delivery reported yet`
      return `sent ${time(facts.sentAt, facts)}, not yet delivered; ${price(facts)} stays held until it is, or until its lifetime ends`
    case 'delivered':
    case 'read':
      return charged(facts)
    case 'failed':
      if (facts.chargedMinor !== undefined)
        return `failed, and ${cost(facts)} all the same, since the card charges on acceptance: ${because(facts)}`
      return `failed, not charged: ${because(facts)}`
    case 'expired':
      if (facts.chargedMinor !== undefined)
        return `${cost(facts)} on acceptance: sent ${time(facts.sentAt, facts)}, and no delivery was ever reported`
      return facts.reason === 'no_receipt'
        ? `sent ${time(facts.sentAt, facts)}, and no delivery was reported within its lifetime; not charged`
        : 'not sent: its time to be sent had passed; not charged'
    case 'uncertain':
      return `it is not known whether this was sent (${because(facts)}); it is never sent again by itself, and charged only if a delivery is reported`
    case 'cancelled':
      return 'not sent: the campaign was cancelled; not charged'
    case 'skipped':
      return `not sent: ${because(facts)}; not charged`
    default:
      return facts.state
  }
}

function waiting(facts: MessageFacts): string {
  if (facts.reason) return `waits to be tried again: ${because(facts)}`
  return facts.dueAt ? `will be sent from ${time(facts.dueAt, facts)}` : 'waits to be sent'
}

function charged(facts: MessageFacts): string {
  const when =
    facts.deliveredAt !== null
      ? `delivered ${time(facts.deliveredAt, facts)}`
      : `read ${time(facts.readAt, facts)}`
  const where = facts.market ? `, ${facts.market}` : ''
  if (facts.chargedMinor === undefined || facts.chargedMinor === 0n) {
    return `free: ${when}, ${facts.category}${where}, ${FREE_REASONS[facts.chargeReason ?? ''] ?? 'no charge'}`
  }
  const late = facts.late ? ', charged late because its money had already gone back' : ''
  return `${cost(facts)}: ${when}, ${facts.category}${where}${late}`
}

function cost({ currency, chargedMinor = 0n }: MessageFacts): string {
  return `charged ${currency} ${formatAmount(chargedMinor)}`
}

const FREE_REASONS: Readonly<Record<string, string>> = {
  zero_price: 'the rate card says zero',
  window_open: 'inside a 24-hour window that is already paid',
  customer_window: 'inside the customer’s own 24-hour window',
  free_entry_point: 'inside a free entry point',
  reported_free: 'the platform says that it was free',
}

const REASONS: Readonly<Record<string, string>> = {
  opted_out: 'the person opted out or is blocked',
  erased: 'the contact was erased',
  missing_variable: 'a value that the template needs is missing',
  too_long: 'the message would be too long',
  worker_lost: 'the program stopped while it was being sent',
  put_back: 'sending was stopped before it left',
  paid: 'the invoice was paid first',
  amount_changed: 'what is owed changed before it left, and the reminder was made anew',
  promised: 'payment was promised for a later day',
  disputed: 'the invoice is disputed',
  invoice_cancelled: 'the invoice was cancelled',
  no_receipt: 'no receipt came within its lifetime',
}

function because(facts: MessageFacts): string {
  const known = facts.reason === null ? undefined : REASONS[facts.reason]
  if (known) return known
  if (facts.detail) return facts.reason ? `${facts.detail} (${facts.reason})` : facts.detail
  return facts.reason ?? 'no reason was given'
}

function price(facts: MessageFacts): string {
  return `${facts.currency} ${formatAmount(facts.priceMinor)}`
}

function time(instant: string | null, facts: MessageFacts): string {
  return instant === null ? 'at an unknown time' : clockOf(facts.timeZone).format(new Date(instant))
}

const clocks = new Map<string, Intl.DateTimeFormat>()

/** Making one takes longer than all else about a sentence. */
function clockOf(timeZone: string): Intl.DateTimeFormat {
  const known = clocks.get(timeZone)
  if (known) return known
  const clock = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    timeZoneName: 'short',
  })
  clocks.set(timeZone, clock)
  return clock
}
