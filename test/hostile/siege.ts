import { PROBLEM_TYPE, type ProblemCode, statusOf } from '../../src/api/problem.ts'
import type { Attack } from './attack.ts'
import type { Figures, Ground } from './ground.ts'
import { exchange, type WireAnswer } from './wire.ts'

/** What came of it. */
export type Siege = {
  readonly taken: number
  readonly refused: number
  /** The routes of the tables that were attacked. */
  readonly routes: ReadonlySet<string>
  /** What was answered as it must not be, once for each route and place. */
  readonly faults: readonly string[]
  /** The longest that the server's loop was kept waiting, by the clock and by its own work alone, and around what. */
  readonly loopMs: number
  readonly ownMs: number
  readonly longestAt: string
  /** How much more the process holds than before, and how much of it is the heap and its buffers. */
  readonly grownBytes: number
  readonly heldBytes: number
}

type Tally = {
  taken: number
  refused: number
  routes: Set<string>
  faults: Map<string, string>
  loopMs: number
  ownMs: number
  longestAt: string
}

const AT_ONCE = 4
/** So many attacks share one look at the loop. */
const LOOK_EVERY = 20

/** Sends every attack, some at once, judges each answer, and watches the server's process. Faults are told as they come. */
export async function besiege(
  ground: Ground,
  attacks: AsyncIterable<Attack>,
  tell: (fault: string) => void = () => {},
): Promise<Siege> {
  const tally: Tally = {
    taken: 0,
    refused: 0,
    routes: new Set(),
    faults: new Map(),
    loopMs: 0,
    ownMs: 0,
    longestAt: '',
  }
  const before = await ground.figures('all')
  for await (const batch of batchesOf(attacks)) {
    const waiting = [...batch]
    const sendAll = async () => {
      for (let attack = waiting.shift(); attack; attack = waiting.shift()) {
        const fault = await strike(ground, attack, tally)
        if (fault !== undefined) tell(fault)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, sendAll))
    look(await ground.figures('loop'), batch, tally)
  }
  const after = await ground.figures('all')
  return {
    ...tally,
    faults: [...tally.faults.values()],
    grownBytes: after.rssBytes - before.rssBytes,
    heldBytes: after.heldBytes - before.heldBytes,
  }
}

async function strike(ground: Ground, attack: Attack, tally: Tally): Promise<string | undefined> {
  const answer = await exchange(ground.url, attack.request)
  tally.routes.add(attack.route)
  const fault = faultOf(attack, answer)
  if (fault === undefined) {
    if (answer!.status < 400) tally.taken += 1
    else tally.refused += 1
    learn(ground, attack, answer!)
    return undefined
  }
  const key = `${attack.route}: ${fault} ${placeOf(attack)}`
  if (tally.faults.has(key)) return undefined
  tally.faults.set(key, key)
  const told = `${attack.route}: ${fault} (${attack.what})${await causeOf(ground, answer)}`
  tally.faults.set(key, told)
  return told
}

function look({ loopMs, ownMs }: Figures, batch: readonly Attack[], tally: Tally): void {
  tally.loopMs = Math.max(tally.loopMs, loopMs)
  if (ownMs <= tally.ownMs) return
  tally.ownMs = ownMs
  tally.longestAt = `${batch[0]!.route}: ${batch.map(({ what }) => what).join('; ')}`
}

async function* batchesOf(attacks: AsyncIterable<Attack>): AsyncGenerator<Attack[]> {
  let batch: Attack[] = []
  for await (const attack of attacks) {
    const isFull = batch.length >= LOOK_EVERY || (batch[0] && batch[0].route !== attack.route)
    if (isFull) {
      yield batch
      batch = []
    }
    batch.push(attack)
  }
  if (batch.length > 0) yield batch
}

/** Every answer is one that the door may give; undefined where this one is. */
function faultOf(attack: Attack, answer: WireAnswer | undefined): string | undefined {
  if (!answer) return 'no answer'
  const { status } = answer
  if (status >= 500) return `answered ${status}`
  if (status < 400) return attack.mustRefuse ? `taken with ${status}` : undefined
  return attack.door === 'person' ? undefined : faultOfProblem(attack, answer)
}

function faultOfProblem(
  { codes, request }: Attack,
  { status, headers, body }: WireAnswer,
): string | undefined {
  if (!headers['content-type']?.startsWith(PROBLEM_TYPE)) return `a bare ${status}`
  if (request.method === 'HEAD') return undefined
  const code = codeOf(body)
  if (code === undefined) return `a ${status} without a code`
  if (statusOf(code) !== status) return `${code} with ${status}`
  if (codes && !codes.includes(code)) return `${code} is not among the codes of the document`
  return undefined
}

function codeOf(body: Buffer): ProblemCode | undefined {
  try {
    return (JSON.parse(body.toString()) as { code?: ProblemCode }).code
  } catch {
    return undefined
  }
}

/** What has been made may be attacked in its turn. */
function learn({ ids }: Ground, { route, request }: Attack, answer: WireAnswer): void {
  const word = request.target.split('/')[2]?.split('?')[0] ?? ''
  if (answer.status !== 201 || !route.startsWith('POST /v1/') || !ids[word]) return
  const { id } = JSON.parse(answer.body.toString()) as { id?: string }
  if (id !== undefined && ids[word].length < 50) ids[word].push(id)
}

/** Where something stood: one fault is told once for each place. */
function placeOf({ what }: Attack): string {
  return / (?:at|as) (\S+)$/.exec(what)?.[1] ?? ''
}

const LOG_MS = 200

async function causeOf(ground: Ground, answer: WireAnswer | undefined): Promise<string> {
  const requestId = answer?.headers['x-request-id']
  if (requestId === undefined || answer!.status < 500) return ''
  // The server writes its log a moment later than its answer.
  await new Promise((resolve) => setTimeout(resolve, LOG_MS))
  return `\n    ${ground.failureOf(requestId).slice(0, 900)}`
}
