import { findCampaign } from '../../campaigns/index.ts'
import { listLists } from '../../contacts/index.ts'
import { listSenders } from '../../delivery/index.ts'
import { ok, type Refusal, type Result } from '../../platform/result.ts'
import {
  editRecurrence,
  faultsOfRecurrence,
  findRecurrence,
  makeRecurrence,
  type Recurrence,
  type RecurrenceWords,
} from '../../reminders/index.ts'
import { listTemplates } from '../../templates/index.ts'
import { type Fault, fault, refuseFields } from '../faults.ts'
import type { Form } from '../form.ts'
import { type Again, act, errorsOf, mustMay, page, part, type View, type Visit } from '../page.ts'
import { ruleFields, ruleInWords, ruleOf, WAYS, WEEK } from '../rule-form.ts'
import { say } from '../view.ts'
import { timesOf } from './recurring.ts'

/** The form of a campaign that comes again: what, to whom, and a rule in plain words with the days that it means. */

const PATH = '/campaigns/recurring'
const NEW = '/campaigns/recurring/new'
const NAME_MAX_CHARS = 200
const MOST_CHOICES = 500
const SHORTS = ['block', 'partial'] as const
/** The rule is found wanting as a whole; it stands at the first of its fields. */
const FIELD_OF = { rule: 'each', starts_at: 'starts_on', time_zone: 'zone' }
type Fields = Form['fields']

const blank = page(NEW, (visit) => showForm(visit, NEW))

const make = act(
  NEW,
  async (visit, { fields }) => {
    if (fields.do === 'look') return looked(NEW, await showForm(visit, NEW, undefined, fields))
    const words = wordsOf(fields)
    if ('ok' in words) return words
    const made = await makeRecurrence(visit.scope, words)
    return made.ok ? ok({ to: `${PATH}/${made.value.id}?done=recurring` }) : inWords(made)
  },
  (visit, again) => showForm(visit, NEW, undefined, again.fields, again),
)

const change = page('/campaigns/recurring/:id/edit', (visit) => showEdit(visit))

const save = act(
  '/campaigns/recurring/:id/edit',
  async (visit, { fields }) => {
    const path = `${PATH}/${visit.params.id}/edit`
    if (fields.do === 'look') return looked(path, await showEdit(visit, fields))
    const words = wordsOf(fields)
    if ('ok' in words) return words
    const edited = await editRecurrence(visit.scope, visit.params.id!, words)
    return edited.ok ? ok({ to: `${PATH}/${edited.value.id}?done=ladder_saved` }) : inWords(edited)
  },
  (visit, again) => showEdit(visit, again.fields, again),
)

/** Follows what is being chosen, and writes nothing down. */
const dates = part('/campaigns/recurring/dates', async (visit, { fields }) =>
  ok({ name: '_times', data: timesFor(visit, fields) }),
)

export const recurringFormPages = [blank, make, change, save, dates]

function looked(to: string, shown: Result<View>) {
  return shown.ok ? ok({ to, view: shown.value }) : shown
}

async function showEdit(visit: Visit, fields?: Fields, again?: Again): Promise<Result<View>> {
  const found = await findRecurrence(visit.scope, visit.params.id!)
  return found.ok ? showForm(visit, `${PATH}/${found.value.id}/edit`, found.value, fields, again) : found
}

