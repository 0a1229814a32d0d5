import { z } from 'zod'
import { formatAmount, moneyJson, parseAmount } from '../platform/money.ts'
import {
  approveSequence,
  editSequence,
  findSequence,
  listReminders,
  listSequences,
  makeSequence,
  makeStarterLadder,
  moveSequence,
  type Reminder,
  revokeStanding,
  SEQUENCE_STATES,
  type Sequence,
  type SequenceWords,
  type StandingApproval,
  type Step,
  WHEN_SHORT,
} from '../reminders/index.ts'
import { STARTER_INDUSTRIES, STARTER_LANGUAGES } from '../templates/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { invalid } from './input.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { daySchema, idSchema, instantSchema, moneySchema, nameText } from './schemas.ts'

const NAME_MAX_CHARS = 200
const MOST_STEPS = 30
const MOST_WORDS = 30
const DECIMAL = /^\d{1,14}(\.\d{1,4})?$/

const clockSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time of day, such as 09:00.')
const amountText = z.string().regex(DECIMAL, 'must be a decimal of zero or more, as a string.')
const tagsSchema = z.array(z.string().min(1).max(100)).min(1).max(20)
const nameOfVariable = z.string().regex(/^[a-z][a-z0-9_]{0,39}$/)

const conditionsSchema = z
  .strictObject({
    least_owed: amountText.optional().meta({ description: 'In the invoice’s own currency.' }),
    most_owed: amountText.optional(),
    tags: tagsSchema.optional().meta({ description: 'At least one of these.' }),
    without_tags: tagsSchema.optional().meta({ description: 'None of these.' }),
    unanswered: z.boolean().optional().meta({
      description: 'Only where the debtor has not written back since the invoice was first reminded of.',
    }),
  })
  .meta({ id: 'StepConditions', description: 'For whom a step is meant; all that are given must hold.' })

const stepSchema = z
  .strictObject({
    key: nameOfVariable.meta({
      description: 'Stays when the sequence is edited: each step goes once for an invoice.',
    }),
    offset: z.int().min(-366).max(366).meta({ description: 'Days after the due date; negative before it.' }),
    unit: z.enum(['days', 'working_days']).default('days'),
    template_id: idSchema,
    sender_id: idSchema.optional().meta({
      description: 'Where it goes out from another number, or by another channel, than the rest.',
    }),
    time: clockSchema.default('09:00').meta({ description: 'On the debtor’s clock.' }),
    until: clockSchema.default('18:00').meta({ description: 'From here on it is late, and is not sent.' }),
    conditions: conditionsSchema.default({}),
    variables: z
      .record(nameOfVariable, z.string().min(1).max(500))
      .refine((all) => Object.keys(all).length <= MOST_WORDS, 'has too many members.')
      .default({})
      .meta({ description: 'What the template needs beside the invoice, such as `late_fee`.' }),
    dates: z
      .record(nameOfVariable, z.int().min(-366).max(366))
      .refine((all) => Object.keys(all).length <= MOST_WORDS, 'has too many members.')
      .default({})
      .meta({ description: 'Variables that are days, counted from the due date.' }),
    fallback: z
      .strictObject({ sender_id: idSchema, template_id: idSchema, ceiling: amountText })
      .optional()
      .meta({
        description:
          'An SMS to whom WhatsApp cannot reach and who has not paid by then, for at most `ceiling` a run in the wallet’s currency, which counts against the caps.',
      }),
  })
  .meta({ id: 'SequenceStep' })

const words = {
  name: nameText(NAME_MAX_CHARS),
  sender_id: idSchema,
  country: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .meta({ description: 'Whose holidays working days leave out.' }),
  when_short: z.enum(WHEN_SHORT).meta({
    description:
      'Where money or a cap does not suffice: `block` sends none of a run until it does, `wait` sends in order of the amount due and goes on after a top-up, `partial` sends up to the budget and no more.',
  }),
  most_messages: z.int().min(1).max(1000).nullable().meta({ description: 'For one invoice in all.' }),
  one_per_debtor: z.boolean().meta({ description: 'One message for all invoices of a step.' }),
  steps: z.array(stepSchema).min(1).max(MOST_STEPS),
}

