/**
 * Work that goes on while the next piece is made ready: one piece at a time, in order. What goes wrong with a piece is
 * thrown by the call after it.
 */
export class OneBehind {
  #underWay: Promise<void> = Promise.resolve()

  /** Begins `work` once the piece before it is done, and returns then. */
  async follow(work: () => Promise<void>): Promise<void> {
    await this.#underWay
    this.#underWay = work()
    this.#underWay.catch(() => undefined)
  }

  /** Until everything is done. */
  async settle(): Promise<void> {
    await this.#underWay
  }
}
