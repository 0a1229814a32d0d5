import type { Database } from '../platform/db.ts'
import type { Log } from '../platform/log.ts'
import type { Scope } from '../platform/scope.ts'
import type { Span } from '../platform/trace.ts'
import { type OpenTemplate, openTemplate } from '../templates/index.ts'
import { claimSlice, type Slice } from './claim.ts'
import { fillMessage, type KnownFile, type RunTemplate } from './fill-message.ts'
import { type Line, lineOf, tellLine } from './line.ts'
import { type Obstacle, STOPPING } from './obstacle.ts'
import { type OpenedMessage, openAttempts, passOver, type UnfitMessage } from './open-attempts.ts'
import { OutcomeWriter } from './outcome-writer.ts'
import { dispatchSize } from './pace.ts'
import type { OutgoingMessage, ProviderConnection, SendOutcome } from './provider.ts'
import { readyMedia } from './ready-media.ts'
import { finishSlice, type Outcome, PUT_BACK, recordOutcomes } from './record.ts'
import type { Run } from './run.ts'
import { type WorkerRows, workerRows } from './worker-rows.ts'

/** What sending needs of the house. */
export type DispatchHouse = {
  database: Database
  log: Log
  /** Runs `work` in one transaction of the run's workspace, as the sending part of the program. */
  within<T>(workspaceId: string, work: (scope: Scope) => Promise<T>): Promise<T>
  worker: string
  signal: AbortSignal
  /** What the slices are a part of, where traces are kept. */
  span?: Span
  watch?: SendingWatch
}

/** Is told of each call as it is made and as its outcome is known, and of senders whose provider is left alone. */
export type SendingWatch = {
  called(): void
  answered(outcome: SendOutcome['outcome']): void
  /** A rest that nothing more is heard of for so long is over. */
  rests(senderId: string, forMs: number): void
  goesOn(senderId: string): void
}

export type Dispatched =
  | { kind: 'sent'; obstacle: Obstacle | undefined }
  | { kind: 'wait'; forMs: number }
  | { kind: 'nothing' }

/**
 * Sends the next slice of a run: claim, open, call, record. Every attempt is committed, as dispatched, before its call,
 * and what is not known to have stayed here is never sent again.
 */
export async function dispatchSlice(
  house: DispatchHouse,
  run: Run,
  connection: ProviderConnection,
): Promise<Dispatched> {
  const line = lineOf(connection, run.messagesPerSecond)
  const restMs = line.breaker.waitMs(performance.now())
  if (restMs > 0) return { kind: 'wait', forMs: restMs }
  const rows = workerRows(house, run.workspaceId)
  const media = await readyMedia(rows, run, connection)
  if (media.kind === 'obstacle') return { kind: 'sent', obstacle: media.obstacle }
  if (media.kind !== 'ready') return media
  // Never ended, and so never told, where there is nothing to claim.
  const span = house.span?.begin('send slice')
  const claim = await claimSlice(rows, run)
  if (claim.kind !== 'slice') return claim
  const recorder = openRecorder(house, rows, run)
  const unfit: UnfitMessage[] = []
  const calls = countCalls()
  await sendPaced({ house, rows, run, line, slice: claim, recorder, calls, unfit, file: media.file, span })
  await recorder.finish()
  await line.noted
  await passOver(rows, run, unfit)
  await finishSlice(rows, run.campaignId, claim.sliceNo)
  if (span) endSlice(span, run, claim, recorder)
  return { kind: 'sent', obstacle: recorder.obstacle() }
}

function endSlice(span: Span, run: Run, slice: Slice, recorder: Recorder): void {
  span.note({
    'duecast.provider': run.provider,
    'duecast.slice': slice.sliceNo,
    'duecast.messages': [...recorder.counts.values()].reduce((sum, n) => sum + n, 0),
    ...Object.fromEntries([...recorder.counts].map(([outcome, n]) => [`duecast.${outcome}`, n])),
  })
  span.end(recorder.obstacle()?.code)
}

/** A slice on its way: whose it is, the line on which it goes, and the file above its messages, if there is one. */
type Sending = {
  readonly house: DispatchHouse
  readonly rows: WorkerRows
  readonly run: Run
  readonly line: Line
  readonly slice: Slice
  readonly recorder: Recorder
  readonly calls: Calls
  /** Whom nothing was sent to; they are passed over when no call hangs on it any more. */
  readonly unfit: UnfitMessage[]
  readonly file: KnownFile | undefined
  readonly span: Span | undefined
}

/** Batches leave at the sender's pace; what an obstacle or a stop leaves unsent has never left the queue. */
async function sendPaced(sending: Sending): Promise<void> {
  const { house, run, slice, calls } = sending
  const startMs = performance.now() + slice.startsInMs
  for (let from = 0; from < slice.messageIds.length; ) {
    await waitUntil(startMs + (from / run.messagesPerSecond) * 1000, house.signal)
    const count = await sendBatch(sending, from)
    if (count === 0) break
    from += count
  }
  await calls.allEnded()
}

