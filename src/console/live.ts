import type { Response } from 'express'
import type { ConsoleHouse } from './house.ts'

const LOOK_EVERY_MS = 1_000
/** So many are told every second; the more there are beyond, the rarer, so that who watches slows nothing down. */
const EVERY_SECOND_MOST = 100
const HEARTBEAT_MS = 15_000
const RECONNECT_MS = 3_000
const MOST_STREAMS = 1_000

/** What a live region shows now: its markup, whether the whole page is to be fetched anew, and whether this was all. */
export type Live = { readonly html: string; readonly state: string; readonly ended: boolean }

/** One look as it is written to everybody who listens: made into bytes once, however many they are. */
type Told = { readonly text: string; readonly bytes: Buffer; readonly ended: boolean }
type Hear = (told: Told) => void
type Watch = { readonly listeners: Set<Hear> }

const watches = new WeakMap<ConsoleHouse, Map<string, Watch>>()
let open = 0

/** Whether one more may listen. */
export function hasRoom(): boolean {
  return open < MOST_STREAMS
}

/**
 * Writes what `look` finds as server-sent events, whenever it differs, until it has ended or nobody listens. One look
 * serves all who listen to the same `name` in this process.
 */
export async function follow(
  house: ConsoleHouse,
  response: Response,
  name: string,
  look: () => Promise<Live>,
  stillHere: () => Promise<boolean>,
): Promise<void> {
  open += 1
  try {
    response.status(200).set({ 'Content-Type': 'text/event-stream', 'X-Accel-Buffering': 'no' })
    response.write(`retry: ${RECONNECT_MS}\n\n`)
    const hear = hearer(response)
    hear(toldOf(await look()))
    if (response.writableEnded) return
    const leave = listen(house, name, hear, look)
    const heartbeat = setInterval(() => void beat(response, stillHere), HEARTBEAT_MS)
    await new Promise((resolve) => response.once('close', resolve))
    clearInterval(heartbeat)
    leave()
  } finally {
    open -= 1
  }
}

function toldOf(live: Live): Told {
  const text = JSON.stringify(live)
  return { text, bytes: Buffer.from(`data: ${text}\n\n`), ended: live.ended }
}

function hearer(response: Response): Hear {
  let last = ''
  return ({ text, bytes, ended }) => {
    if (response.writableEnded) return
    if (text !== last && (ended || !response.writableNeedDrain)) {
      response.write(bytes)
      last = text
    }
    if (ended) response.end()
  }
}

async function beat(response: Response, stillHere: () => Promise<boolean>): Promise<void> {
  const here = await stillHere().catch(() => false)
  if (response.writableEnded) return
  if (here) response.write(': still here\n\n')
  else response.end()
}

function listen(house: ConsoleHouse, name: string, hear: Hear, look: () => Promise<Live>) {
  const known = watches.get(house) ?? new Map<string, Watch>()
  watches.set(house, known)
  const present = known.get(name)
  const watch = present ?? { listeners: new Set() }
  watch.listeners.add(hear)
  if (!present) {
    known.set(name, watch)
    void keepLooking(house, watch, look).finally(() => known.delete(name))
  }
  return () => void watch.listeners.delete(hear)
}

async function keepLooking(
  house: ConsoleHouse,
  { listeners }: Watch,
  look: () => Promise<Live>,
): Promise<void> {
  for (;;) {
    const every = Math.max(1, listeners.size / EVERY_SECOND_MOST)
    await new Promise((resolve) => setTimeout(resolve, every * LOOK_EVERY_MS))
    if (listeners.size === 0) return
    try {
      const told = toldOf(await look())
      for (const hear of listeners) hear(told)
    } catch (error) {
      house.log.warn({ err: error }, 'a look for a live page failed; the next one tries again')
    }
  }
}
