import { z } from 'zod'
import {
  approveRecurrence,
  editRecurrence,
  findRecurrence,
  listOccurrences,
  listRecurrences,
  makeRecurrence,
  moveRecurrence,
  type OccurrenceFate,
  type Recurrence,
  revokeRecurrence,
  SEQUENCE_STATES,
} from '../reminders/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { invalid } from './input.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, nameText } from './schemas.ts'
import { showStanding, standingInput, standingSchema } from './sequences.ts'

const NAME_MAX_CHARS = 200

const ruleSchema = z
  .union([
    z.strictObject({ rrule: z.string().trim().min(1).max(500) }),
    z.strictObject({ cron: z.string().trim().min(1).max(500) }),
  ])
  .meta({
    id: 'RecurrenceRule',
    description:
      'An RRULE of RFC 5545 without its beginning (`FREQ=MONTHLY;BYMONTHDAY=-1`), or a cron expression of five fields (`0 9 * * 1`), on the clock of `time_zone`. `UNTIL` is on that clock as well, and a day alone is to its end. At most once an hour.',
  })

const words = {
  name: nameText(NAME_MAX_CHARS),
  template_id: idSchema,
  sender_id: idSchema,
  list_id: idSchema,
  rule: ruleSchema,
  starts_at: z
    .string()
    .max(19)
    .meta({ examples: ['2026-12-01T09:00:00'], description: 'Local time; an RRULE counts from here.' }),
  time_zone: z
    .string()
    .max(64)
    .meta({ examples: ['Asia/Jakarta'] }),
  when_short: z.enum(['block', 'partial']).meta({
    description:
      'Where money or a cap does not suffice: send nothing of the occurrence until it does, or what it suffices for.',
  }),
}
const wordsSchema = z.strictObject({ ...words, when_short: words.when_short.default('block') })

const recurrenceSchema = z
  .strictObject({
    ...words,
    id: idSchema,
    name: z.string(),
    state: z.enum(SEQUENCE_STATES),
    version: z.int().min(1),
    when_short: z.string(),
    active_since: instantSchema.nullable(),
    created_at: instantSchema,
  })
  .meta({ id: 'Recurrence' })

const occurrenceSchema = z
  .strictObject({
    at: instantSchema,
    state: z.enum(['held', 'planned', 'skipped']),
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it waits, or was not sent: `missed`, `overtaken`, `insufficient_funds`…' }),
    campaign_id: idSchema.nullable(),
  })
  .meta({ id: 'Occurrence' })

export const getRecurrences = defineRoute({
  method: 'get',
  path: '/v1/recurring-campaigns',
  tag: 'Recurring campaigns',
  summary: 'Campaigns that come again, newest first',
  permission: 'sequences.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(recurrenceSchema) },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listRecurrences(scope, readPage(query, z.uuid())), showRecurrence)),
})

export const postRecurrence = defineRoute({
  method: 'post',
  path: '/v1/recurring-campaigns',
  tag: 'Recurring campaigns',
  summary: 'Writes a campaign that comes again by a rule, as a draft',
  permission: 'sequences.write',
  body: wordsSchema.meta({ id: 'RecurrenceInput' }),
  responses: { 201: recurrenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, body }) => {
    const made = await makeRecurrence(scope, readWords(body))
    return made.ok ? answer(201, showRecurrence(made.value)) : made
  },
})

export const getRecurrence = defineRoute({
  method: 'get',
  path: '/v1/recurring-campaigns/{id}',
  tag: 'Recurring campaigns',
  summary: 'One of them',
  permission: 'sequences.read',
  responses: { 200: recurrenceSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findRecurrence(scope, params.id)
    return found.ok ? answer(200, showRecurrence(found.value)) : found
  },
})

export const patchRecurrence = defineRoute({
  method: 'patch',
  path: '/v1/recurring-campaigns/{id}',
  tag: 'Recurring campaigns',
  summary: 'Changes it as a new version, which must be approved anew',
  permission: 'sequences.write',
  body: z.strictObject(words).partial().meta({ id: 'RecurrenceChanges' }),
  responses: { 200: recurrenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    if (Object.keys(body).length === 0)
      throw invalid([{ path: '', code: 'required', message: 'names nothing to change.' }])
    const found = await findRecurrence(scope, params.id)
    if (!found.ok) return found
    const edited = await editRecurrence(
      scope,
      params.id,
      readWords({ ...showRecurrence(found.value), ...given(body) }),
    )
    return edited.ok ? answer(200, showRecurrence(edited.value)) : edited
  },
})

