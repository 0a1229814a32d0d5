import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { SheetOptionsInput } from './options.ts'
import { placesOf, type ReaderProgram, type ReaderScript, readerProgram } from './program.ts'

/**
 * One line of the reading process. `text` is passed on as it is: rows go from it to the database without being parsed
 * here, so that a large import never holds up the server.
 * M meta · G progress · R rows of a table · A accepted rows · P problems · X rejected rows · D totals · E refusal
 * `{code, detail}`. All are JSON but A, which holds columns (`packRows`).
 */
export type SheetLine = {
  readonly kind: 'M' | 'G' | 'R' | 'A' | 'P' | 'X' | 'D' | 'E'
  readonly text: string
}

export type SheetLimits = {
  readonly heapMb: number
  /** Buffers live outside the heap, so the whole process is measured too. */
  readonly residentMb: number
  /** How long the process may say nothing while it is waited for. */
  readonly silenceMs: number
  /** How long it may be waited for altogether; the time that our own database takes does not count. */
  readonly totalMs: number
}

export const SHEET_LIMITS: SheetLimits = { heapMb: 256, residentMb: 600, silenceMs: 60_000, totalMs: 300_000 }

export type ReadSheetRequest = {
  readonly path: string
  readonly options: SheetOptionsInput
  readonly signal?: AbortSignal | undefined
  readonly limits?: SheetLimits | undefined
  /** Told where the process failed, for the log; never with a cell's text. */
  readonly onCrash?: ((trace: string) => void) | undefined
}

const MAX_LINE_BYTES = 64 * 1024 * 1024
const MAX_STDERR_CHARS = 8_192
const WATCH_EVERY_MS = 200
/** Rows die young: room for a handful of batches saves most of the collecting. */
const SEMI_SPACE_MB = 32

/**
 * Reads a file in a process of its own, under limits of memory and time, and yields its lines in order, never faster
 * than they are taken. The last line is D, E, or an M that asks for a mapping; a crash (`unreadable`), a want of memory
 * (`too_complex`) and a timeout (`timed_out`) become E lines. Throws only when `signal` is aborted. The process is gone
 * when the iteration ends, however it ends.
 */
export function readSheet(request: ReadSheetRequest): AsyncGenerator<SheetLine> {
  return readLines({ ...request, script: 'child.ts' })
}

export type ReadLinesRequest = Omit<ReadSheetRequest, 'options'> & {
  readonly script: ReaderScript
  readonly options: object
}

/** The same of either process that reads files. */
export async function* readLines(request: ReadLinesRequest): AsyncGenerator<SheetLine> {
  const { signal, limits = SHEET_LIMITS } = request
  const program = await readerProgram(request.script)
  signal?.throwIfAborted()
  const child = startChild(request, limits, program)
  const watch = new Watch(child, limits, signal)
  let last: SheetLine | undefined
  try {
    for await (const line of linesOf(child, watch)) {
      last = line
      yield line
    }
    signal?.throwIfAborted()
    const refusal = await watch.verdict()
    if (watch.trace !== '') request.onCrash?.(placesOf(watch.trace, program))
    if (refusal !== undefined && !isLast(last)) {
      yield { kind: 'E', text: JSON.stringify(refusal) }
    }
  } finally {
    watch.stop()
    child.kill('SIGKILL')
  }
}

function isLast(line: SheetLine | undefined): boolean {
  return (
    line?.kind === 'D' ||
    line?.kind === 'E' ||
    (line?.kind === 'M' && line.text.includes('"needs_mapping":true'))
  )
}

/**
 * Its program comes by its standard input, and nothing of our own environment goes along: that holds the keys to the
 * database. The script's name is for whoever looks at the processes.
 */
