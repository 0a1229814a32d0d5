import type { SendingWatch } from '../src/delivery/index.ts'
import type { Metrics } from '../src/platform/metrics.ts'
import type { QueueName } from '../src/platform/queue.ts'

/** What one process does by itself, counted for Prometheus: what is sent and folded, and what is at hand now. */
export type WorkFigures = {
  readonly sending: SendingWatch
  folded(receipts: number): void
  /** Counts a job of a queue while it is at work. */
  during(queue: QueueName, work: Promise<void>): Promise<void>
}

/** Registers the figures of a process's work, once for each process. */
export function openWorkFigures(metrics: Metrics): WorkFigures {
  const receipts = metrics.counter('duecast_receipts_folded_total', 'Receipts that this process has folded.')
  const jobs = metrics.gauge('duecast_jobs_at_work', 'Jobs that this process is working on.', ['queue'])
  return {
    sending: openSendingFigures(metrics),
    folded: (count) => receipts.inc(count),
    during(queue, work) {
      jobs.inc({ queue })
      return work.finally(() => jobs.dec({ queue }))
    },
  }
}

function openSendingFigures(metrics: Metrics): SendingWatch {
  const calls = metrics.counter(
    'duecast_calls_total',
    'Messages handed to a provider by this process, by what came of the call; indeterminate: no clear answer.',
    ['outcome'],
  )
  const inFlight = metrics.gauge('duecast_calls_in_flight', 'Calls to providers that are not answered yet.')
  const restsUntilMs = new Map<string, number>()
  metrics.gauge(
    'duecast_senders_resting',
    'Senders whose provider this process leaves alone for a while, since it gives no clear answer.',
    [],
    (gauge) => {
      const nowMs = performance.now()
      for (const [senderId, untilMs] of restsUntilMs) if (untilMs <= nowMs) restsUntilMs.delete(senderId)
      gauge.set(restsUntilMs.size)
    },
  )
  return {
    called: () => inFlight.inc(),
    answered(outcome) {
      inFlight.dec()
      calls.inc({ outcome })
    },
    rests: (senderId, forMs) => void restsUntilMs.set(senderId, performance.now() + forMs),
    goesOn: (senderId) => void restsUntilMs.delete(senderId),
  }
}
