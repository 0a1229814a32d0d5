import { randomInt } from 'node:crypto'
import type { Environment } from '../../src/platform/config.ts'

/** As many databases as `.ci/run` lets its Redis have: each stack takes one, so that none sees another's jobs. */
const DATABASES = 10_000

/** The queue of a stack: in PostgreSQL, or in the Redis that TEST_REDIS_URL names (`.ci/run` starts one and sets it). */
export function queueEnvironment(): Environment {
  const redisUrl = process.env.TEST_REDIS_URL
  return redisUrl ? { REDIS_URL: `${redisUrl.replace(/\/+$/, '')}/${randomInt(1, DATABASES)}` } : {}
}
