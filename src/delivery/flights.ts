/**
 * How many messages may be marked as dispatched on one line to a provider at a time, over all who send on it. What is
 * marked and waits for a free connection gains nothing, and is uncertain when the program dies.
 */
export class Flights {
  #free: number
  readonly #waiting: { seats: number; go: () => void }[] = []

  constructor(most: number) {
    this.#free = most
  }

  /** Waits its turn until so many may be called, and keeps them free; each is given back by `land`. */
  async reserve(seats: number): Promise<void> {
    if (this.#waiting.length === 0 && this.#free >= seats) this.#free -= seats
    else await new Promise<void>((go) => this.#waiting.push({ seats, go }))
  }

  land(seats: number): void {
    this.#free += seats
    for (let [next] = this.#waiting; next && this.#free >= next.seats; [next] = this.#waiting) {
      this.#waiting.shift()
      this.#free -= next.seats
      next.go()
    }
  }
}
