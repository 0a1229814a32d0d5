import { listSenders } from '../../delivery/index.ts'
import { isCalendarDay } from '../../platform/calendar.ts'
import { formatAmount } from '../../platform/money.ts'
import { ok, type Result } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import {
  approveSequence,
  digestOfSequence,
  editSequence,
  findSequence,
  findStanding,
  listReminders,
  MOST_OFFSET_DAYS,
  makeStarterLadder,
  moveSequence,
  type ReminderPlace,
  revokeStanding,
  type Sequence,
  type Step,
  WHEN_SHORT,
} from '../../reminders/index.ts'
import { readResults, type StepResult } from '../../reports/index.ts'
import { listTemplates, STARTER_INDUSTRIES, STARTER_LANGUAGES } from '../../templates/index.ts'
import { readCaps } from '../caps.ts'
import { fault, refuseFields } from '../faults.ts'
import { drawLadder } from '../ladder-picture.ts'
import { language } from '../language.ts'
import { type Again, act, errorsOf, mustMay, page, pageHref, type View, type Visit } from '../page.ts'
import { actorNames } from '../recorded.ts'
import { percentOf } from '../show.ts'
import { say, sayOr } from '../view.ts'
import { readStep, stepWords } from './ladder-step.ts'

/** A ladder of reminders: its picture and steps, whether it goes and under which approval, and whether it helped. */

const PATH = '/reminders/ladders'
const MOST_CHOICES = 200
const ROWS = 50
const AMOUNT = /^\d{1,14}(\.\d{1,4})?$/
const PLACE = /^(\d{4}-\d\d-\d\d)\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([a-z][a-z0-9_]{0,39})$/
const NAME_MAX_CHARS = 200
const COUNT_MAX = 1_000

const blank = page('/reminders/ladders/new', (visit) => showNew(visit))

const make = act(
  '/reminders/ladders/new',
  async (visit, { fields }) => {
    const { workspace, scope } = visit
    const fee = (fields.late_fee ?? '').trim()
    const name = (fields.name ?? '').trim()
    const faults = [
      ...(name === '' || name.length > NAME_MAX_CHARS
        ? [fault('name', say('refused.name', { n: NAME_MAX_CHARS }))]
        : []),
      ...(fee === '' || AMOUNT.test(fee) ? [] : [fault('late_fee', say('wallet.amount.fault'))]),
    ]
    if (faults.length > 0) return refuseFields(faults)
    const made = await makeStarterLadder(scope, {
      name,
      senderId: fields.sender_id ?? '',
      country: workspace.defaultCountry,
      language: STARTER_LANGUAGES.find((one) => one === fields.language) ?? 'en',
      industry: STARTER_INDUSTRIES.find((one) => one === fields.industry) ?? 'general',
      currency: workspace.currency,
      discount: fields.discount?.trim().slice(0, 60) || undefined,
      lateFee: fee || undefined,
    })
    return made.ok ? ok({ to: `${PATH}/${made.value.id}?done=ladder` }) : made
  },
  showNew,
)

const one = page('/reminders/ladders/:id', (visit) => showLadder(visit))

const state = act(
  '/reminders/ladders/:id/state',
  async (visit, { fields }) => {
    const to = (['active', 'paused', 'ended'] as const).find((word) => word === fields.state) ?? 'paused'
    const moved = await moveSequence(visit.scope, visit.params.id!, to)
    return moved.ok ? ok({ to: `${PATH}/${moved.value.id}?done=ladder_state` }) : moved
  },
  showLadder,
)

const approve = act(
  '/reminders/ladders/:id/approval',
  async (visit, { fields }) => {
    const caps = readCaps(fields, visit.workspace.currency)
    if (!caps.ok) return caps
    const given = await approveSequence(visit.scope, visit.params.id!, caps.value)
    return given.ok ? ok({ to: `${PATH}/${visit.params.id}?done=standing` }) : given
  },
  showLadder,
)

const revoke = act(
  '/reminders/ladders/:id/approval/removal',
  async (visit) => {
    const revoked = await revokeStanding(visit.scope, visit.params.id!)
    return revoked.ok ? ok({ to: `${PATH}/${visit.params.id}?done=ladder_state` }) : revoked
  },
  showLadder,
)