const wordsSchema = z.strictObject({
  ...words,
  country: words.country.optional(),
  when_short: words.when_short.default('wait'),
  most_messages: words.most_messages.default(null),
  one_per_debtor: words.one_per_debtor.default(false),
})

/** What a standing approval is given up to. */
export const standingInput = z
  .strictObject({
    caps: z.strictObject({ run: moneySchema, day: moneySchema, month: moneySchema }),
    valid_until: instantSchema.optional(),
  })
  .meta({ id: 'StandingApprovalInput' })

export const standingSchema = z
  .strictObject({
    id: idSchema,
    approver: z.string(),
    caps: z.strictObject({ run: moneySchema, day: moneySchema, month: moneySchema }),
    valid_until: instantSchema.nullable(),
    created_at: instantSchema,
  })
  .meta({ id: 'StandingApproval' })

const sequenceSchema = z
  .strictObject({
    id: idSchema,
    name: z.string(),
    state: z.enum(SEQUENCE_STATES),
    version: z.int().min(1),
    sender_id: idSchema,
    country: z.string(),
    when_short: z.enum(WHEN_SHORT),
    most_messages: z.int().nullable(),
    one_per_debtor: z.boolean(),
    steps: z.array(z.looseObject({ key: z.string(), offset: z.int() })),
    active_since: instantSchema.nullable(),
    created_at: instantSchema,
  })
  .meta({ id: 'Sequence' })

export const getSequences = defineRoute({
  method: 'get',
  path: '/v1/sequences',
  tag: 'Reminders',
  summary: 'Reminder sequences, newest first',
  permission: 'sequences.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(sequenceSchema) },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listSequences(scope, readPage(query, z.uuid())), showSequence)),
})

export const postSequence = defineRoute({
  method: 'post',
  path: '/v1/sequences',
  tag: 'Reminders',
  summary: 'Writes a sequence of reminders around the due date, as a draft',
  permission: 'sequences.write',
  body: wordsSchema.meta({ id: 'SequenceInput' }),
  responses: { 201: sequenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, body }) => {
    const country = body.country ?? (await findWorkspace(scope)).defaultCountry
    const made = await makeSequence(scope, readWords({ ...body, country }) as SequenceWords)
    return made.ok ? answer(201, showSequence(made.value)) : made
  },
})

export const postStarterSequence = defineRoute({
  method: 'post',
  path: '/v1/sequences/starter',
  tag: 'Reminders',
  summary: 'Makes the ready ladder with its templates from the starter library, as a draft',
  permission: 'sequences.write',
  body: z
    .strictObject({
      name: nameText(NAME_MAX_CHARS),
      sender_id: idSchema,
      language: z.enum(STARTER_LANGUAGES),
      industry: z.enum(STARTER_INDUSTRIES).default('general'),
      country: z
        .string()
        .regex(/^[A-Z]{2}$/)
        .optional(),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/)
        .optional()
        .meta({ description: 'That the templates name.' }),
      discount: z.string().trim().min(1).max(60).optional().meta({
        description: 'Such as `10%`. Without it there is no offer for paying early.',
      }),
      late_fee: amountText.optional().meta({ description: 'Without it there is no follow-up.' }),
    })
    .meta({ id: 'StarterSequenceInput' }),
  responses: { 201: sequenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, body }) => {
    const workspace = await findWorkspace(scope)
    const made = await makeStarterLadder(scope, {
      name: body.name,
      senderId: body.sender_id,
      language: body.language,
      industry: body.industry,
      country: body.country ?? workspace.defaultCountry,
      currency: body.currency ?? workspace.currency,
      discount: body.discount,
      lateFee: body.late_fee,
    })
    return made.ok ? answer(201, showSequence(made.value)) : made
  },
})

