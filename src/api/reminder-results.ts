import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { z } from 'zod'
import { moneyJson } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'
import { findSequence } from '../reminders/index.ts'
import { readResults, type StepResult, writeResults } from '../reports/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { sendStream, WORKBOOK } from './answer.ts'
import { problemOf } from './problem.ts'
import { answer, defineRoute, defineStreamRoute } from './route.ts'
import { idSchema, moneySchema } from './schemas.ts'

const resultSchema = z
  .strictObject({
    step: z.string(),
    template_id: idSchema,
    invoices_reminded: z.int().min(0),
    invoices_recovered: z.int().min(0),
    money_recovered: moneySchema,
    days_to_payment: z.number().nullable(),
    cost: moneySchema,
    cost_per_recovered_invoice: moneySchema.nullable(),
    opt_outs: z.int().min(0),
    stopped_by_payment: z.int().min(0),
    saved: moneySchema,
  })
  .meta({ id: 'StepResult' })

export const getSequenceResults = defineRoute({
  method: 'get',
  path: '/v1/sequences/{id}/results',
  tag: 'Reminders',
  summary: 'Whether it helped: what each step has brought back, what it cost and what a payment saved',
  permission: 'sequences.read',
  responses: { 200: z.strictObject({ data: z.array(resultSchema) }) },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findSequence(scope, params.id)
    if (!found.ok) return found
    const { currency } = await findWorkspace(scope)
    const results = await readResults(scope, params.id)
    return answer(200, { data: results.map((one) => showResult(one, currency)) })
  },
})

export const getSequenceResultsBook = defineStreamRoute({
  method: 'get',
  path: '/v1/sequences/{id}/results.xlsx',
  tag: 'Reminders',
  summary: 'The same as a workbook',
  permission: 'sequences.read',
  responses: { 200: { download: WORKBOOK } },
  refusals: ['not_found'],
  handler: async ({ house, cause, params, response }) => {
    const { results, currency } = await house.database.within(cause, (scope) => load(scope, params.id))
    response.attachment(`results-${params.id}.xlsx`).type(WORKBOOK)
    await sendStream(
      response,
      Readable.fromWeb(writeResults(results, currency) as ReadableStream<Uint8Array>),
    )
  },
})

async function load(scope: Scope, id: string) {
  const found = await findSequence(scope, id)
  if (!found.ok) throw problemOf(found)
  const { currency } = await findWorkspace(scope)
  return { results: await readResults(scope, id), currency }
}

function showResult(one: StepResult, currency: string): z.output<typeof resultSchema> {
  return {
    step: one.step,
    template_id: one.templateId,
    invoices_reminded: one.reminded,
    invoices_recovered: one.recovered,
    money_recovered: moneyJson(one.recoveredMinor, one.currency),
    days_to_payment: one.daysToPayment,
    cost: moneyJson(one.costMinor, currency),
    cost_per_recovered_invoice:
      one.costPerRecoveredMinor === null ? null : moneyJson(one.costPerRecoveredMinor, currency),
    opt_outs: one.optOuts,
    stopped_by_payment: one.stopped,
    saved: moneyJson(one.savedMinor, currency),
  }
}
