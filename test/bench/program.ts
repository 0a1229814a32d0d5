import type { Ground } from './ground.ts'
import { freePort, type Part, startPart } from './processes.ts'
import type { Stage } from './stage.ts'

/** The program on a stage's rows, as an operator starts it. */
export type Program = {
  readonly server: Part
  /** Undefined where there is no Redis in which server and worker could meet: then they are one process. */
  readonly worker: Part | undefined
  stop(): Promise<void>
}

export async function startProgram(
  ground: Ground,
  stage: Stage,
  more: Record<string, string | undefined> = {},
): Promise<Program> {
  const environment = { ...stage.environment, PORT: String(await freePort()), ...more }
  const isApart = ground.redisUrl !== undefined
  const server = await startPart('src/main.ts', /listens on/, environment, isApart ? ['--server-only'] : [])
  const worker = isApart
    ? await startPart('workers/main.ts', /worker is ready/, loud(environment))
    : undefined
  return {
    server,
    worker,
    async stop() {
      await worker?.stop()
      await server.stop()
    },
  }
}

/** A worker says that it is ready in its log alone. */
function loud(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  return { ...environment, LOG_LEVEL: 'info' }
}

const MOST_WAIT_MS = 300_000
const LOOK_EVERY_MS = 100

/** Looks some times a second until it is so. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const untilMs = Date.now() + MOST_WAIT_MS
  while (!(await isSo())) {
    if (Date.now() > untilMs) throw new Error('it took too long')
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}

/** How many messages of a campaign are in one of these states. */
export async function countOf(stage: Stage, campaignId: string, states: string[]): Promise<number> {
  const [row] = await stage.as(
    ({ sql }) => sql<{ n: number }[]>`
      SELECT coalesce(sum(n), 0)::int AS n FROM message_counts WHERE campaign_id = ${campaignId} AND state = ANY(${states})`,
  )
  return row!.n
}