const terms = page('/reminders/ladders/:id/edit', (visit) => showTerms(visit))

const changeTerms = act(
  '/reminders/ladders/:id/edit',
  async (visit, { fields }) => {
    const most = (fields.most_messages ?? '').trim()
    const name = (fields.name ?? '').trim()
    const faults = [
      ...(name === '' || name.length > NAME_MAX_CHARS
        ? [fault('name', say('refused.name', { n: NAME_MAX_CHARS }))]
        : []),
      ...(/^[A-Za-z]{2}$/.test(fields.country ?? '') ? [] : [fault('country', say('ladder.country.hint'))]),
      ...(most === '' || (/^[1-9]\d{0,3}$/.test(most) && Number(most) <= COUNT_MAX)
        ? []
        : [fault('most_messages', say('policy.recipients.fault'))]),
    ]
    if (faults.length > 0) return refuseFields(faults)
    const edited = await editSequence(visit.scope, visit.params.id!, {
      name,
      senderId: fields.sender_id ?? '',
      country: fields.country!.toUpperCase(),
      whenShort: WHEN_SHORT.find((word) => word === fields.when_short) ?? 'wait',
      mostMessages: most === '' ? null : Number(most),
      onePerDebtor: fields.one_per_debtor === 'true',
    })
    return edited.ok ? ok({ to: `${PATH}/${edited.value.id}?done=ladder_saved` }) : edited
  },
  showTerms,
)

const step = page('/reminders/ladders/:id/step', (visit) => showStep(visit))

const changeStep = act(
  '/reminders/ladders/:id/step',
  async (visit, { fields }) => {
    const found = await findSequence(visit.scope, visit.params.id!)
    if (!found.ok) return found
    const { steps } = found.value
    const before = steps.find(({ key }) => key === fields.was)
    const changed = fields.do === 'remove' ? ok(undefined) : readStep(fields, before)
    if (!changed.ok) return changed
    const rest = steps.filter(({ key }) => key !== before?.key)
    const all = changed.value ? [...rest, changed.value] : rest
    const edited = await editSequence(visit.scope, visit.params.id!, { steps: inOrder(all) })
    return edited.ok ? ok({ to: `${PATH}/${edited.value.id}?done=ladder_saved` }) : edited
  },
  showStep,
)

export const ladderPages = [blank, make, state, approve, revoke, terms, changeTerms, step, changeStep, one]

function inOrder(steps: readonly Step[]): Step[] {
  return [...steps].sort((a, b) => a.offset - b.offset)
}

async function sendersOf(scope: Scope, chosen: string | undefined) {
  const senders = await listSenders(scope, { limit: MOST_CHOICES })
  return senders.map(({ id, name }) => ({ id, name, chosen: id === chosen }))
}

