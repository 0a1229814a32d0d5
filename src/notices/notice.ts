/** What can be told, and in which words a person reads it. */
export const NOTICE_TYPES = {
  'approval.waiting': 'A campaign waits for approval',
  'approval.lapsed': 'Nobody decided on a campaign in time',
  'campaign.settled': 'A campaign is settled',
  'campaign.paused': 'A campaign was paused',
  'campaign.waiting_for_funds': 'A campaign waits for money',
  'wallet.will_lack': 'A coming run will lack money',
  'invoice.paid': 'An invoice was paid',
  'invoice.payment_reversed': 'A payment was refunded or charged back',
  ping: 'A test, as you asked for',
} as const
export type NoticeType = keyof typeof NOTICE_TYPES
export const NOTICE_NAMES = Object.keys(NOTICE_TYPES) as NoticeType[]

/** An entry of the audit trail, as far as notices are made of it. */
export type Entry = {
  readonly action: string
  readonly subject: string
  readonly facts: Readonly<Record<string, unknown>>
}

/** Every action that may become a notice: only these are read from the trail. */
export const TOLD_ACTIONS = [
  'campaign.submitted',
  'campaign.price_accepted',
  'campaign.approval_lapsed',
  'campaign.settled',
  'campaign.paused',
  'campaign.waits_for_funds',
  'wallet.will_lack',
  'invoice.paid',
  'invoice.payment_refunded',
  'invoice.payment_charged_back',
]

/** The notice that tells an entry; undefined where nobody need be told. Facts bear no names, numbers or texts of people. */
export function noticeOf(
  entry: Entry,
): { readonly type: NoticeType; readonly data: Readonly<Record<string, unknown>> } | undefined {
  const { action, facts } = entry
  const data = { ...subjectOf(entry.subject), ...facts }
  switch (action) {
    case 'campaign.submitted':
    case 'campaign.price_accepted':
      return facts.state === 'pending_approval' ? { type: 'approval.waiting', data } : undefined
    case 'campaign.approval_lapsed':
      return { type: 'approval.lapsed', data }
    case 'campaign.settled':
      return { type: 'campaign.settled', data }
    case 'campaign.paused':
      return { type: 'campaign.paused', data }
    case 'campaign.waits_for_funds':
      return { type: 'campaign.waiting_for_funds', data }
    case 'wallet.will_lack':
      return { type: 'wallet.will_lack', data }
    case 'invoice.paid':
      return { type: 'invoice.paid', data }
    case 'invoice.payment_refunded':
    case 'invoice.payment_charged_back':
      return {
        type: 'invoice.payment_reversed',
        data: { ...data, how: action.slice('invoice.payment_'.length) },
      }
    default:
      return undefined
  }
}

/** `campaign:<id>` as `{ campaign_id }`. */
function subjectOf(subject: string): Record<string, string> {
  const [noun, id] = subject.split(':')
  return noun && id ? { [`${noun}_id`]: id } : {}
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** How long after each failed try the next one comes; after the last of them a delivery has failed. */
export const TRY_AGAIN_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
]

/** An endpoint that has taken nothing for so long is disabled. */
export const FAILS_AT_MOST_MS = 5 * 24 * HOUR_MS

/** When to try again after `attempts` tries; undefined: never. */
export function nextTry(attempts: number, now: Date): Date | undefined {
  const wait = TRY_AGAIN_MS[attempts - 1]
  return wait === undefined ? undefined : new Date(now.getTime() + wait)
}

/** A notice as a mail: a subject, and the facts one a line. */
export function mailOf(
  type: NoticeType,
  data: Readonly<Record<string, unknown>>,
): { subject: string; text: string } {
  const lines = Object.entries(data).map(
    ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const sentence = typeof data.sentence === 'string' ? data.sentence : `${NOTICE_TYPES[type]}.`
  return { subject: `Duecast: ${NOTICE_TYPES[type]}`, text: [sentence, '', ...lines].join('\n') }
}
