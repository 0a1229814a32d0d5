import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { findCampaign } from '../campaigns/index.ts'
import { listMessages, type MessageLine, type MessagePlace, writeReport } from '../reports/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { sendStream, WORKBOOK } from './answer.ts'
import { Problem, problemOf } from './problem.ts'
import { defineStreamRoute, type StreamInput } from './route.ts'

const ROWS_AT_ONCE = 1_000
/** Each is a workbook in the making: processor time that the rest of the program wants too. */
const MOST_AT_ONCE = 4

let underway = 0

export const getReport = defineStreamRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/report.xlsx',
  tag: 'Campaigns',
  summary: 'What became of each recipient’s message, and what it cost, as a workbook',
  permission: 'campaigns.read',
  responses: { 200: { download: WORKBOOK } },
  refusals: ['not_found'],
  handler: async (input) => {
    const place = await placeOf(input)
    if (underway >= MOST_AT_ONCE)
      throw new Problem('unavailable', 'Too many reports are being written.', {}, { 'Retry-After': '5' })
    underway += 1
    try {
      input.response.attachment(`report-${input.params.id}.xlsx`).type(WORKBOOK)
      const workbook = writeReport(linesOf(input, place.timeZone), place)
      await sendStream(input.response, Readable.fromWeb(workbook as ReadableStream<Uint8Array>))
    } finally {
      underway -= 1
    }
  },
})

type Input = StreamInput<'/v1/campaigns/{id}/report.xlsx', undefined>

function placeOf({ house, cause, params }: Input): Promise<{ currency: string; timeZone: string }> {
  return house.database.within(cause, async (scope) => {
    const found = await findCampaign(scope, params.id)
    if (!found.ok) throw problemOf(found)
    return findWorkspace(scope)
  })
}

/** A page in a transaction: a report of a million rows keeps none of them open for long. */
async function* linesOf({ house, cause, params }: Input, timeZone: string): AsyncGenerator<MessageLine> {
  let after: MessagePlace | undefined
  do {
    const request = { campaignId: params.id, timeZone, limit: ROWS_AT_ONCE, after }
    const page = await house.database.within(cause, (scope) => listMessages(scope, request))
    yield* page.items
    after = page.next
  } while (after !== undefined)
}