export const putRecurrenceState = defineRoute({
  method: 'put',
  path: '/v1/recurring-campaigns/{id}/state',
  tag: 'Recurring campaigns',
  summary: 'Sets it going, pauses or ends it',
  permission: 'sequences.stop',
  body: z.strictObject({ state: z.enum(['active', 'paused', 'ended']) }).meta({ id: 'RecurrenceStateInput' }),
  responses: { 200: recurrenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    const moved = await moveRecurrence(scope, params.id, body.state)
    return moved.ok ? answer(200, showRecurrence(moved.value)) : moved
  },
})

export const postRecurrenceApproval = defineRoute({
  method: 'post',
  path: '/v1/recurring-campaigns/{id}/standing-approval',
  tag: 'Recurring campaigns',
  summary: 'Approves in advance what it sends as it is now, up to so much a run, a day and a month',
  permission: 'sequences.approve',
  body: standingInput,
  responses: { 201: standingSchema },
  refusals: ['not_found', 'wrong_state', 'self_approval', 'currency_mismatch'],
  handler: async ({ scope, params, body }) => {
    const given = await approveRecurrence(scope, params.id, {
      ...body.caps,
      validUntil: body.valid_until === undefined ? undefined : new Date(body.valid_until),
    })
    if (!given.ok) return given
    const { currency } = await findWorkspace(scope)
    return answer(201, showStanding(given.value, currency))
  },
})

export const deleteRecurrenceApproval = defineRoute({
  method: 'delete',
  path: '/v1/recurring-campaigns/{id}/standing-approval',
  tag: 'Recurring campaigns',
  summary: 'Takes its approval back',
  permission: 'sequences.stop',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const revoked = await revokeRecurrence(scope, params.id)
    return revoked.ok ? answer(204) : revoked
  },
})

export const getOccurrences = defineRoute({
  method: 'get',
  path: '/v1/recurring-campaigns/{id}/occurrences',
  tag: 'Recurring campaigns',
  summary: 'What became of each occurrence, and why; the latest first',
  permission: 'sequences.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(occurrenceSchema) },
  refusals: ['not_found'],
  handler: async ({ scope, params, query }) => {
    const found = await findRecurrence(scope, params.id)
    if (!found.ok) return found
    const page = await listOccurrences(scope, params.id, readPage(query, instantSchema))
    return answer(200, pageBody(page, showOccurrence))
  },
})

/** What was given, and nothing of what was not. */
function given<T extends object>(body: T): { [K in keyof T]-?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined)) as never
}

function readWords(json: z.output<typeof wordsSchema> | z.output<typeof recurrenceSchema>) {
  return {
    name: json.name,
    templateId: json.template_id,
    senderId: json.sender_id,
    listId: json.list_id,
    rule:
      'rrule' in json.rule
        ? { kind: 'rrule' as const, text: json.rule.rrule }
        : { kind: 'cron' as const, text: json.rule.cron },
    startsAt: json.starts_at,
    timeZone: json.time_zone,
    whenShort: json.when_short === 'partial' ? ('partial' as const) : ('block' as const),
  }
}

function showRecurrence(one: Recurrence): z.output<typeof recurrenceSchema> {
  return {
    id: one.id,
    name: one.name,
    state: one.state,
    version: one.version,
    template_id: one.templateId,
    sender_id: one.senderId,
    list_id: one.listId,
    rule: one.rule.kind === 'rrule' ? { rrule: one.rule.text } : { cron: one.rule.text },
    starts_at: one.startsAt,
    time_zone: one.timeZone,
    when_short: one.whenShort,
    active_since: one.activeSince,
    created_at: one.createdAt,
  }
}

function showOccurrence({
  at,
  state,
  reason,
  campaignId,
}: OccurrenceFate): z.output<typeof occurrenceSchema> {
  return { at, state, reason, campaign_id: campaignId }
}
