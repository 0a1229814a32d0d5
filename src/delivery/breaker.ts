import type { SendOutcome } from './provider.ts'

/** After so many calls in a row without a clear answer a provider counts as away. */
const OPENS_AFTER = 20
const FIRST_REST_MS = 1_000
const LONGEST_REST_MS = 30_000
/** While one call tries, others look again after this long. */
const LOOK_AGAIN_MS = 500
/** Longer than a call takes: a try of which nothing is heard was never made, and somebody else may. */
const LONGEST_TRY_MS = 30_000

/**
 * A circuit breaker on one line to a provider. Each call without a clear answer leaves a message of which nobody knows
 * whether it went out, and which is never sent again by itself: a provider that is away for minutes would use up a
 * campaign. After some such calls in a row nothing is called for a while; then one message tries, and the first clear
 * answer, be it a refusal, lets all go on. (Michael Nygard, Release It!, chapter on stability patterns.)
 */
export class Breaker {
  #unclear = 0
  /** How long the present rest is; 0 while all may be called. */
  #restMs = 0
  #restsUntilMs = 0
  #isTrying = false

  /** How long it is no use to come; 0 when something may be called. `nowMs` is of one clock that only goes forward. */
  waitMs(nowMs: number): number {
    if (this.#restMs === 0) return 0
    const leftMs = Math.max(0, this.#restsUntilMs - nowMs)
    return this.#isTrying ? Math.min(leftMs, LOOK_AGAIN_MS) : leftMs
  }

  /** What may be called now; after a rest `one`, and no other until it is told what became of it. */
  allow(nowMs: number): 'all' | 'one' | 'none' {
    if (this.#restMs === 0) return 'all'
    if (this.waitMs(nowMs) > 0) return 'none'
    this.#isTrying = true
    this.#restsUntilMs = nowMs + LONGEST_TRY_MS
    return 'one'
  }

  /** @returns what has changed by it: the provider counts as away, still or from now on, or is there again */
  tell(outcome: SendOutcome, nowMs: number): 'away' | 'back' | undefined {
    if (isClear(outcome)) return this.#close()
    this.#unclear += 1
    if (this.#restMs === 0) return this.#unclear < OPENS_AFTER ? undefined : this.#rest(FIRST_REST_MS, nowMs)
    // What was under way when the rest began says nothing new.
    return this.#isTrying ? this.#rest(Math.min(2 * this.#restMs, LONGEST_REST_MS), nowMs) : undefined
  }

  #rest(forMs: number, nowMs: number): 'away' {
    this.#restMs = forMs
    this.#restsUntilMs = nowMs + forMs
    this.#isTrying = false
    return 'away'
  }

  #close(): 'back' | undefined {
    const wasAway = this.#restMs > 0
    this.#unclear = 0
    this.#restMs = 0
    this.#isTrying = false
    return wasAway ? 'back' : undefined
  }
}

/** Whoever refuses, or asks for a wait, is there. */
function isClear(outcome: SendOutcome): boolean {
  if (outcome.outcome === 'indeterminate') return false
  return outcome.outcome !== 'not_sent' || outcome.action !== 'retry' || outcome.retryAfterMs !== undefined
}