/** Sends what may go at once of what stands from there on. @returns how many messages have been dealt with, 0 to halt */
async function sendBatch(sending: Sending, from: number): Promise<number> {
  const { run, line, slice, calls } = sending
  const size = Math.min(dispatchSize(run.messagesPerSecond), slice.messageIds.length - from)
  await line.flights.reserve(size)
  let spare = size
  try {
    calls.throwIfBroken()
    const may = mayCall(sending)
    if (may === 'none') return 0
    const batch = slice.messageIds.slice(from, from + { all: size, one: 1 }[may])
    for (const ready of await readyBatch(sending, batch)) {
      spare -= 1
      calls.begin(call(sending, ready), () => line.flights.land(1))
    }
    // What comes after the one that tries hangs on its answer.
    if (may === 'one') await calls.allEnded()
    return batch.length
  } finally {
    line.flights.land(spare)
  }
}

function mayCall({ house, line, recorder }: Sending): ReturnType<Line['breaker']['allow']> {
  const isHalted = house.signal.aborted || recorder.obstacle() !== undefined
  return isHalted ? 'none' : line.breaker.allow(performance.now())
}

type Ready = { message: OpenedMessage; outgoing: OutgoingMessage }

/** Opens the attempts of a batch and renders it. @returns what must be called now */
async function readyBatch(sending: Sending, batch: readonly bigint[]): Promise<Ready[]> {
  const { rows, run, slice, recorder } = sending
  const template = openTemplate((run.template as RunTemplate).words)
  const { opened, unfit } = await openAttempts(rows, run, slice, batch)
  sending.unfit.push(...unfit)
  try {
    return render(sending, template, opened)
  } catch (error) {
    for (const message of opened) recorder.putBack(message)
    throw error
  }
}

/** What cannot be rendered is rejected here and never leaves. */
function render(
  { run, file, recorder }: Sending,
  template: OpenTemplate,
  opened: readonly OpenedMessage[],
): Ready[] {
  const ready: Ready[] = []
  for (const message of opened) {
    const filled = fillMessage(run, template, message, file)
    if (filled.ok) ready.push({ message, outgoing: filled.value })
    else {
      const { reason: code, message: why } = filled
      recorder.tell(message, { outcome: 'rejected', code, message: why, action: 'recipient' })
    }
  }
  return ready
}

type Calls = ReturnType<typeof countCalls>

/** Counts the calls of a slice that are in the air, and tells when all have ended. */
function countCalls() {
  let flying = 0
  let broken: { error: unknown } | undefined
  let whenEnded: (() => void) | undefined
  const throwIfBroken = () => {
    if (broken) throw broken.error
  }
  return {
    begin(call: Promise<void>, land: () => void): void {
      flying += 1
      const end = () => {
        land()
        flying -= 1
        if (flying === 0) whenEnded?.()
      }
      call.then(end, (error: unknown) => {
        broken ??= { error }
        end()
      })
    },
    async allEnded(): Promise<void> {
      if (flying > 0) await new Promise<void>((resolve) => (whenEnded = resolve))
      throwIfBroken()
    },
    throwIfBroken,
  }
}

/**
 * One call of each slice has a span of its own and stands for the others, whose outcomes are counted in the slice's: at
 * five thousand calls a second a span for each would cost the machine more than the calls, and drown whoever reads them.
 */
async function call(sending: Sending, { message, outgoing }: Ready): Promise<void> {
  const { house, run, line, recorder, span } = sending
  const sample = recorder.isFirstCall() ? span?.begin('call provider', { kind: 'client' }) : undefined
  house.watch?.called()
  const outcome = await line.connection.send(outgoing)
  house.watch?.answered(outcome.outcome)
  recorder.tell(message, outcome)
  tellLine(house, run, line, outcome)
  sample?.note({ 'duecast.provider': run.provider, 'duecast.outcome': outcome.outcome })
  sample?.end(outcome.outcome === 'accepted' ? undefined : outcome.code)
}

type Recorder = {
  tell(message: OpenedMessage, outcome: SendOutcome): void
  /** For a message that was opened and never called: it may go again at once. */
  putBack(message: OpenedMessage): void
  obstacle(): Obstacle | undefined
  /** What became of the calls, by outcome. */
  readonly counts: ReadonlyMap<SendOutcome['outcome'], number>
  /** Once, and then no more. */
  isFirstCall(): boolean
  finish(): Promise<void>
}

