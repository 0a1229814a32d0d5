import type { Outcome } from './record.ts'

const RECORD_AT = 400
const RECORD_EVERY_MS = 25

type Batch = { readonly outcomes: Outcome[]; readonly written: Promise<void>; readonly begin: () => void }

/**
 * Gathers what came of the calls of one run and writes it in batches, one at a time, so that a crash loses no more than
 * a moment's. All lanes of a run share one: most of what a small statement costs is not its rows.
 */
export class OutcomeWriter {
  readonly #write: (batch: readonly Outcome[]) => Promise<void>
  #batch: Batch | undefined
  #timer: NodeJS.Timeout | undefined
  #last: Promise<unknown> = Promise.resolve()

  constructor(write: (batch: readonly Outcome[]) => Promise<void>) {
    this.#write = write
  }

  /** @returns what is fulfilled once it is written, the same for all that are written together */
  add(outcome: Outcome): Promise<void> {
    this.#batch ??= this.#open()
    const { outcomes, written } = this.#batch
    outcomes.push(outcome)
    if (outcomes.length >= RECORD_AT) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), RECORD_EVERY_MS)
    return written
  }

  /** Writes what there is without waiting for more. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#batch?.begin()
    this.#batch = undefined
  }

  #open(): Batch {
    const outcomes: Outcome[] = []
    let begin = () => {}
    const begun = new Promise<void>((resolve) => (begin = resolve))
    const earlier = this.#last
    const written = begun.then(() => earlier).then(() => this.#write(inOrder(outcomes)))
    // A batch that could not be written is told to those whose it was, and holds up nobody else.
    this.#last = written.catch(() => {})
    return { outcomes, written, begin }
  }
}

/** Whoever locks many rows locks them in the same order. */
function inOrder(outcomes: Outcome[]): readonly Outcome[] {
  return outcomes.sort((a, b) => (a.messageId < b.messageId ? -1 : 1))
}
