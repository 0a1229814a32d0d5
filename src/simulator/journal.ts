import { closeSync, createReadStream, existsSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Acceptance, WitnessRecord } from './record.ts'

/**
 * The witness on disk: one JSON line an acceptance. What was accepted is with the operating system before the event
 * loop turns, so that killing the process loses next to nothing.
 */
export type Journal = {
  append(acceptance: Acceptance): void
  clear(): void
  close(): void
}

/** A journal that keeps nothing. */
export const NO_JOURNAL: Journal = { append() {}, clear() {}, close() {} }

/** Reads an existing file into the record, then appends to it. A line cut off by a kill is passed over. */
export async function openJournal(path: string, record: WitnessRecord): Promise<Journal> {
  if (existsSync(path)) await replay(path, record)
  const file = openSync(path, 'a')
  let lines = ''
  const flush = () => {
    if (lines === '') return
    writeSync(file, lines)
    lines = ''
  }
  return {
    append(acceptance) {
      if (lines === '') setImmediate(flush)
      lines += `${JSON.stringify(acceptance)}\n`
    },
    clear() {
      lines = ''
      ftruncateSync(file)
    },
    close() {
      flush()
      closeSync(file)
    },
  }
}

async function replay(path: string, record: WitnessRecord): Promise<void> {
  for await (const line of createInterface({
    input: createReadStream(path),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    const acceptance = parseLine(line)
    if (acceptance) record.accept(acceptance)
  }
}

function parseLine(line: string): Acceptance | undefined {
  try {
    return JSON.parse(line) as Acceptance
  } catch {
    return undefined
  }
}
