import type { Sample } from './soak-watch.ts'

/** One thing that a soak is judged by. */
export type Finding = { readonly what: string; readonly isFine: boolean }

const LAG_MS_MAX = 2_000
/** Of what was asked: over the whole, and in the worst minute. */
const RATE_SHARE = 0.98
const WORST_SHARE = 0.9
const WORST_OVER_MS = 60_000
/** What a process may grow by while it is measured. */
const GROWTH_SHARE = 0.1
const GROWTH_BYTES = 32 * 2 ** 20
/** In the first minutes a heap still grows to the size that it then keeps. */
const SHORT_MS = 10 * 60_000
const SHORT_GROWTH_BYTES = 128 * 2 ** 20
/** Autovacuum comes at a fifth; the rest is the time that it takes. In a small table it is what few minutes leave. */
const DEAD_SHARE = 0.5
const DEAD_SECONDS = 300
const WRITES_A_MESSAGE = 2

/** @param rate delivered messages a second that were asked for */
export function judgeSoak(
  samples: readonly Sample[],
  lag: { p50Ms: number; p99Ms: number },
  rate: number,
): Finding[] {
  const [first, last] = [samples[0]!, samples.at(-1)!]
  const perSecond = rateBetween(first, last)
  const worst = worstMinute(samples)
  const dead = samples.map((sample) => sample.dead).reduce((a, b) => (b.rows > a.rows ? b : a))
  const deadRows = rate * DEAD_SECONDS * WRITES_A_MESSAGE
  return [
    {
      what: `${round(perSecond)} delivered and charged a second over ${minutes(last.atMs - first.atMs)}, ${round(worst)} in the worst minute; asked ${rate}`,
      isFine: perSecond >= rate * RATE_SHARE && worst >= rate * WORST_SHARE,
    },
    {
      what: `settled after ${lag.p50Ms} ms at the median and ${lag.p99Ms} ms at the 99th percentile; asked at most ${LAG_MS_MAX}`,
      isFine: lag.p99Ms <= LAG_MS_MAX,
    },
    ...Object.keys(first.memory).map((name) => memoryFinding(samples, name)),
    {
      what: `dead rows at most ${round(dead.rows)} (${(dead.share * 100).toFixed(1)} % of ${dead.table}); asked at most ${DEAD_SHARE * 100} %, or ${round(deadRows)}`,
      isFine: samples.every((sample) => sample.dead.share <= DEAD_SHARE || sample.dead.rows <= deadRows),
    },
  ]
}

function memoryFinding(samples: readonly Sample[], name: string): Finding {
  const points = samples.map((sample) => [sample.atMs, sample.memory[name]!] as const)
  const mean = points.reduce((sum, [, bytes]) => sum + bytes, 0) / points.length
  const lasted = points.at(-1)![0] - points[0]![0]
  const growth = slope(points) * lasted
  const most = lasted < SHORT_MS ? SHORT_GROWTH_BYTES : Math.max(GROWTH_BYTES, mean * GROWTH_SHARE)
  return {
    what: `memory of the ${name}: ${megabytes(mean)} MB on average, by the fitted line ${megabytes(growth)} MB more at the end; asked at most ${megabytes(most)}`,
    isFine: growth <= most,
  }
}

/** Of the line that fits best. */
function slope(points: readonly (readonly [number, number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const below = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return below === 0 ? 0 : above / below
}

/** Over windows of a minute, or of the whole where it is shorter. */
function worstMinute(samples: readonly Sample[]): number {
  const windows = samples.flatMap((from) => {
    const to = samples.find((sample) => sample.atMs - from.atMs >= WORST_OVER_MS)
    return to ? [rateBetween(from, to)] : []
  })
  return windows.length > 0 ? Math.min(...windows) : rateBetween(samples[0]!, samples.at(-1)!)
}

export function rateBetween(from: Sample, to: Sample): number {
  return ((to.delivered - from.delivered) / (to.atMs - from.atMs)) * 1000
}

function minutes(ms: number): string {
  return `${(ms / 60_000).toFixed(1)} min`
}

function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}

function round(value: number): string {
  return Math.round(value).toLocaleString('en-GB')
}