async function showNew(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'sequences.write')
  if (refusal) return refusal
  const values = again?.fields ?? { language: language() }
  return ok({
    name: 'ladder-new',
    section: 'reminders',
    title: say('ladders.new'),
    data: {
      senders: await sendersOf(visit.scope, again?.fields.sender_id),
      tongues: STARTER_LANGUAGES.map((name) => ({ name, chosen: name === values.language })),
      industries: STARTER_INDUSTRIES.map((name) => ({ name, chosen: name === again?.fields.industry })),
      values,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

async function showLadder(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const found = await findSequence(scope, visit.params.id!)
  if (!found.ok) return found
  const sequence = found.value
  const standing = await findStanding(scope, sequence.id, digestOfSequence(sequence))
  const nameOf = await actorNames(scope, standing ? [standing.approver] : [])
  const templates = await templateNames(scope)
  const match = PLACE.exec(visit.query('after') ?? '')
  const after: ReminderPlace | undefined =
    match && isCalendarDay(match[1]!) ? [match[1]!, match[2]!, match[3]!] : undefined
  const log = await listReminders(scope, { sequenceId: sequence.id, limit: ROWS, after })
  const path = `${PATH}/${sequence.id}`
  return ok({
    name: 'ladder',
    section: 'reminders',
    title: sequence.name,
    data: {
      sequence,
      picture: drawLadder(sequence.steps),
      steps: sequence.steps.map((each, at) => describe(each, at + 1, templates)),
      standing: standing && { ...standing, who: nameOf(standing.approver) },
      goes: sequence.state !== 'active' && sequence.state !== 'ended',
      stops: sequence.state === 'active',
      ends: sequence.state !== 'ended',
      results: resultsOf(await readResults(scope, sequence.id)),
      log: log.items.map((reminder) => ({
        ...reminder,
        step: reminder.stepKey.replaceAll('_', ' '),
        why: reminder.reason && sayOr(`remind.${reminder.reason}`, reminder.reason),
      })),
      first: after === undefined ? undefined : path,
      next: log.next && pageHref(path, { after: log.next.join('.') }),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

/** What a step does, in words. */
function describe(each: Step, number: number, templates: ReadonlyMap<string, string>) {
  const { leastMinor, mostMinor, tags, withoutTags } = each.conditions
  const forWhom = [
    leastMinor && say('ladder.for.least', { amount: formatAmount(BigInt(leastMinor)) }),
    mostMinor && say('ladder.for.most', { amount: formatAmount(BigInt(mostMinor)) }),
    tags?.length && say('ladder.for.tags', { tags: tags.join(', ') }),
    withoutTags?.length && say('ladder.for.without', { tags: withoutTags.join(', ') }),
    each.conditions.unanswered && say('ladder.for.unanswered'),
  ].filter((part) => typeof part === 'string')
  return {
    ...each,
    number,
    title: each.key.replaceAll('_', ' '),
    falls: whenOf(each),
    template: templates.get(each.templateId) ?? '–',
    forWhom: forWhom.length > 0 ? forWhom.join('; ') : say('ladder.for_all'),
  }
}

function whenOf({ offset, unit }: Step): string {
  if (offset === 0) return say('ladder.on_day')
  const way = offset < 0 ? 'before' : 'after'
  return say(unit === 'days' ? `ladder.${way}` : `ladder.${way}_working`, { n: Math.abs(offset) })
}

async function templateNames(scope: Scope): Promise<ReadonlyMap<string, string>> {
  const { items } = await listTemplates(scope, { limit: MOST_CHOICES, after: undefined })
  return new Map(items.map(({ id, name }) => [id, name]))
}

function resultsOf(results: readonly StepResult[]) {
  return results.map((result) => ({
    ...result,
    title: result.step.replaceAll('_', ' '),
    percent: percentOf(BigInt(result.recovered), BigInt(result.reminded)),
    share: Math.round(percentOf(BigInt(result.recovered), BigInt(result.reminded))),
  }))
}

async function showTerms(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'sequences.write')
  if (refusal) return refusal
  const found = await findSequence(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const sequence = found.value
  const values: Readonly<Record<string, string | undefined>> = again?.fields ?? termsOf(sequence)
  return ok({
    name: 'ladder-terms',
    section: 'reminders',
    title: sequence.name,
    data: {
      sequence,
      senders: await sendersOf(visit.scope, values.sender_id),
      shorts: WHEN_SHORT.map((name) => ({ name, chosen: name === values.when_short })),
      values,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

function termsOf(sequence: Sequence): Record<string, string> {
  return {
    name: sequence.name,
    sender_id: sequence.senderId,
    country: sequence.country,
    when_short: sequence.whenShort,
    most_messages: sequence.mostMessages === null ? '' : String(sequence.mostMessages),
    one_per_debtor: String(sequence.onePerDebtor),
  }
}

async function showStep(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'sequences.write')
  if (refusal) return refusal
  const found = await findSequence(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const was = again?.fields.was ?? visit.query('key')
  const before = found.value.steps.find(({ key }) => key === was)
  const values: Readonly<Record<string, string | undefined>> = again?.fields ?? stepWords(before)
  const templates = await listTemplates(visit.scope, { limit: MOST_CHOICES, after: undefined })
  return ok({
    name: 'ladder-step',
    section: 'reminders',
    title: found.value.name,
    data: {
      sequence: found.value,
      was: before?.key,
      removable: before !== undefined && found.value.steps.length > 1,
      days: MOST_OFFSET_DAYS,
      templates: templates.items.map(({ id, name, language: tongue }) => ({
        id,
        name,
        language: tongue,
        chosen: id === values.template_id,
      })),
      values,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}
