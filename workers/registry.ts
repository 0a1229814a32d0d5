import type { House } from '../src/house.ts'
import type { Job, QueueName, QueueWorker } from '../src/platform/queue.ts'
import { openWorkFigures } from './figures.ts'
import { foldSender } from './fold.ts'
import { importOne } from './import.ts'
import { speakForSender } from './platform.ts'
import { sendCampaign } from './send.ts'
import { tendOne } from './tend.ts'
import { startTimetable } from './timetable.ts'

export type Workers = {
  /** Takes no new work and waits for what is in hand, at most `graceMs`. */
  stop(options: { graceMs: number }): Promise<void>
}

const SENDING_AT_ONCE = 32
const FOLDING_AT_ONCE = 2

const ALL_QUEUES: readonly QueueName[] = ['send', 'receipts', 'chores']

/**
 * Starts everything that works by itself: one line a queue, and the timetable.
 * @param options `queues` that are worked through here, by default all; the timetable goes with any of them
 */
export function startWorkers(
  house: House,
  { queues = ALL_QUEUES }: { queues?: readonly QueueName[] } = {},
): Workers {
  const chores: Record<string, (job: Job) => Promise<void>> = {
    tend: tendOne(house),
    import: importOne(house),
    platform: speakForSender(house),
  }
  const figures = openWorkFigures(house.metrics)
  const work = (queue: QueueName, handler: (job: Job) => Promise<void>, concurrency: number): QueueWorker =>
    house.queues.work(queue, (job) => figures.during(queue, handler(job)), { concurrency })
  const starts: Record<QueueName, () => QueueWorker> = {
    send: () => work('send', sendCampaign(house, figures), SENDING_AT_ONCE),
    receipts: () => work('receipts', foldSender(house, figures), FOLDING_AT_ONCE),
    chores: () => work('chores', (job) => oneOf(chores, job), house.config.workerConcurrency),
  }
  const queueWorkers = queues.map((queue) => starts[queue]())
  const timetable = startTimetable(house)
  return {
    async stop(options) {
      await timetable.stop()
      await Promise.all(queueWorkers.map((worker) => worker.close(options)))
    },
  }
}

/** A job of an unknown name comes from another version of the program: it is left alone, and the sweep finds its work. */
async function oneOf(handlers: Record<string, (job: Job) => Promise<void>>, job: Job): Promise<void> {
  await handlers[job.name]?.(job)
}
