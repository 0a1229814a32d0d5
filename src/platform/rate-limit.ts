import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'

/** How much one address, key or member may ask of this process. */
export type RateLimit = {
  /** Takes one request of `subject`: 0 where it may be made, else the whole seconds to wait. */
  take(subject: string): Promise<number>
}

const WINDOW_SECONDS = 60

/** So many requests in a minute for each subject, counted by each process for itself; 0: as many as they like. */
export function openRateLimit(perMinute: number): RateLimit {
  if (perMinute === 0) return NO_RATE_LIMIT
  const limiter = new RateLimiterMemory({ points: perMinute, duration: WINDOW_SECONDS })
  return {
    async take(subject) {
      try {
        await limiter.consume(subject)
        return 0
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused
        return Math.max(1, Math.ceil(refused.msBeforeNext / 1000))
      }
    },
  }
}

export const NO_RATE_LIMIT: RateLimit = { take: async () => 0 }
