import { IntlMessageFormat } from 'intl-messageformat'
import { formatAmount } from '../platform/money.ts'
import type { Refusal } from '../platform/result.ts'
import type { MessageFacts } from '../reports/index.ts'
import { language } from './language.ts'
import { groupDigits, grouped, moment, TAGS } from './show.ts'
import { SENTENCES } from './words/sentences.ts'

/** What the rooms say in English, said in the reader's language where it is known by its code. */

type Facts = Readonly<Record<string, unknown>>
const formats = new Map<string, IntlMessageFormat>()

/** A room's sentence by its code; as the room said it, where the reader's language has none of its own for it. */
export function sentence(code: string, english: string, facts: Facts = {}): string {
  const spoken = language()
  if (spoken === 'en') return english
  const text: string | undefined = SENTENCES[spoken][code]
  if (text === undefined) return english
  const name = `${spoken} ${code}`
  const known = formats.get(name)
  const format = known ?? new IntlMessageFormat(text, TAGS[spoken])
  if (!known) formats.set(name, format)
  const values = Object.fromEntries(Object.entries(facts).map(([key, value]) => [key, readable(value)]))
  try {
    return String(format.format(values))
  } catch {
    // A sentence that needs what this refusal does not say.
    return english
  }
}

/** A refusal with its own sentence and those of its fields in the reader's language. */
export function inTheirLanguage<R extends Refusal>(refusal: R): R {
  const errors = refusal.facts?.errors as readonly { code: string; message: string }[] | undefined
  const told = errors?.map((error) => ({
    ...error,
    message: sentence(`problem.${error.code}`, error.message),
  }))
  const message = sentence(`refusal.${refusal.reason}`, refusal.message, refusal.facts)
  const facts = told === undefined ? refusal.facts : { ...refusal.facts, errors: told }
  const whole = told?.length ? told.map((error) => error.message).join(' ') : message
  return {
    ...refusal,
    message: refusal.reason === 'validation_failed' ? whole : message,
    ...(facts && { facts }),
  }
}

/** The one sentence that says what became of a message, where the reader's language is not the program's own. */
export function explained(): ((facts: MessageFacts, english: string) => string) | undefined {
  return language() === 'en' ? undefined : explain
}

function explain(facts: MessageFacts, english: string): string {
  const at = (instant: string | null) => (instant === null ? '–' : moment(instant, facts.timeZone))
  const why = sentence(`reason.${facts.reason ?? 'none'}`, facts.detail ?? facts.reason ?? '')
  const price = `${facts.currency} ${grouped(facts.priceMinor)}`
  const values = {
    why,
    price,
    time: at(facts.sentAt),
    due: at(facts.dueAt),
    when: at(facts.deliveredAt ?? facts.readAt),
  }
  return sentence(explanationOf(facts), english, {
    ...values,
    charged: `${facts.currency} ${groupDigits(formatAmount(facts.chargedMinor ?? 0n))}`,
    category: sentence(`category.${facts.category}`, facts.category),
    market: facts.market ?? '–',
    free: sentence(`free.${facts.chargeReason ?? 'none'}`, ''),
  })
}

function explanationOf({ state, reason, dueAt, deliveredAt, chargedMinor, late }: MessageFacts): string {
  if (state === 'queued') return reason ? 'explain.retry' : dueAt ? 'explain.due' : 'explain.waits'
  if (state === 'expired') return reason === 'no_receipt' ? 'explain.no_receipt' : 'explain.expired'
  if (state !== 'delivered' && state !== 'read') return `explain.${state}`
  const seen = deliveredAt === null ? 'read' : 'delivered'
  if (!chargedMinor) return `explain.free_${seen}`
  return late ? `explain.late_${seen}` : `explain.charged_${seen}`
}

function readable(value: unknown): string | number | bigint {
  if (typeof value === 'number' || typeof value === 'bigint') return value
  if (isMoney(value)) return `${value.currency} ${groupDigits(value.amount)}`
  if (Array.isArray(value)) return value.join(', ')
  return value === undefined || value === null ? '' : String(value)
}

function isMoney(value: unknown): value is { amount: string; currency: string } {
  return typeof value === 'object' && value !== null && 'amount' in value && 'currency' in value
}
