import { setTimeout as sleep } from 'node:timers/promises'
import { asSuperuser, countInFlight, killBackend, patiently, untilPostgresAnswers } from './backends.ts'
import { type Dice, pick } from './dice.ts'
import type { Post } from './post.ts'
import { restartPostgres } from './postmaster.ts'
import type { Stage } from './stage.ts'

/** What is killed, and how often out of a hundred times; what needs a Redis falls to the connections without one. */
const CHANCES = {
  sender: 46,
  settler: 15,
  server: 14,
  connection: 12,
  redis: 6,
  backend: 4,
  postgres: 3,
} as const

export type Kill = keyof typeof CHANCES

/** Who stands where while things are killed. */
export type Posts = { readonly senders: readonly Post[]; readonly settler: Post }

export function drawKill(dice: Dice, stage: Stage): Kill {
  let point = dice() * 100
  for (const [kill, chance] of Object.entries(CHANCES) as [Kill, number][]) {
    point -= chance
    if (point < 0) return kill === 'redis' && !stage.redis ? 'connection' : kill
  }
  return 'sender'
}

/** What the database still does for the dead is done within moments. */
const LAST_WORDS_MS = 60

/**
 * Kills with SIGKILL, or as the database's operator would, and lets what was killed start again.
 * @param since messages up to this one are settled
 * @returns how many calls were in the air: so many messages may be uncertain at most
 */
export async function kill(
  what: Kill,
  { stage, posts, since }: { stage: Stage; posts: Posts; since: bigint },
  dice: Dice,
): Promise<number> {
  const inFlight = (worker?: string) => patiently(() => countInFlight(stage, worker, since))
  switch (what) {
    case 'sender': {
      const worker = await aSender(dice, posts.senders).kill()
      await sleep(LAST_WORDS_MS)
      return worker === undefined ? 0 : inFlight(worker)
    }
    case 'settler':
      await posts.settler.kill()
      return 0
    case 'server':
      await stage.restartServer()
      return 0
    case 'connection':
      await patiently(() => dropConnection(stage, dice))
      return inFlight()
    case 'redis':
      await stage.redis!.kill()
      await stage.redis!.start()
      return 0
    case 'backend':
      await killBackend(stage, dice)
      return inFlight()
    case 'postgres':
      await patiently(() => restartPostgres(stage.superuserUrl))
      await untilPostgresAnswers(stage)
      return inFlight()
  }
}

const STARTING_TOO = 0.1

/** Mostly one that is at work: who is killed again before it has begun proves little. */
function aSender(dice: Dice, senders: readonly Post[]): Post {
  const atWork = senders.filter((sender) => sender.isAtWork())
  return pick(dice, atWork.length === 0 || dice() < STARTING_TOO ? senders : atWork)
}

/** One of all that the program has to the database, the queue's and its listening ones among them. */
async function dropConnection(stage: Stage, dice: Dice): Promise<void> {
  const connections = await asSuperuser(stage, CONNECTIONS)
  if (connections.length > 0)
    await asSuperuser(stage, `SELECT pg_terminate_backend(${Number(pick(dice, connections).pid)})`)
}

const CONNECTIONS = `
  SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
     AND backend_type = 'client backend' AND application_name <> 'watcher'`
