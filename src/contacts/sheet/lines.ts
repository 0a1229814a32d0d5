import { once } from 'node:events'
import type { AcceptedRow, RejectedRow, RowProblem } from './read.ts'
import { packRows } from './row-columns.ts'
import type { SheetRow } from './row-source.ts'

/** What one line carries at most: small enough to parse, large enough to insert at once. */
const BATCH_ROWS = 1_000
/** The same by what is in the cells, since long lines stay in the server's memory until a full collection. */
const BATCH_CHARS = 96 * 1024
const PROGRESS_EVERY_MS = 400
/** Rows come in handfuls of up to this many, so a batch is called full a little early. */
const MAX_HANDFUL = 200

/** Rows waiting to be written, in three lists that leave together so that counts and rows never drift far apart. */
export class Batches {
  accepted: AcceptedRow[] = []
  problems: RowProblem[] = []
  rejected: RejectedRow[] = []
  readonly #out: LineWriter
  #chars = 0

  constructor(out: LineWriter) {
    this.#out = out
  }

  measure(row: SheetRow): void {
    for (const cell of row.cells) this.#chars += cell?.text.length ?? 0
  }

  get full(): boolean {
    const most = Math.max(this.accepted.length, this.problems.length, this.rejected.length)
    return most >= BATCH_ROWS - MAX_HANDFUL || this.#chars >= BATCH_CHARS
  }

  async flush(): Promise<void> {
    for (const piece of pieces(this.accepted)) await this.#out.text('A', packRows(piece))
    for (const piece of pieces(this.problems)) await this.#out.line('P', piece)
    for (const piece of pieces(this.rejected)) await this.#out.line('X', piece)
    this.accepted = []
    this.problems = []
    this.rejected = []
    this.#chars = 0
  }
}

function* pieces<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BATCH_ROWS) yield rows.slice(at, at + BATCH_ROWS)
}

/** Writes lines and waits for the reader when it is slow. */
export class LineWriter {
  #lastProgressMs = 0

  async line(kind: string, payload: unknown): Promise<void> {
    await this.text(kind, JSON.stringify(payload))
  }

  /** @param text without a line feed */
  async text(kind: string, text: string): Promise<void> {
    if (!process.stdout.write(`${kind}${text}\n`)) await once(process.stdout, 'drain')
  }

  async progress(share: number, rows: number): Promise<void> {
    const nowMs = performance.now()
    if (nowMs - this.#lastProgressMs < PROGRESS_EVERY_MS) return
    this.#lastProgressMs = nowMs
    await this.line('G', { progress: Math.round(share * 1000) / 1000, rows })
  }
}
