import { formatAmount, parseAmount } from '../../platform/money.ts'
import { ok, type Result } from '../../platform/result.ts'
import { type Conditions, MOST_OFFSET_DAYS, type Step } from '../../reminders/index.ts'
import { fault, refuseFields } from '../faults.ts'
import { say } from '../view.ts'

/** The form of one step of a ladder: what it says, and what is made of it. The verb looks at the ladder as a whole. */

type Fields = Readonly<Record<string, string | undefined>>

const AMOUNT = /^\d{1,14}(\.\d{1,4})?$/
const MOST_TAGS = 20
const TAG_MAX_CHARS = 100

/** A step as its form says it; a new one has the usual hours. */
export function stepWords(step: Step | undefined): Record<string, string> {
  if (!step) return { offset: '0', unit: 'days', time: '09:00', until: '18:00' }
  const { leastMinor, mostMinor, tags, withoutTags } = step.conditions
  return {
    key: step.key,
    offset: String(step.offset),
    unit: step.unit,
    time: step.time,
    until: step.until,
    template_id: step.templateId,
    least: leastMinor === undefined ? '' : formatAmount(BigInt(leastMinor)),
    most: mostMinor === undefined ? '' : formatAmount(BigInt(mostMinor)),
    tags: tags?.join(', ') ?? '',
    without: withoutTags?.join(', ') ?? '',
    unanswered: String(step.conditions.unanswered ?? false),
  }
}

/** The step that a form asks for. What the form does not show, its own words, dates, sender and fall-over, stays as it was. */
export function readStep(fields: Fields, before: Step | undefined): Result<Step, 'validation_failed'> {
  const offset = (fields.offset ?? '').trim().replace('−', '-')
  const faults = [
    ...(/^[+-]?\d{1,3}$/.test(offset) && Math.abs(Number(offset)) <= MOST_OFFSET_DAYS
      ? []
      : [fault('offset', say('ladder.step.days.fault', { n: MOST_OFFSET_DAYS }))]),
    ...['least', 'most'].flatMap((name) =>
      amountIn(fields, name) === '' || AMOUNT.test(amountIn(fields, name))
        ? []
        : [fault(name, say('wallet.amount.fault'))],
    ),
    ...((fields.template_id ?? '') === '' ? [fault('template_id', say('choose'))] : []),
  ]
  if (faults.length > 0) return refuseFields(faults)
  return ok({
    key: before?.key ?? (fields.key ?? '').trim(),
    offset: Number(offset),
    unit: fields.unit === 'working_days' ? 'working_days' : 'days',
    templateId: fields.template_id!,
    time: (fields.time ?? '').trim(),
    until: (fields.until ?? '').trim(),
    conditions: conditionsIn(fields),
    variables: before?.variables ?? {},
    dates: before?.dates ?? {},
    ...(before?.senderId !== undefined && { senderId: before.senderId }),
    ...(before?.fallback && { fallback: before.fallback }),
  })
}

function amountIn(fields: Fields, name: string): string {
  return (fields[name] ?? '').trim()
}

function conditionsIn(fields: Fields): Conditions {
  const [least, most] = [amountIn(fields, 'least'), amountIn(fields, 'most')]
  const [tags, withoutTags] = [tagsIn(fields.tags), tagsIn(fields.without)]
  return {
    ...(least !== '' && { leastMinor: parseAmount(least)!.toString() }),
    ...(most !== '' && { mostMinor: parseAmount(most)!.toString() }),
    ...(tags.length > 0 && { tags }),
    ...(withoutTags.length > 0 && { withoutTags }),
    ...(fields.unanswered === 'true' && { unanswered: true }),
  }
}

function tagsIn(text = ''): string[] {
  const tags = text.split(/[,;]/).map((tag) => tag.trim().slice(0, TAG_MAX_CHARS))
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, MOST_TAGS)
}
