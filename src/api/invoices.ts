import { z } from 'zod'
import { moneyJson, parseAmount } from '../platform/money.ts'
import type { Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import {
  cancelInvoice,
  disputeInvoice,
  findInvoice,
  INVOICE_STATES,
  type Invoice,
  invoiceHistory,
  listInvoices,
  type MovedInvoice,
  type MoveRefusal,
  outstandingMinor,
  promiseInvoice,
  readAgeing,
  recordPayment,
  reopenInvoice,
  saveInvoice,
} from '../reminders/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { daySchema, idSchema, instantSchema, moneySchema } from './schemas.ts'

const COUNTED_ID = z.string().regex(/^[1-9]\d{0,17}$/)
const NUMBER_MAX_CHARS = 200
const LINK_MAX_CHARS = 2_000
const TEXT_MAX_CHARS = 1_000
const MOST_TAGS = 20
const MOST_VARIABLES = 50

const dueDaySchema = daySchema.meta({ examples: ['2026-12-01'] })
const linkSchema = z.url({ protocol: /^https?$/ }).max(LINK_MAX_CHARS)
const numberSchema = z.string().trim().min(1).max(NUMBER_MAX_CHARS)
const reasonSchema = z.string().trim().min(1).max(500).optional()

const invoiceSchema = z
  .strictObject({
    id: idSchema,
    number: z.string(),
    contact_id: idSchema,
    amount: moneySchema,
    paid: moneySchema,
    outstanding: moneySchema,
    due_date: z.string(),
    state: z.enum(INVOICE_STATES),
    promised_until: z.string().nullable(),
    pay_link: z.string().nullable(),
    attachment: z.string().nullable(),
    tags: z.array(z.string()),
    variables: z.record(z.string(), z.string()),
    source: z.string().meta({ description: '`import:<id>`, `api` or `console`.' }),
    created_at: instantSchema,
    updated_at: instantSchema,
    paid_at: instantSchema.nullable(),
  })
  .meta({ id: 'Invoice' })

const stoppedSchema = z
  .strictObject({
    messages: z.int().min(0),
    released: moneySchema.meta({ description: 'What was held for them and is available again.' }),
  })
  .meta({ id: 'StoppedMessages', description: 'Reminders that had not left and will not go.' })

const movedSchema = z
  .strictObject({ invoice: invoiceSchema, stopped: stoppedSchema })
  .meta({ id: 'MovedInvoice' })

export const getInvoices = defineRoute({
  method: 'get',
  path: '/v1/invoices',
  tag: 'Invoices',
  summary: 'Invoices, newest first',
  permission: 'invoices.read',
  query: z.strictObject({
    ...pageQuery,
    state: z.enum(INVOICE_STATES).optional(),
    contact_id: COUNTED_ID.optional(),
    number: numberSchema.optional(),
    overdue: z.enum(['true']).optional().meta({ description: 'Only what is unpaid and past its day.' }),
  }),
  responses: { 200: pageSchema(invoiceSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const page = await listInvoices(scope, {
      ...readPage(query, z.uuid()),
      state: query.state,
      number: query.number,
      contactId: query.contact_id === undefined ? undefined : BigInt(query.contact_id),
      overdueOn: query.overdue === undefined ? undefined : await today(scope),
    })
    return answer(200, pageBody(page, showInvoice))
  },
})

export const postInvoice = defineRoute({
  method: 'post',
  path: '/v1/invoices',
  tag: 'Invoices',
  summary: 'Enters an invoice; the same number again brings it up to date',
  permission: 'invoices.write',
  body: z
    .strictObject({
      number: numberSchema,
      contact: z.union([
        z.strictObject({ id: COUNTED_ID }),
        z.strictObject({
          phone: z.string().min(1).max(64),
          name: z.string().max(TEXT_MAX_CHARS).optional(),
          time_zone: z.string().max(64).optional(),
        }),
      ]),
      amount: moneySchema,
      due_date: dueDaySchema,
      pay_link: linkSchema.optional(),
      attachment: linkSchema.optional().meta({ description: 'Where the invoice itself can be read.' }),
      tags: z.array(z.string().trim().min(1).max(100)).max(MOST_TAGS).optional(),
      variables: z
        .record(z.string().max(64), z.string().max(TEXT_MAX_CHARS))
        .refine((all) => Object.keys(all).length <= MOST_VARIABLES, 'has too many members.')
        .optional()
        .meta({ description: 'Whatever else a template may say.' }),
    })
    .meta({ id: 'InvoiceInput' }),
  responses: { 201: invoiceSchema },
  refusals: ['not_found'],
  handler: async ({ scope, body }) => {
    const { contact, due_date: dueDate, pay_link: payLink, ...rest } = body
    const who =
      'id' in contact ? contact : { phone: contact.phone, name: contact.name, timeZone: contact.time_zone }
    const saved = await saveInvoice(scope, { ...rest, contact: who, dueDate, payLink }, 'api')
    return saved.ok ? answer(201, showInvoice(saved.value.invoice)) : saved
  },
})

export const getAgeing = defineRoute({
  method: 'get',
  path: '/v1/invoices/ageing',
  tag: 'Invoices',
  summary: 'What is owed, by currency and by days past due',
  permission: 'invoices.read',
  responses: {
    200: z
      .strictObject({
        on: z.string(),
        lines: z.array(
          z.strictObject({
            currency: z.string(),
            bucket: z.enum(['not_due', '1_30', '31_60', '61_90', 'over_90']),
            invoices: z.int().min(1),
            outstanding: moneySchema,
          }),
        ),
      })
      .meta({ id: 'Ageing' }),
  },
  refusals: [],
  handler: async ({ scope }) => {
    const on = await today(scope)
    const lines = (await readAgeing(scope, on)).map(({ outstandingMinor: owed, ...line }) => ({
      ...line,
      outstanding: moneyJson(owed, line.currency),
    }))
    return answer(200, { on, lines })
  },
})

export const getInvoice = defineRoute({
  method: 'get',
  path: '/v1/invoices/{id}',
  tag: 'Invoices',
  summary: 'One invoice',
  permission: 'invoices.read',
  responses: { 200: invoiceSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findInvoice(scope, { invoiceId: params.id })
    return found.ok ? answer(200, showInvoice(found.value)) : found
  },
})

export const getInvoiceHistory = defineRoute({
  method: 'get',
  path: '/v1/invoices/{id}/history',
  tag: 'Invoices',
  summary: 'All that ever happened to an invoice, oldest first',
  permission: 'invoices.read',
  responses: {
    200: z.strictObject({
      data: z.array(
        z
          .strictObject({
            kind: z.string(),
            from_state: z.enum(INVOICE_STATES).nullable(),
            to_state: z.enum(INVOICE_STATES),
            facts: z.record(z.string(), z.unknown()),
            actor: z.string(),
            at: instantSchema,
          })
          .meta({ id: 'InvoiceEvent' }),
      ),
    }),
  },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const history = await invoiceHistory(scope, params.id)
    if (!history.ok) return history
    const data = history.value.map(({ fromState, toState, facts, ...event }) => ({
      ...event,
      facts: { ...facts },
      from_state: fromState,
      to_state: toState,
    }))
    return answer(200, { data })
  },
})

export const postPayment = defineRoute({
  method: 'post',
  path: '/v1/invoices/{id}/payments',
  tag: 'Invoices',
  summary: 'Records a payment, once for each reference; reminders of what is paid stop at once',
  permission: 'invoices.write',
  body: z
    .strictObject({
      amount: moneySchema.optional().meta({ description: 'All that is still owed where it is left out.' }),
      paid_at: instantSchema.optional().meta({ description: 'Now where it is left out.' }),
      reference: z
        .string()
        .trim()
        .min(1)
        .max(300)
        .meta({ description: 'The payment’s own. The same one again is the same payment.' }),
    })
    .meta({ id: 'PaymentInput' }),
  responses: {
    201: movedSchema.extend({ known: z.boolean().meta({ description: 'Whether it was recorded before.' }) }),
  },
  refusals: ['not_found', 'currency_mismatch'],
  handler: async ({ scope, params, body }) => {
    const recorded = await recordPayment(scope, {
      invoiceId: params.id,
      amountMinor: body.amount && parseAmount(body.amount.amount),
      currency: body.amount?.currency,
      paidAt: body.paid_at === undefined ? scope.now : new Date(body.paid_at),
      source: 'api',
      externalId: body.reference,
    })
    if (!recorded.ok) return recorded
    return answer(201, { ...(await showMoved(scope, recorded.value)), known: recorded.value.known })
  },
})

export const putPromise = moveRoute(
  'put',
  'promise',
  'Notes that payment was promised: no reminder goes until that day has passed',
  z.strictObject({ until: dueDaySchema }).meta({ id: 'PromiseInput' }),
  (scope, id, { until }) => promiseInvoice(scope, { invoiceId: id }, until),
)

export const putDispute = moveRoute(
  'put',
  'dispute',
  'Notes that the invoice is disputed: no reminder goes until it is opened again',
  z.strictObject({ reason: reasonSchema }).meta({ id: 'DisputeInput' }),
  (scope, id, { reason }) => disputeInvoice(scope, { invoiceId: id }, reason),
)

export const putCancelled = moveRoute(
  'put',
  'cancellation',
  'Cancels what is no longer owed',
  z.strictObject({ reason: reasonSchema }).meta({ id: 'InvoiceCancellationInput' }),
  (scope, id, { reason }) => cancelInvoice(scope, { invoiceId: id }, reason),
)

export const postReopening = moveRoute(
  'post',
  'reopening',
  'Takes a promise, a dispute or a cancellation back',
  z.strictObject({}).meta({ id: 'ReopeningInput' }),
  (scope, id) => reopenInvoice(scope, { invoiceId: id }),
)

function moveRoute<Body extends z.ZodType>(
  method: 'put' | 'post',
  noun: string,
  summary: string,
  body: Body,
  move: (scope: Scope, id: string, body: z.output<Body>) => Promise<Result<MovedInvoice, MoveRefusal>>,
) {
  return defineRoute({
    method,
    path: `/v1/invoices/{id}/${noun}`,
    tag: 'Invoices',
    summary,
    permission: 'invoices.write',
    body,
    responses: { 200: movedSchema },
    refusals: ['not_found', 'wrong_state'],
    handler: async ({ scope, params, body: asked }) => {
      const moved = await move(scope, (params as { id: string }).id, asked as z.output<Body>)
      return moved.ok ? answer(200, await showMoved(scope, moved.value)) : moved
    },
  })
}

async function today(scope: Scope): Promise<string> {
  const { timeZone } = await findWorkspace(scope)
  return new Intl.DateTimeFormat('en-CA', { timeZone }).format(scope.now)
}

async function showMoved(scope: Scope, { invoice, stopped }: MovedInvoice) {
  const { currency } = await findWorkspace(scope)
  return {
    invoice: showInvoice(invoice),
    stopped: { messages: stopped.count, released: moneyJson(stopped.releasedMinor, currency) },
  }
}

function showInvoice(invoice: Invoice): z.output<typeof invoiceSchema> {
  const money = (minor: bigint) => moneyJson(minor, invoice.currency)
  return {
    id: invoice.id,
    number: invoice.number,
    contact_id: invoice.contactId.toString(),
    amount: money(invoice.amountMinor),
    paid: money(invoice.paidMinor),
    outstanding: money(outstandingMinor(invoice)),
    due_date: invoice.dueDate,
    state: invoice.state,
    promised_until: invoice.promisedUntil,
    pay_link: invoice.payLink,
    attachment: invoice.attachment,
    tags: [...invoice.tags],
    variables: { ...invoice.variables },
    source: invoice.source,
    created_at: invoice.createdAt,
    updated_at: invoice.updatedAt,
    paid_at: invoice.paidAt,
  }
}
