import { createHash } from 'node:crypto'
import type { Purpose } from '../delivery/index.ts'
import type { Category } from '../templates/index.ts'

/** One reminder of a ladder around an invoice's due date. */
export type Step = {
  /** The step's own word, which stays when the ladder is edited: that each goes at most once rests on it. */
  readonly key: string
  /** Days after the due date; before it where negative. */
  readonly offset: number
  /** Working days are Monday to Friday without the holidays of the sequence's country. */
  readonly unit: 'days' | 'working_days'
  readonly templateId: string
  /** Where it goes out from another number, or by another channel, than the rest of the ladder. */
  readonly senderId?: string | undefined
  /** On the debtor's clock: not before `time`, and never from `until` on. */
  readonly time: string
  readonly until: string
  readonly conditions: Conditions
  /** What the words of the template need beside the invoice, such as `discount` or `late_fee`. */
  readonly variables: Readonly<Record<string, string>>
  /** By SMS to whom WhatsApp cannot reach, for at most so much a run (1/10,000 of a unit of the wallet's currency). */
  readonly fallback?:
    | { readonly senderId: string; readonly templateId: string; readonly ceilingMinor: string }
    | undefined
  /** Variables that are days, counted from the due date: `{ discount_until: -3 }`. */
  readonly dates: Readonly<Record<string, number>>
}

/** For whom a step is meant; all that are given must hold. Amounts are what is still owed, in 1/10,000 of a unit. */
export type Conditions = {
  readonly leastMinor?: string | undefined
  readonly mostMinor?: string | undefined
  /** At least one of these. */
  readonly tags?: readonly string[] | undefined
  /** None of these. */
  readonly withoutTags?: readonly string[] | undefined
  /** Only where the debtor has not written back since the invoice was first reminded of. */
  readonly unanswered?: boolean | undefined
}

export const WHEN_SHORT = ['block', 'wait', 'partial'] as const
/**
 * What to do where money or a cap does not suffice for all of a run: send none of it until it does (`block`), send what
 * it suffices for in order of the amount due and go on after a top-up (`wait`), or leave it at that (`partial`).
 */
export type WhenShort = (typeof WHEN_SHORT)[number]

/** A ladder as it is written. */
export type SequenceWords = {
  readonly name: string
  readonly senderId: string
  /** ISO 3166: whose holidays working days leave out. */
  readonly country: string
  readonly whenShort: WhenShort
  readonly mostMessages: number | null
  readonly onePerDebtor: boolean
  readonly steps: readonly Step[]
}

export const MOST_STEPS = 30
export const MOST_OFFSET_DAYS = 366
const STEP_KEY = /^[a-z][a-z0-9_]{0,39}$/
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$/

/** What is wrong with a ladder, each with its place; none where nothing is. */
export function faultsOf({
  steps,
}: Pick<SequenceWords, 'steps'>): { path: string; code: string; message: string }[] {
  const faults = []
  if (steps.length === 0 || steps.length > MOST_STEPS)
    faults.push({ path: 'steps', code: 'invalid', message: `A sequence has 1 to ${MOST_STEPS} steps.` })
  const keys = new Set<string>()
  for (const [n, step] of steps.entries()) {
    const fault = faultOfStep(step, keys)
    keys.add(step.key)
    if (fault) faults.push({ path: `steps[${n}].${fault.of}`, code: 'invalid', message: fault.message })
  }
  return faults
}

function faultOfStep(step: Step, keys: ReadonlySet<string>): { of: string; message: string } | undefined {
  if (!STEP_KEY.test(step.key))
    return {
      of: 'key',
      message: 'A key is up to 40 small letters, digits and underscores, and begins with a letter.',
    }
  if (keys.has(step.key)) return { of: 'key', message: 'Two steps have this key.' }
  if (!Number.isInteger(step.offset) || Math.abs(step.offset) > MOST_OFFSET_DAYS)
    return { of: 'offset', message: `A step is at most ${MOST_OFFSET_DAYS} days from the due date.` }
  if (!CLOCK.test(step.time)) return { of: 'time', message: 'A time is written as 09:00.' }
  if (!CLOCK.test(step.until)) return { of: 'until', message: 'A time is written as 18:00.' }
  if (step.time >= step.until) return { of: 'until', message: 'until must be later than time.' }
  return undefined
}

/** Why somebody is written to: offers are marketing, what is overdue is collected, the rest is a reminder. */
export function purposeOf(step: Pick<Step, 'offset'>, category: Category): Purpose {
  if (category === 'marketing') return 'marketing'
  return step.offset > 0 ? 'collection' : 'reminder'
}

export type ConditionRefusal = 'condition_amount' | 'condition_tag' | 'answered' | 'enough_messages'

/** Why a step does not fit an invoice, or undefined. */
export function unfitFor(
  step: Step,
  invoice: { owedMinor: bigint; tags: readonly string[]; messages: number; answered: boolean },
  mostMessages: number | null,
): ConditionRefusal | undefined {
  const { leastMinor, mostMinor, tags, withoutTags, unanswered } = step.conditions
  if (leastMinor !== undefined && invoice.owedMinor < BigInt(leastMinor)) return 'condition_amount'
  if (mostMinor !== undefined && invoice.owedMinor > BigInt(mostMinor)) return 'condition_amount'
  if (tags?.length && !tags.some((tag) => invoice.tags.includes(tag))) return 'condition_tag'
  if (withoutTags?.some((tag) => invoice.tags.includes(tag))) return 'condition_tag'
  if (unanswered && invoice.answered) return 'answered'
  if (mostMessages !== null && invoice.messages >= mostMessages) return 'enough_messages'
  return undefined
}

/** What a standing approval is given for: all that decides who is told what, when, from where and in which order. */
export function digestOf(id: string, version: number, words: object): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([id, version, words]))
    .digest()
}
