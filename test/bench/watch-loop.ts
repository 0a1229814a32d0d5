import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/**
 * Loaded before a part of the program that the benchmark starts: watches its event loop from inside and tells, when
 * asked, the longest delay since it was asked last, or what its memory still holds once everything unused is let go.
 */
const RESOLUTION_MS = 5
const NANOSECONDS_IN_MS = 1e6

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
delay.enable()
process.on('message', (message) => {
  if (message === 'kept') process.send?.(kept())
  if (message !== 'lag') return
  process.send?.({ lagMs: Math.max(0, delay.max / NANOSECONDS_IN_MS - RESOLUTION_MS) })
  delay.reset()
})

function kept(): { heapBytes: number; externalBytes: number } {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  // Twice, because what a finaliser lets go of is unused only then.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return { heapBytes: heapUsed, externalBytes: external }
}

// A part does not outlive the benchmark that started it.
process.on('disconnect', () => process.exit(1))
process.channel?.unref()
