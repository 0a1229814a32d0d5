import { DAY, type Debtor, HOUR, isoDay, ticksOf, type World } from './year-world.ts'

/**
 * What had to go, reckoned by itself: plain arithmetic on days and the clocks of `Intl`, debtor by debtor and step by
 * step, and nothing of the program.
 */
export type Due = { number: string; step: string; at: number; owed: number }

export type Rung = { key: string; offset: number; working?: boolean }

/** Days off in each country, as both the program and the reckoning are told them. */
export type DaysOff = Readonly<Record<string, readonly string[]>>

export function reckon(world: World, rungs: readonly Rung[], off: DaysOff, countryOfWork: string): Due[] {
  const ticks = ticksOf(world)
  return world.debtors.flatMap((debtor) => {
    const nominals = rungs.map((rung) => nominal(debtor.dueDate, rung, off[countryOfWork] ?? []))
    return rungs.flatMap((rung, n) => {
      const at = whenItGoes(world, ticks, debtor, rung, nominals[n]!, nominals, off)
      return at === undefined ? [] : [{ number: debtor.number, step: rung.key, ...at }]
    })
  })
}

function nominal(dueDate: string, { offset, working }: Rung, off: readonly string[]): string {
  let at = Date.parse(`${dueDate}T00:00:00Z`)
  if (!working) return isoDay(at + offset * DAY)
  for (let left = offset; left > 0; ) {
    at += DAY
    const weekday = new Date(at).getUTCDay()
    if (weekday !== 0 && weekday !== 6 && !off.includes(isoDay(at))) left -= 1
  }
  return isoDay(at)
}

function whenItGoes(
  world: World,
  ticks: readonly number[],
  debtor: Debtor,
  rung: Rung,
  named: string,
  nominals: readonly string[],
  off: DaysOff,
): { at: number; owed: number } | undefined {
  const { zone, country } = debtor.place
  let day = Date.parse(`${named}T00:00:00Z`)
  while (closing(country, rung.offset > 0, isoDay(day), off) === undefined) day += DAY
  const sendDay = isoDay(day)
  if (nominals.some((other) => other > named && other <= sendDay)) return undefined
  const opens = instant(sendDay, 9, zone)
  const closes = instant(sendDay, closing(country, rung.offset > 0, sendDay, off)!, zone)
  const planFrom = Math.min(day - DAY + (16 - 7) * HOUR, opens - HOUR)
  let planned: number | undefined
  for (const at of ticks) {
    if (at < planFrom) continue
    if (at >= closes) return undefined
    const owed = stillOwed(debtor, at)
    if (owed === 0) return undefined
    if (isPromised(debtor, at)) planned = undefined
    else {
      const dry = world.droughts.some(({ from, to }) => at >= from && at < to)
      if (planned !== owed) planned = dry ? undefined : owed
      if (planned !== undefined && at >= opens) return { at, owed }
    }
  }
  return undefined
}

function stillOwed({ deeds, owed }: Debtor, at: number): number {
  const paid = deeds.reduce(
    (sum, deed) => (deed.kind === 'pay' && deed.at <= at ? sum + deed.amount : sum),
    0,
  )
  return Math.max(0, owed - paid)
}

/** A promise holds through its day in Jakarta, seven hours ahead, where the books are kept. */
function isPromised({ deeds }: Debtor, at: number): boolean {
  const today = isoDay(at + 7 * HOUR)
  const last = deeds.filter((deed) => deed.kind === 'promise' && deed.at <= at).at(-1)
  return last?.kind === 'promise' && last.until >= today
}

/** Until what hour people of a country may be written to on a day; undefined where not at all. */
function closing(country: string, collects: boolean, day: string, off: DaysOff): number | undefined {
  const weekday = new Date(`${day}T00:00:00Z`).getUTCDay()
  const isHoliday = (off[country] ?? []).includes(day)
  if (country === 'US') return 18
  if (weekday === 0) return undefined
  switch (country) {
    case 'IN':
      return 18
    case 'PT':
      return collects && (weekday === 6 || isHoliday) ? undefined : 18
    case 'ES':
      return isHoliday || (collects && weekday === 6) ? undefined : 18
    case 'BR':
      return isHoliday ? undefined : weekday === 6 ? 14 : 18
    default:
      return isHoliday ? undefined : 18
  }
}

/** The instant of a full hour on a clock: tried at every whole and half hour of difference that there is. */
function instant(day: string, hour: number, zone: string): number {
  const wall = Date.parse(`${day}T${String(hour).padStart(2, '0')}:00:00Z`)
  for (let minutes = -14 * 60; minutes <= 14 * 60; minutes += 30) {
    if (wallClock(wall + minutes * 60_000, zone) === wall) return wall + minutes * 60_000
  }
  throw new Error(`${day} ${hour} does not exist in ${zone}`)
}

const clocks = new Map<string, Intl.DateTimeFormat>()
const instants = new Map<string, number>()

/** What a clock in a zone shows at a moment, as if it were UTC. */
export function wallClock(at: number, zone: string): number {
  const key = `${zone} ${at}`
  const known = instants.get(key)
  if (known !== undefined) return known
  const clock =
    clocks.get(zone) ??
    new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' })
  clocks.set(zone, clock)
  const shown = Date.parse(`${clock.format(at).replace(' ', 'T')}Z`)
  instants.set(key, shown)
  return shown
}
