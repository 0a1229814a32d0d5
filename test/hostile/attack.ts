import type { ProblemCode } from '../../src/api/problem.ts'
import type { WireRequest } from './wire.ts'

/** One request that nobody should send, and what may be said to it. */
export type Attack = {
  /** The route as its table names it: `POST /v1/campaigns`. */
  readonly route: string
  readonly what: string
  readonly request: WireRequest
  /** `program`: whatever is refused bears one of `codes`. `person`: it is a page, or leads to one. */
  readonly door: 'program' | 'person'
  /** The words that the route says it may refuse with; undefined where no route is meant. */
  readonly codes?: readonly ProblemCode[]
  /** There is nothing in it that could be taken. */
  readonly mustRefuse?: boolean
}
