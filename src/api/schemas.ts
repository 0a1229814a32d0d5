import { z } from 'zod'
import { isCalendarDay, isCalendarInstant } from '../platform/calendar.ts'
import { ROLES } from '../platform/scope.ts'

/** The shapes that several routes share, as the contract writes them. */

export const moneySchema = z
  .strictObject({
    amount: z
      .string()
      .regex(/^-?\d{1,14}(\.\d{1,4})?$/, 'must be a decimal number with at most four decimals, as a string.')
      .meta({ examples: ['586.33'] }),
    currency: z
      .string()
      .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code, such as IDR.')
      .meta({ examples: ['IDR'] }),
  })
  .meta({ id: 'Money', description: 'An exact amount: a decimal string and an ISO 4217 code.' })

const YEARS = 'must lie in the years 1 to 9999.'

/** RFC 3339 with offset. */
export const instantSchema = z.iso
  .datetime({ offset: true, abort: true })
  .refine((text) => isCalendarInstant(new Date(text)), YEARS)
/** A day of the calendar, `2026-12-01`. */
export const daySchema = z.iso.date({ abort: true }).refine(isCalendarDay, YEARS)
export const idSchema = z.string().min(1).max(128)
export const roleSchema = z.enum(ROLES)

/** Trimmed text for names and the like. */
export function nameText(maxChars: number) {
  return z.string().trim().min(1).max(maxChars)
}
