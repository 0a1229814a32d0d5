import { DateTime } from 'luxon'
import { dayBefore, type IsoDay } from './day.ts'
import { compileMarkets, MARKET_PREFIX_DIGITS } from './market.ts'
import type { PriceBasis } from './quote.ts'
import { type RateRow, ratesInForce } from './rate-card.ts'

/** A quote stands for a day: long enough for an approval, too short for prices to become history. */
export const QUOTE_LIFETIME_MS = 24 * 60 * 60 * 1000

export type QuoteTiming = {
  readonly createdAt: Date
  /** IANA zone of the account: prices change at its midnight. */
  readonly timeZone: string
  /** True for a campaign sent as soon as it is submitted; its day of sending moves with the clock. */
  readonly sendsAtOnce: boolean
}

/**
 * Until when a quote stands: 24 hours, since a scheduled campaign is priced on its own day of sending whenever it is
 * quoted. One that is sent at once is priced on the day it is quoted, so its quote ends at a midnight at which the
 * prices change.
 */
export function quoteExpiresAt(
  { createdAt, timeZone, sendsAtOnce }: QuoteTiming,
  basis: Omit<PriceBasis, 'on'>,
): Date {
  const latest = new Date(createdAt.getTime() + QUOTE_LIFETIME_MS)
  if (!sendsAtOnce) return latest
  const midnights = midnightsBetween(createdAt, latest, timeZone)
  const change = midnights.find(({ day }) => crossesRateChange(basis, dayBefore(day), day))
  return change?.at ?? latest
}

/**
 * True where any number is priced otherwise on some day after the earlier and up to the later of two days: another
 * price, model or moment of charging, a price gone or come, be it by a new row or by a number's move to another
 * market. New rows that repeat the old price are no change.
 */
export function crossesRateChange(basis: Omit<PriceBasis, 'on'>, oneDay: IsoDay, otherDay: IsoDay): boolean {
  const [first, last] = oneDay <= otherDay ? [oneDay, otherDay] : [otherDay, oneDay]
  const days = datesOf(basis).filter((day) => first < day && day <= last)
  return days.some((day) => pricesOf(basis, dayBefore(day)) !== pricesOf(basis, day))
}

function midnightsBetween(from: Date, until: Date, timeZone: string): { at: Date; day: IsoDay }[] {
  const midnights: { at: Date; day: IsoDay }[] = []
  let midnight = DateTime.fromJSDate(from, { zone: timeZone }).plus({ days: 1 }).startOf('day')
  if (!midnight.isValid) throw new Error(`unknown time zone ${timeZone}`)
  while (midnight.toMillis() <= until.getTime()) {
    midnights.push({ at: midnight.toJSDate(), day: midnight.toISODate() })
    midnight = midnight.plus({ days: 1 }).startOf('day')
  }
  return midnights
}

function datesOf({ cards, markets }: Omit<PriceBasis, 'on'>): IsoDay[] {
  const moves = markets.flatMap(({ effectiveFrom, effectiveUntil }) => [effectiveFrom, effectiveUntil])
  const dates = [...cards.map(({ effectiveFrom }) => effectiveFrom), ...moves]
  return [...new Set(dates)].filter((day) => day !== undefined)
}

/** The prices of a day, one for each prefix of the table and one for all others, as one text to compare. */
function pricesOf(basis: Omit<PriceBasis, 'on'>, on: IsoDay): string {
  const marketFor = compileMarkets(basis.markets, on)
  const rates = ratesInForce(basis.cards, { ...basis, on })
  const leads = basis.markets.map(({ prefix }) => prefix.padEnd(MARKET_PREFIX_DIGITS, '0'))
  return [...leads, '0000'].map((lead) => priceWords(rates.get(marketFor(lead)))).join(' ')
}

function priceWords(row: RateRow | undefined): string {
  return row === undefined ? 'none' : `${row.priceMinor}/${row.model}/${row.chargeOn}`
}
