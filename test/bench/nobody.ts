import { randomUUID } from 'node:crypto'
import { dispatchSlice, findRun, type ProviderConnection } from '../../src/delivery/index.ts'
import type { Stage } from './stage.ts'

/** Sends a campaign through all that sending does, but for the network: whoever is called has always accepted. */
export async function sendToNobody(stage: Stage, campaignId: string): Promise<bigint[]> {
  await stage.as(({ sql }) => sql`UPDATE runs SET state = 'running' WHERE campaign_id = ${campaignId}`)
  await stage.as(({ sql }) => sql`UPDATE campaigns SET state = 'sending' WHERE id = ${campaignId}`)
  const run = (await stage.as((scope) => findRun(scope, campaignId)))!
  const nobody: ProviderConnection = {
    send: async () => ({ outcome: 'accepted', providerMessageId: randomUUID(), messageStatus: 'accepted' }),
    close: async () => {},
  }
  const house = {
    database: stage.house.database,
    log: stage.house.log,
    within: <T>(id: string, work: Parameters<Stage['as']>[0]) =>
      stage.house.asSystem('send', id, work) as Promise<T>,
    worker: stage.house.worker,
    signal: new AbortController().signal,
  }
  const lane = async () => {
    for (;;) {
      const sent = await dispatchSlice(house, run, nobody)
      if (sent.kind === 'nothing') return
    }
  }
  await Promise.all([lane(), lane()])
  const rows = await stage.as(
    ({ sql }) => sql<{ id: bigint }[]>`SELECT id FROM messages WHERE campaign_id = ${campaignId} ORDER BY id`,
  )
  return rows.map((row) => row.id)
}
