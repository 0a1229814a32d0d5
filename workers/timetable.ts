import type { House } from '../src/house.ts'
import { forewarnAll } from './forewarn.ts'
import { forget } from './forget.ts'
import { tellNotices } from './notices.ts'
import { payLinks } from './pay-links.ts'
import { refreshLimits } from './refresh-limits.ts'
import { remind } from './remind.ts'
import { seal } from './seal.ts'
import { sweep } from './sweep.ts'
import { watch } from './watch.ts'

/** All recurring work on one page: what, and how often. Each process keeps its own time; the rows make it safe. */
const TIMETABLE: readonly { name: string; everyMs: number; run: (house: House) => Promise<void> }[] = [
  { name: 'sweep', everyMs: 2_000, run: sweep },
  { name: 'notices', everyMs: 2_000, run: tellNotices },
  { name: 'pay-links', everyMs: 5_000, run: payLinks },
  { name: 'seal', everyMs: 5_000, run: seal },
  { name: 'watch', everyMs: 60_000, run: watch },
  { name: 'remind', everyMs: 30_000, run: remind },
  { name: 'forewarn', everyMs: 300_000, run: forewarnAll },
  { name: 'refresh-limits', everyMs: 600_000, run: refreshLimits },
  { name: 'forget', everyMs: 600_000, run: forget },
]

/** Starts the timetable. Timers and not queue schedules, so that it goes on while the queue is down or has lost all. */
export function startTimetable(house: House): { stop(): Promise<void> } {
  const stops = TIMETABLE.map((line) => repeat(house, line))
  return {
    async stop() {
      await Promise.all(stops.map((stop) => stop()))
    },
  }
}

function repeat(house: House, line: (typeof TIMETABLE)[number]): () => Promise<void> {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const turn = () => {
    running = line
      .run(house)
      .catch((error: unknown) => house.log.warn({ err: error, line: line.name }, 'recurring work failed'))
      .then(() => plan())
  }
  // Jitter keeps many workers from sweeping in step; the first turn comes soon, since a restart has left work behind.
  const plan = (turns = 0.75 + Math.random() / 2) => {
    if (!stopped) timer = setTimeout(turn, line.everyMs * turns)
  }
  plan(Math.random() / 8)
  return async () => {
    stopped = true
    clearTimeout(timer)
    await running
  }
}
