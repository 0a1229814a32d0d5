import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const TRIES = 3

type Try = { bare: number; bareCopy: number; quoteSeconds: number; submitSeconds: number }

/**
 * What it takes to price a list and to freeze it, beside one bare pass over the same rows and one bare copy of them
 * into a table without rules.
 */
export async function benchQuote(ground: Ground, contacts: number): Promise<Figure[]> {
  const stage = await openStage(ground)
  try {
    const listId = await makeContacts(stage, contacts, true)
    const parts = await makeParts(stage, { seed: 7 })
    const tries: Try[] = []
    for (let n = 0; n < TRIES; n += 1) {
      const bare = await barePass(stage, listId)
      const bareCopy = await copyBare(stage, listId)
      const campaignId = await draft(stage, parts, listId)
      tries.push({ bare, bareCopy, ...(await quoteAndSubmit(stage, campaignId)) })
    }
    await stage.audit()
    const best = (pick: (one: Try) => number) => Math.min(...tries.map(pick))
    const isMillion = contacts >= 1_000_000
    return [
      {
        name: `quote of ${contacts.toLocaleString('en-GB')} contacts`,
        unit: 's',
        value: best((one) => one.quoteSeconds),
        limit: { what: 'one pass over the same rows', value: best((one) => one.bare) },
        ...(isMillion ? { goal: { value: { atMost: 5 } } } : { asked: { value: { atMost: 2 } } }),
        note: `best of ${TRIES}: ${tries.map((one) => one.quoteSeconds.toFixed(2)).join(', ')}`,
      },
      {
        name: `submission of ${contacts.toLocaleString('en-GB')} contacts (freeze, price, hold)`,
        unit: 's',
        value: best((one) => one.submitSeconds),
        limit: {
          what: 'the same rows copied into a table without rules',
          value: best((one) => one.bareCopy),
        },
        ...(isMillion ? { goal: { value: { atMost: 20 } } } : {}),
        note: `best of ${TRIES}: ${tries.map((one) => one.submitSeconds.toFixed(2)).join(', ')}`,
      },
    ]
  } finally {
    await stage.close()
  }
}

async function barePass(stage: Stage, listId: string): Promise<number> {
  return timed(
    stage,
    ({ sql, workspaceId }) => sql`
    SELECT count(*), min(c.phone), max(length(c.variables::text)) FROM list_members l JOIN contacts c ON c.id = l.contact_id
     WHERE l.list_id = ${listId} AND l.workspace_id = ${workspaceId}`,
  )
}

async function copyBare(stage: Stage, listId: string): Promise<number> {
  return timed(stage, async ({ sql, workspaceId }) => {
    await sql`CREATE TEMP TABLE bare (id bigint PRIMARY KEY, phone text, variables jsonb) ON COMMIT DROP`
    await sql`
      INSERT INTO bare SELECT c.id, c.phone, c.variables FROM list_members l JOIN contacts c ON c.id = l.contact_id
       WHERE l.list_id = ${listId} AND l.workspace_id = ${workspaceId}`
  })
}

async function timed(stage: Stage, work: Parameters<Stage['as']>[0]): Promise<number> {
  const startedMs = performance.now()
  await stage.as(work)
  return (performance.now() - startedMs) / 1000
}
