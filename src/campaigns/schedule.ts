import { insideWindow, instantOf, type Window } from '../delivery/index.ts'

/** When a campaign goes out: now, or at a wall-clock time in a named zone or in each recipient's own. */
export type Schedule = { now: true; sendBefore?: string } | TimedSchedule
export type TimedSchedule = { at: string; timeZone: string; window?: Window; sendBefore?: string }

/** The word in place of a zone that means each recipient's own. */
export const RECIPIENT_ZONE = 'recipient'

const DAY_MS = 24 * 60 * 60 * 1000
/** How long after its last due moment a campaign may still be sent, where it does not say itself. */
export const SEND_WITHIN_MS = DAY_MS

/**
 * When a recipient with these possible zones is due: nobody before the wall-clock time in any of them, and inside the
 * window in all of them; a window is kept by the same clock as the time. Undefined where no hour fits, or where it is
 * not known what time it is for the recipient: such a message is left out and shown, never sent.
 */
export function dueAt(schedule: Schedule, recipientZones: readonly string[], now: Date): Date | undefined {
  if ('now' in schedule) return now
  const own = schedule.timeZone === RECIPIENT_ZONE
  if (own && recipientZones.length === 0) return undefined
  const zones = own ? recipientZones : [schedule.timeZone]
  const latest = new Date(Math.max(...zones.map((zone) => instantOf(schedule.at, zone).getTime())))
  const start = latest < now ? now : latest
  if (!schedule.window) return start
  return insideWindow(start, schedule.window, zones)
}

/** The zones by whose clocks a window is kept for a recipient, joined by commas; null where there is no window. */
export function windowZones(schedule: Schedule, recipientZones: readonly string[]): string | null {
  if ('now' in schedule || !schedule.window) return null
  return schedule.timeZone === RECIPIENT_ZONE ? recipientZones.join(',') : schedule.timeZone
}

/** The last place on Earth to reach a wall-clock time. */
const LATEST_ZONE = 'Pacific/Pago_Pago'

/** When a timed schedule has begun for everyone, wherever they are. */
export function latestStart(schedule: TimedSchedule): Date {
  return instantOf(schedule.at, schedule.timeZone === RECIPIENT_ZONE ? LATEST_ZONE : schedule.timeZone)
}
