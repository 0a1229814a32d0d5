/** How many failures are free, and how long one waits after more of them: doubling up to a minute. */
const FREE_FAILURES = 3
const LONGEST_WAIT_MS = 60_000
const FORGET_AFTER_MS = 15 * 60_000
const MOST_REMEMBERED = 10_000

type Failures = { readonly count: number; readonly lastMs: number }

/**
 * Slows down whoever keeps failing to sign in, by address. A key has 256 bits, so this spares work more than it keeps
 * anybody out; hence it never waits for longer than a minute, also for those who share an address.
 */
export function openAttempts() {
  const failures = new Map<string, Failures>()
  return {
    /** How long this address has to wait before it may try again, in whole seconds; 0 where it need not. */
    waitSeconds(address: string, nowMs: number): number {
      const known = failures.get(address)
      if (!known || nowMs - known.lastMs > FORGET_AFTER_MS || known.count < FREE_FAILURES) return 0
      const waitMs = Math.min(LONGEST_WAIT_MS, 1_000 * 2 ** (known.count - FREE_FAILURES))
      return Math.max(0, Math.ceil((known.lastMs + waitMs - nowMs) / 1000))
    },
    failed(address: string, nowMs: number): void {
      const known = failures.get(address)
      const count = known && nowMs - known.lastMs <= FORGET_AFTER_MS ? known.count + 1 : 1
      failures.delete(address)
      if (failures.size >= MOST_REMEMBERED) failures.delete(failures.keys().next().value!)
      failures.set(address, { count, lastMs: nowMs })
    },
    succeeded: (address: string) => void failures.delete(address),
  }
}

export type Attempts = ReturnType<typeof openAttempts>
