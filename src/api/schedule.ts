import { IANAZone } from 'luxon'
import { z } from 'zod'
import { RECIPIENT_ZONE, type Schedule } from '../campaigns/index.ts'
import { isWallClock } from '../platform/calendar.ts'
import { instantSchema } from './schemas.ts'

/** When a campaign goes out, as the API writes it. */

const HOUR = /^([01]\d|2[0-3]):[0-5]\d$/

const wallClockSchema = z
  .string()
  .refine(isWallClock, 'must be a local time without an offset, such as 2026-12-01T09:00:00.')
  .meta({ examples: ['2026-12-01T09:00:00'], description: 'On the clock of `time_zone`.' })

const zoneSchema = z
  .string()
  .max(64)
  .refine((zone) => zone === RECIPIENT_ZONE || IANAZone.isValidZone(zone), {
    message: 'must be an IANA time zone, such as Asia/Jakarta, or "recipient".',
  })
  .meta({ examples: ['Asia/Jakarta', RECIPIENT_ZONE] })

const hourSchema = z
  .string()
  .regex(HOUR, 'must be a time of day, such as 09:00.')
  .meta({ examples: ['08:00'] })

const windowSchema = z
  .strictObject({
    from: hourSchema,
    to: hourSchema.meta({ description: 'Earlier than `from`: the window spans midnight.' }),
    days: z
      .array(z.int().min(1).max(7))
      .min(1)
      .max(7)
      .refine((days) => new Set(days).size === days.length, 'must name each day once.')
      .optional()
      .meta({ description: '1 is Monday. All days where left out.' }),
  })
  .refine(({ from, to }) => from !== to, { path: ['to'], message: 'must differ from `from`.' })
  .meta({ id: 'SendingWindow', description: 'Hours in which messages may arrive, on the recipient’s clock.' })

const endSchema = instantSchema
  .optional()
  .meta({ description: 'What is not sent by then is not sent at all, and its money goes back.' })

export const scheduleSchema = z
  .union([
    z.strictObject({ now: z.literal(true), send_before: endSchema }),
    z.strictObject({
      at: wallClockSchema,
      time_zone: zoneSchema,
      window: windowSchema.optional(),
      send_before: endSchema,
    }),
  ])
  .meta({ id: 'Schedule' })

type ScheduleJson = z.output<typeof scheduleSchema>

/** The schedule as the room of campaigns writes it. */
export function readSchedule(json: ScheduleJson): Schedule {
  const end = json.send_before === undefined ? {} : { sendBefore: json.send_before }
  if ('now' in json) return { now: true, ...end }
  const { at, time_zone: timeZone, window } = json
  return { at, timeZone, ...(window && { window: readWindow(window) }), ...end }
}

/** The schedule as it was asked for. */
export function showSchedule(schedule: Schedule): ScheduleJson {
  const end = schedule.sendBefore === undefined ? {} : { send_before: schedule.sendBefore }
  if ('now' in schedule) return { now: true, ...end }
  const { at, timeZone, window } = schedule
  const days = window?.days && [...window.days]
  return { at, time_zone: timeZone, ...(window && { window: { ...window, days } }), ...end }
}

function readWindow({ from, to, days }: z.output<typeof windowSchema>) {
  return { from, to, ...(days && { days }) }
}
