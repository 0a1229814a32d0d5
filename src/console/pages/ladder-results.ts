import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { ok } from '../../platform/result.ts'
import { findSequence } from '../../reminders/index.ts'
import { readResults, writeResults } from '../../reports/index.ts'
import { findWorkspace } from '../../workspaces/index.ts'
import { stream } from '../page.ts'

const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'

/** What each step has brought back, as a workbook. */
const results = stream('/reminders/ladders/:id/results.xlsx', async ({ params, response, within }) => {
  const read = await within(async (scope) => {
    const found = await findSequence(scope, params.id!)
    if (!found.ok) return found
    const { currency } = await findWorkspace(scope)
    return ok({ currency, results: await readResults(scope, found.value.id) })
  })
  if (!read.ok) return read
  response.attachment('results.xlsx').type(WORKBOOK)
  const workbook = writeResults(read.value.results, read.value.currency)
  await pipeline(Readable.fromWeb(workbook as ReadableStream<Uint8Array>), response)
  return undefined
})

export const ladderResultsPages = [results]
