import type { House } from '../src/house.ts'
import type { Log } from '../src/platform/log.ts'
import type { Job } from '../src/platform/queue.ts'
import type { Facts, Origin, Span } from '../src/platform/trace.ts'

/**
 * A job's work in a span of its own. One that a request or another job has nudged is a part of its trace; one that was
 * found by the rows, or that folds what many have brought, begins its own and links to what it is done for: a campaign
 * that goes out for hours is many short traces, and not one that nobody can open.
 */
export async function inSpan(
  house: House,
  job: Job,
  about: { parent?: string | undefined; links?: readonly (string | undefined)[]; facts: Facts },
  work: (span: Span) => Promise<void>,
): Promise<void> {
  const { parent, links = [], facts } = about
  const span = house.trace.begin(job.name, {
    kind: 'consumer',
    parent,
    links,
    facts: { ...facts, 'duecast.request_id': job.origin?.requestId },
  })
  try {
    await work(span)
    span.end()
  } catch (error) {
    span.end(error instanceof Error ? error.name : typeof error)
    throw error
  }
}

/** The log for what is done on somebody's behalf: each of its lines bears their request's id. */
export function logFor({ log }: House, origin: Origin | undefined): Log {
  return origin ? log.child({ requestId: origin.requestId }) : log
}

/** A link to the submission that a campaign's job is done for, unless the job is a part of that trace already. */
export function linksTo(submitted: Origin | undefined, nudged: Origin | undefined): (string | undefined)[] {
  return traceIdOf(submitted) === traceIdOf(nudged) ? [] : [submitted?.traceparent]
}

function traceIdOf(origin: Origin | undefined): string | undefined {
  return origin?.traceparent?.split('-')[1]
}

/** What is nudged from within a span, on the same behalf. */
export function originIn(span: Span, origin: Origin | undefined): Origin | undefined {
  return origin && { requestId: origin.requestId, traceparent: span.traceparent }
}