function startChild(
  { path, options, script }: ReadLinesRequest,
  { heapMb }: SheetLimits,
  { code }: ReaderProgram,
): ChildProcess {
  const flags = [
    `--max-old-space-size=${heapMb}`,
    `--max-semi-space-size=${SEMI_SPACE_MB}`,
    '--disable-proto=delete',
    '--input-type=module',
  ]
  const child = spawn(process.execPath, [...flags, '-', `sheet/${script}`, JSON.stringify(options), path], {
    env: {},
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  // One that ends before it has read all of its program is judged by how it ended.
  child.stdin.on('error', () => undefined)
  child.stdin.end(code)
  return child
}

async function* linesOf(child: ChildProcess, watch: Watch): AsyncGenerator<SheetLine> {
  const chunks = (child.stdout as AsyncIterable<Buffer>)[Symbol.asyncIterator]()
  const pending = new PendingLine()
  for (;;) {
    const next = await watch.during(chunks.next())
    if (next === undefined || next.done) return
    let rest = next.value
    for (let end = rest.indexOf(NEWLINE); end >= 0; end = rest.indexOf(NEWLINE)) {
      pending.add(rest.subarray(0, end))
      yield pending.take()
      rest = rest.subarray(end + 1)
    }
    pending.add(rest)
    if (pending.length > MAX_LINE_BYTES) return watch.condemn('too_complex')
  }
}

const NEWLINE = 0x0a

/** The bytes of a line that has not ended; always the same memory, since new memory for each line is dear to collect. */
class PendingLine {
  length = 0
  #bytes = Buffer.allocUnsafe(128 * 1024)

  add(bytes: Buffer): void {
    const length = this.length + bytes.length
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * length)
      this.#bytes.copy(larger, 0, 0, this.length)
      this.#bytes = larger
    }
    bytes.copy(this.#bytes, this.length)
    this.length = length
  }

  take(): SheetLine {
    const kind = String.fromCharCode(this.#bytes[0]!) as SheetLine['kind']
    const text = this.#bytes.toString('utf8', 1, this.length)
    this.length = 0
    return { kind, text }
  }
}

type Sentence = 'too_complex' | 'timed_out' | 'unreadable'

const SENTENCES: Readonly<Record<Sentence, string>> = {
  too_complex:
    'The file needs more memory to read than a contact sheet should. Copy the rows into a new workbook, or split it.',
  timed_out:
    'Reading the file took too long and was stopped. Copy the rows into a new workbook, or split it.',
  unreadable:
    'Reading the file broke off before its end. Upload it again; if that happens once more, copy the rows into a new workbook.',
}

/** Watches over one process: its memory all the time, its time while it is waited for. */
class Watch {
  readonly #child: ChildProcess
  readonly #limits: SheetLimits
  readonly #signal: AbortSignal | undefined
  readonly #exited: Promise<unknown>
  readonly #timer: NodeJS.Timeout
  #leftMs: number
  #condemned: Sentence | undefined
  #stderr = ''
  readonly #onAbort = () => this.#child.kill('SIGKILL')

  constructor(child: ChildProcess, limits: SheetLimits, signal: AbortSignal | undefined) {
    this.#child = child
    this.#limits = limits
    this.#signal = signal
    this.#leftMs = limits.totalMs
    this.#exited = once(child, 'close').catch(() => undefined)
    this.#timer = setInterval(() => void this.#weigh(), WATCH_EVERY_MS)
    this.#timer.unref()
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-MAX_STDERR_CHARS)
    })
    signal?.addEventListener('abort', this.#onAbort, { once: true })
  }

  get trace(): string {
    return this.#stderr
  }

  /** Waits for the process, but not longer than it is allowed; undefined when its time is over. */
  async during<T>(step: Promise<T>): Promise<T | undefined> {
    const startMs = performance.now()
    const allowedMs = Math.max(0, Math.min(this.#limits.silenceMs, this.#leftMs))
    let timer: NodeJS.Timeout | undefined
    const over = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(this.condemn('timed_out')), allowedMs)
    })
    try {
      return await Promise.race([step, over])
    } finally {
      clearTimeout(timer)
      this.#leftMs -= performance.now() - startMs
    }
  }

  condemn(reason: Sentence): undefined {
    this.#condemned ??= reason
    this.#child.kill('SIGKILL')
  }

  /** Why the process ended badly; undefined if it ended well. */
  async verdict(): Promise<{ code: Sentence; detail: string } | undefined> {
    await this.#exited
    if (this.#condemned === undefined && this.#child.exitCode === 0) return undefined
    // A process out of memory is ended by a signal, V8's own or the kernel's; a fault of ours ends it with a code.
    const code = this.#condemned ?? (this.#child.signalCode === null ? 'unreadable' : 'too_complex')
    return { code, detail: SENTENCES[code] }
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }

  async #weigh(): Promise<void> {
    const residentMb = await residentMegabytes(this.#child.pid)
    if (residentMb !== undefined && residentMb > this.#limits.residentMb) this.condemn('too_complex')
  }
}

/** Linux tells the resident memory of a process; elsewhere the cap on its heap has to do. */
async function residentMegabytes(pid: number | undefined): Promise<number | undefined> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) / 1024
  } catch {
    return undefined
  }
}