export const getSequence = defineRoute({
  method: 'get',
  path: '/v1/sequences/{id}',
  tag: 'Reminders',
  summary: 'One sequence',
  permission: 'sequences.read',
  responses: { 200: sequenceSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findSequence(scope, params.id)
    return found.ok ? answer(200, showSequence(found.value)) : found
  },
})

export const patchSequence = defineRoute({
  method: 'patch',
  path: '/v1/sequences/{id}',
  tag: 'Reminders',
  summary: 'Changes a sequence as a new version, which must be approved anew',
  permission: 'sequences.write',
  body: z.strictObject(words).partial().meta({ id: 'SequenceChanges' }),
  responses: { 200: sequenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    if (Object.keys(body).length === 0)
      throw invalid([{ path: '', code: 'required', message: 'names nothing to change.' }])
    const edited = await editSequence(scope, params.id, readWords(body))
    return edited.ok ? answer(200, showSequence(edited.value)) : edited
  },
})

export const putSequenceState = defineRoute({
  method: 'put',
  path: '/v1/sequences/{id}/state',
  tag: 'Reminders',
  summary: 'Sets a sequence going, pauses or ends it',
  permission: 'sequences.stop',
  body: z.strictObject({ state: z.enum(['active', 'paused', 'ended']) }).meta({ id: 'SequenceStateInput' }),
  responses: { 200: sequenceSchema },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, body }) => {
    const moved = await moveSequence(scope, params.id, body.state)
    return moved.ok ? answer(200, showSequence(moved.value)) : moved
  },
})

export const postStandingApproval = defineRoute({
  method: 'post',
  path: '/v1/sequences/{id}/standing-approval',
  tag: 'Reminders',
  summary: 'Approves in advance what a sequence sends as it is now, up to so much a run, a day and a month',
  permission: 'sequences.approve',
  body: standingInput,
  responses: { 201: standingSchema },
  refusals: ['not_found', 'wrong_state', 'self_approval', 'currency_mismatch'],
  handler: async ({ scope, params, body }) => {
    const given = await approveSequence(scope, params.id, {
      ...body.caps,
      validUntil: body.valid_until === undefined ? undefined : new Date(body.valid_until),
    })
    if (!given.ok) return given
    const { currency } = await findWorkspace(scope)
    return answer(201, showStanding(given.value, currency))
  },
})

export const deleteStandingApproval = defineRoute({
  method: 'delete',
  path: '/v1/sequences/{id}/standing-approval',
  tag: 'Reminders',
  summary: 'Takes the approval of a sequence back',
  permission: 'sequences.stop',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const revoked = await revokeStanding(scope, params.id)
    return revoked.ok ? answer(204) : revoked
  },
})

const reminderSchema = z
  .strictObject({
    sequence_id: idSchema,
    step: z.string(),
    invoice_id: idSchema,
    invoice: z.string(),
    contact_id: idSchema,
    state: z.enum(['held', 'planned', 'skipped']),
    reason: z.string().nullable(),
    explanation: z.string(),
    nominal_day: z.string(),
    send_day: z.string().nullable(),
    campaign_id: idSchema.nullable(),
    message_state: z.string().nullable(),
    updated_at: instantSchema,
  })
  .meta({ id: 'Reminder' })