/** Hears what came of each call of a slice, and has it written. */
function openRecorder(house: DispatchHouse, rows: WorkerRows, run: Run): Recorder {
  const writer = writerOf(house, rows, run)
  const writes = new Set<Promise<void>>()
  const systematic = watchForSystematic()
  const counts = new Map<SendOutcome['outcome'], number>()
  let called = false
  let obstacle: Obstacle | undefined

  return {
    tell(message, outcome) {
      obstacle ??= obstacleIn(outcome) ?? systematic.judge(outcome)
      counts.set(outcome.outcome, (counts.get(outcome.outcome) ?? 0) + 1)
      writes.add(writer.add(outcomeRow(message, outcome)))
    },
    putBack({ messageId, attemptNo }) {
      writes.add(writer.add({ messageId, attemptNo, outcome: 'not_sent', code: PUT_BACK, retryAfterMs: 0 }))
    },
    obstacle: () => obstacle,
    counts,
    isFirstCall() {
      if (called) return false
      called = true
      return true
    },
    async finish() {
      writer.flush()
      await Promise.all(writes)
    },
  }
}

/** Of each run, as long as it is remembered: its lanes write together. */
const writers = new WeakMap<Run, OutcomeWriter>()

function writerOf(house: DispatchHouse, rows: WorkerRows, run: Run): OutcomeWriter {
  const writer = writers.get(run) ?? new OutcomeWriter((batch) => recordPatiently(house, rows, run, batch))
  writers.set(run, writer)
  return writer
}

/** So many of the messages at hand must have met the same fault, and be most of all, before it counts as everybody's. */
const SYSTEMATIC_FROM = 10
const SYSTEMATIC_SHARE = 0.8

/** A fault of one row is that row's; where nearly all have it, the campaign stops before it has burnt its whole list. */
function watchForSystematic() {
  const counts = new Map<string, number>()
  let all = 0
  return {
    judge(outcome: SendOutcome): Obstacle | undefined {
      all += 1
      if (outcome.outcome !== 'rejected' || !outcome.isSystematic) return undefined
      const alike = (counts.get(outcome.code) ?? 0) + 1
      counts.set(outcome.code, alike)
      if (alike < SYSTEMATIC_FROM || alike < SYSTEMATIC_SHARE * all) return undefined
      const message = `Nearly every message is refused: ${outcome.message} Mend the template or its variables, then resume.`
      return { action: 'campaign', code: outcome.code, message }
    },
  }
}

const RECORD_TRIES = 20
const RECORD_AGAIN_MS = 500

/** What the provider has answered is worth waiting for the database: without it these messages count as unknown. */
async function recordPatiently(
  house: DispatchHouse,
  rows: WorkerRows,
  run: Run,
  batch: readonly Outcome[],
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await recordOutcomes(rows, run, batch)
    } catch (error) {
      house.log.warn({ err: error, tries, count: batch.length }, 'outcomes are not recorded yet')
      if (tries >= RECORD_TRIES) throw error
      await new Promise((resolve) => setTimeout(resolve, RECORD_AGAIN_MS))
    }
  }
}

function obstacleIn(outcome: SendOutcome): Obstacle | undefined {
  if (outcome.outcome === 'accepted') return outcome.messageStatus === 'paused' ? TEMPLATE_PAUSED : undefined
  if (outcome.action === undefined || !STOPPING.includes(outcome.action)) return undefined
  return { action: outcome.action, code: outcome.code, message: outcome.message }
}

/** Taken, but kept by the platform until the template may be sent again: what follows would only lie there too. */
const TEMPLATE_PAUSED: Obstacle = {
  action: 'campaign',
  code: '132015',
  message:
    'WhatsApp has paused this template, because its readers complained. Resume the campaign when the template is approved again.',
}

const A_DAY_MS = 24 * 60 * 60 * 1000

/**
 * A clear refusal that is the campaign's, the sender's or the account's fault has not sent anything: the message waits
 * in the queue and may go when the fault is mended.
 */
function outcomeRow({ messageId, attemptNo }: OpenedMessage, answer: SendOutcome): Outcome {
  if (answer.outcome === 'accepted') {
    return { messageId, attemptNo, outcome: 'accepted', providerMessageId: answer.providerMessageId }
  }
  const told = { messageId, attemptNo, code: answer.code, detail: answer.message }
  if (answer.outcome === 'rejected' && STOPPING.includes(answer.action))
    return { ...told, outcome: 'not_sent', retryAfterMs: 0 }
  if (answer.outcome === 'not_sent') {
    return {
      ...told,
      outcome: 'not_sent',
      retryAfterMs: answer.action === 'wait_a_day' ? A_DAY_MS : answer.retryAfterMs,
      retryFactor: answer.retryFactor,
      mostTries: answer.mostTries,
    }
  }
  return { ...told, outcome: answer.outcome }
}

async function waitUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const forMs = atMs - performance.now()
  if (forMs < 1 || signal.aborted) return
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, forMs)
    signal.addEventListener('abort', done, { once: true })
  })
}