async function showForm(
  visit: Visit,
  action: string,
  recurrence?: Recurrence,
  fields?: Fields,
  again?: Again,
): Promise<Result<View>> {
  const { scope, workspace } = visit
  const refusal = mustMay(visit, 'sequences.write')
  if (refusal) return refusal
  const values: Fields = fields ?? (recurrence ? fieldsOf(recurrence) : await firstFields(visit))
  const chosenOf =
    (field: string) =>
    <Choice extends { id: string }>(choice: Choice) => ({ ...choice, chosen: choice.id === values[field] })
  const lists = (await listLists(scope, { limit: MOST_CHOICES })).items
  const templates = (await listTemplates(scope, { limit: MOST_CHOICES })).items
  const senders = await listSenders(scope, { limit: MOST_CHOICES })
  const zones = [workspace.timeZone, ...Intl.supportedValuesOf('timeZone')]
  return ok({
    name: 'recurring-form',
    section: 'campaigns',
    title: recurrence ? recurrence.name : say('recur.new'),
    data: {
      action,
      recurrence,
      lists: lists.map(chosenOf('list_id')),
      templates: templates.map(chosenOf('template_id')),
      senders: senders.map(chosenOf('sender_id')),
      lacks: lists.length * templates.length * senders.length === 0,
      ways: WAYS.map((way) => ({ way, chosen: way === (values.each ?? 'week') })),
      days: WEEK.map((day) => ({ day, chosen: values[`day_${day}`] === '1' })),
      zones: [...new Set(zones)].map((zone) => ({ zone, chosen: zone === values.zone })),
      shorts: SHORTS.map((name) => ({ name, chosen: name === (values.when_short ?? 'block') })),
      ...timesFor(visit, values),
      values,
      errors: again && errorsOf(again.refusal, FIELD_OF),
      again,
    },
  })
}

/** A new one begins tomorrow at nine, or with the words of a campaign that was sent once. */
async function firstFields(visit: Visit): Promise<Fields> {
  const { scope, workspace } = visit
  const tomorrow = new Date(scope.now.getTime() + 24 * 60 * 60 * 1000)
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone: workspace.timeZone }).format(tomorrow)
  const begin = {
    each: 'week',
    every: '1',
    day_1: '1',
    starts_on: day,
    time: '09:00',
    zone: workspace.timeZone,
  }
  const like = visit.query('campaign')
  const found = like === undefined ? undefined : await findCampaign(scope, like)
  if (!found?.ok) return begin
  const { name, listId, templateId, senderId } = found.value
  return { ...begin, name, list_id: listId, template_id: templateId, sender_id: senderId }
}

function fieldsOf(one: Recurrence): Fields {
  return {
    name: one.name,
    list_id: one.listId,
    template_id: one.templateId,
    sender_id: one.senderId,
    zone: one.timeZone,
    when_short: one.whenShort,
    ...ruleFields(one),
  }
}

/** The next times of the rule as the form has it now, or why there are none. */
function timesFor({ scope }: Visit, fields: Fields) {
  const timed = ruleOf(fields)
  if ('faults' in timed) return { fault: timed.faults[0]?.message }
  const one = { ...timed, timeZone: fields.zone ?? '' }
  const [fault] = faultsOfRecurrence(one)
  if (fault) return { fault: messageOf(fault) }
  return { words: ruleInWords(one), times: timesOf(one, scope.now) }
}

/** What the form says, or what is missing in it, each next to its field. */
function wordsOf(fields: Fields): RecurrenceWords | Refusal {
  const name = (fields.name ?? '').trim()
  const timed = ruleOf(fields)
  const faults = [
    ...(name === '' || name.length > NAME_MAX_CHARS
      ? [fault('name', say('refused.name', { n: NAME_MAX_CHARS }))]
      : []),
    ...(['list_id', 'template_id', 'sender_id'] as const)
      .filter((field) => !fields[field])
      .map((field) => fault(field, say(`campaign_new.${field}.fault`))),
    ...('faults' in timed ? timed.faults : []),
  ]
  if (faults.length > 0 || 'faults' in timed) return refuseFields(faults)
  return {
    ...timed,
    name,
    listId: fields.list_id!,
    templateId: fields.template_id!,
    senderId: fields.sender_id!,
    timeZone: fields.zone ?? '',
    whenShort: fields.when_short === 'partial' ? 'partial' : 'block',
  }
}

/** What the room finds wrong with a rule, in the words of the form. */
function inWords(refusal: Refusal): Refusal {
  const faults = refusal.facts?.errors as readonly Fault[] | undefined
  if (!faults) return refusal
  const errors = faults.map((one) => ({ ...one, message: messageOf(one) }))
  return { ...refusal, message: say('refused.check_fields'), facts: { ...refusal.facts, errors } }
}

function messageOf({ path, message }: Fault): string {
  if (path === 'rule') return say('recur.rule.fault')
  return path === 'time_zone' ? say('schedule.zone.fault') : message
}
