import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded before a part of the program that the benchmark starts: watches its event loop from inside and tells, when
 * asked, the longest delay since it was asked last.
 */
const RESOLUTION_MS = 5
const NANOSECONDS_IN_MS = 1e6

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
process.on('message', (message) => {
  if (message !== 'lag') return
  process.send?.({ lagMs: Math.max(0, delay.max / NANOSECONDS_IN_MS - RESOLUTION_MS) })
  delay.reset()
})
// A part does not outlive the benchmark that started it.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()
