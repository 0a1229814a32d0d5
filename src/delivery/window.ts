import { DateTime, IANAZone } from 'luxon'

/** Hours in which messages may arrive, on a recipient's clock; `from` later than `to` spans midnight. 1 is Monday. */
export type Window = { from: string; to: string; days?: readonly number[] }

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** A window that does not open for all zones within this many steps never will. */
const MOST_SHIFTS = 64

/**
 * The instant of a wall-clock time in a zone. A time that spring skips becomes the next valid minute; of a time that
 * autumn repeats the first is taken.
 * @param at local time as `2026-12-01T09:00` or with seconds
 */
export function instantOf(at: string, timeZone: string): Date {
  const wallMs = DateTime.fromISO(at, { zone: 'utc' }).toMillis()
  const zone = IANAZone.create(timeZone)
  const before = zone.offset(wallMs - DAY_MS)
  const after = zone.offset(wallMs + DAY_MS)
  const candidates = [before, after]
    .map((offset) => ({ offset, ms: wallMs - offset * MINUTE_MS }))
    .filter(({ offset, ms }) => zone.offset(ms) === offset)
    .map(({ ms }) => ms)
  return new Date(candidates.length > 0 ? Math.min(...candidates) : transitionMs(zone, wallMs, before))
}

/** The moment at which a zone's clock jumps, between a day before and a day after. */
function transitionMs(zone: IANAZone, wallMs: number, offsetBefore: number): number {
  let low = wallMs - DAY_MS
  let high = wallMs + DAY_MS
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (zone.offset(middle) === offsetBefore) low = middle
    else high = middle
  }
  return high
}

/** The first moment, from `start` on, at which the window is open in every zone. */
export function insideWindow(start: Date, window: Window, zones: readonly string[]): Date | undefined {
  let at = start.getTime()
  for (let shifts = 0; shifts < MOST_SHIFTS; shifts++) {
    const next = Math.max(...zones.map((zone) => nextOpenMs(at, window, zone)))
    if (next === at) return new Date(at)
    at = next
  }
  return undefined
}

/** `atMs` itself where the window is open then, else its next opening in that zone. */
function nextOpenMs(atMs: number, window: Window, timeZone: string): number {
  const local = DateTime.fromMillis(atMs, { zone: timeZone })
  for (let day = -1; day <= 8; day++) {
    const date = local.startOf('day').plus({ days: day })
    if (window.days && !window.days.includes(date.weekday)) continue
    const opens = instantOf(`${date.toISODate()}T${window.from}`, timeZone).getTime()
    const lastDate = window.from < window.to ? date : date.plus({ days: 1 })
    const closes = instantOf(`${lastDate.toISODate()}T${window.to}`, timeZone).getTime()
    if (atMs < closes) return Math.max(atMs, opens)
  }
  throw new Error('a window without days')
}