export const getReminders = defineRoute({
  method: 'get',
  path: '/v1/reminders',
  tag: 'Reminders',
  summary: 'What became of each step for each invoice, and why; the latest days first',
  permission: 'sequences.read',
  query: z.strictObject({
    ...pageQuery,
    sequence_id: z.uuid().optional(),
    invoice_id: z.uuid().optional(),
    state: z.enum(['held', 'planned', 'skipped']).optional(),
  }),
  responses: { 200: pageSchema(reminderSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listReminders(scope, {
      ...readPage(query, z.tuple([daySchema, z.uuid(), z.string().max(40)])),
      sequenceId: query.sequence_id,
      invoiceId: query.invoice_id,
      state: query.state,
    })
    return answer(200, pageBody(page, showReminder))
  },
})

type WordsJson = {
  readonly [Key in keyof z.output<typeof wordsSchema>]?: z.output<typeof wordsSchema>[Key] | undefined
}

function readWords(json: WordsJson): Partial<SequenceWords> {
  return {
    ...(json.name !== undefined && { name: json.name }),
    ...(json.sender_id !== undefined && { senderId: json.sender_id }),
    ...(json.country !== undefined && { country: json.country }),
    ...(json.when_short !== undefined && { whenShort: json.when_short }),
    ...(json.most_messages !== undefined && { mostMessages: json.most_messages }),
    ...(json.one_per_debtor !== undefined && { onePerDebtor: json.one_per_debtor }),
    ...(json.steps !== undefined && { steps: json.steps.map(readStep) }),
  }
}

function readStep(json: z.output<typeof stepSchema>): Step {
  const { template_id: templateId, sender_id: senderId, conditions, fallback, ...rest } = json
  const { least_owed: least, most_owed: most, tags, without_tags: withoutTags, unanswered } = conditions
  return {
    ...rest,
    templateId,
    ...(senderId !== undefined && { senderId }),
    ...(fallback && {
      fallback: {
        senderId: fallback.sender_id,
        templateId: fallback.template_id,
        ceilingMinor: parseAmount(fallback.ceiling)!.toString(),
      },
    }),
    conditions: {
      ...(least !== undefined && { leastMinor: parseAmount(least)!.toString() }),
      ...(most !== undefined && { mostMinor: parseAmount(most)!.toString() }),
      ...(tags && { tags }),
      ...(withoutTags && { withoutTags }),
      ...(unanswered !== undefined && { unanswered }),
    },
  }
}

function showSequence(one: Sequence): z.output<typeof sequenceSchema> {
  return {
    id: one.id,
    name: one.name,
    state: one.state,
    version: one.version,
    sender_id: one.senderId,
    country: one.country,
    when_short: one.whenShort,
    most_messages: one.mostMessages,
    one_per_debtor: one.onePerDebtor,
    steps: one.steps.map(showStep),
    active_since: one.activeSince,
    created_at: one.createdAt,
  }
}

function showStep({ templateId, senderId, conditions, fallback, ...rest }: Step) {
  const { leastMinor, mostMinor, tags, withoutTags, unanswered } = conditions
  return {
    ...rest,
    template_id: templateId,
    ...(senderId !== undefined && { sender_id: senderId }),
    ...(fallback && {
      fallback: {
        sender_id: fallback.senderId,
        template_id: fallback.templateId,
        ceiling: formatAmount(BigInt(fallback.ceilingMinor)),
      },
    }),
    conditions: {
      ...(leastMinor !== undefined && { least_owed: formatAmount(BigInt(leastMinor)) }),
      ...(mostMinor !== undefined && { most_owed: formatAmount(BigInt(mostMinor)) }),
      ...(tags && { tags }),
      ...(withoutTags && { without_tags: withoutTags }),
      ...(unanswered !== undefined && { unanswered }),
    },
  }
}

/** A standing approval as the API tells it. */
export function showStanding(one: StandingApproval, currency: string): z.output<typeof standingSchema> {
  return {
    id: one.id,
    approver: one.approver,
    caps: {
      run: moneyJson(one.capRunMinor, currency),
      day: moneyJson(one.capDayMinor, currency),
      month: moneyJson(one.capMonthMinor, currency),
    },
    valid_until: one.validUntil,
    created_at: one.createdAt,
  }
}

function showReminder(one: Reminder): z.output<typeof reminderSchema> {
  return {
    sequence_id: one.sequenceId,
    step: one.stepKey,
    invoice_id: one.invoiceId,
    invoice: one.number,
    contact_id: one.contactId,
    state: one.state,
    reason: one.reason,
    explanation: one.explanation,
    nominal_day: one.nominalDay,
    send_day: one.sendDay,
    campaign_id: one.campaignId,
    message_state: one.messageState,
    updated_at: one.updatedAt,
  }
}
