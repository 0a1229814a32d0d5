import type { Scope } from '../platform/scope.ts'
import { Breaker } from './breaker.ts'
import type { DispatchHouse } from './dispatch.ts'
import { Flights } from './flights.ts'
import { mostInFlight } from './pace.ts'
import type { ProviderConnection, SendOutcome } from './provider.ts'
import { endRest, HEARD_WITHIN_MS, noteRest } from './rest.ts'
import type { Run } from './run.ts'

/** A sender’s way to its provider, which all that goes out from it shares. */
export type Line = {
  readonly connection: ProviderConnection
  readonly breaker: Breaker
  readonly flights: Flights
  /** Over once it is written down how it stands with the provider. */
  noted: Promise<void>
}

const lines = new WeakMap<ProviderConnection, Line>()

/**
 * What one worker knows of a line. One that is opened anew, with another token perhaps, begins without a past.
 * @param messagesPerSecond the sender's pace, for which a line is opened
 */
export function lineOf(connection: ProviderConnection, messagesPerSecond: number): Line {
  const line = lines.get(connection) ?? openLine(connection, messagesPerSecond)
  lines.set(connection, line)
  return line
}

function openLine(connection: ProviderConnection, messagesPerSecond: number): Line {
  return {
    connection,
    breaker: new Breaker(),
    flights: new Flights(mostInFlight(messagesPerSecond)),
    noted: Promise.resolve(),
  }
}

/** Learns from what became of a call; where sending rests or goes on by it, all who ask can see it. */
export function tellLine(house: DispatchHouse, run: Run, line: Line, outcome: SendOutcome): void {
  const nowMs = performance.now()
  const change = line.breaker.tell(outcome, nowMs)
  if (change === 'away') {
    const code = 'code' in outcome ? outcome.code : undefined
    house.log.warn(
      { senderId: run.senderId, code },
      'the provider gives no clear answer; sending rests a while',
    )
    rest(house, run, line, line.breaker.waitMs(nowMs))
  } else if (change === 'back') {
    house.log.info({ senderId: run.senderId }, 'the provider answers again')
    goOn(house, run, line)
  }
}

function rest(house: DispatchHouse, run: Run, line: Line, forMs: number): void {
  const { worker, watch } = house
  const { senderId } = run
  watch?.rests(senderId, forMs + HEARD_WITHIN_MS)
  note(house, run, line, (scope) => noteRest(scope, { senderId, worker, forMs }))
}

function goOn(house: DispatchHouse, run: Run, line: Line): void {
  const { worker, watch } = house
  const { senderId } = run
  watch?.goesOn(senderId)
  note(house, run, line, (scope) => endRest(scope, { senderId, worker }))
}

/** One after the other, so that what is noted last is what came last; what cannot be noted keeps nobody from sending. */
function note(house: DispatchHouse, run: Run, line: Line, work: (scope: Scope) => Promise<void>): void {
  line.noted = line.noted
    .then(() => house.within(run.workspaceId, work))
    .catch((error: unknown) => house.log.warn({ err: error }, 'a rest could not be noted'))
}
