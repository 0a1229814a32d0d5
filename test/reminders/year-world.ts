/** The world of the simulated year: debtors, what they do, and what befalls the program. All of it follows from a seed. */

export type Place = { zone: string; country: string; phone: (n: number) => string }

const pad = (n: number, digits: number) => String(n).padStart(digits, '0')
export const PLACES: readonly Place[] = [
  { zone: 'Asia/Jakarta', country: 'ID', phone: (n) => `+62812${pad(n, 8)}` },
  { zone: 'Asia/Makassar', country: 'ID', phone: (n) => `+62812${pad(n, 8)}` },
  { zone: 'Asia/Jayapura', country: 'ID', phone: (n) => `+62812${pad(n, 8)}` },
  { zone: 'Asia/Kolkata', country: 'IN', phone: (n) => `+9198${pad(n, 8)}` },
  { zone: 'Europe/Madrid', country: 'ES', phone: (n) => `+346${pad(n, 8)}` },
  { zone: 'America/Mexico_City', country: 'MX', phone: (n) => `+5255${pad(n + 10_000_000, 8)}` },
  { zone: 'America/Sao_Paulo', country: 'BR', phone: (n) => `+55119${pad(n + 90_000_000, 8)}` },
  { zone: 'America/New_York', country: 'US', phone: (n) => `+1212555${pad(n, 4)}` },
  { zone: 'Europe/Lisbon', country: 'PT', phone: (n) => `+35191${pad(n, 7)}` },
]

export type Deed =
  | { at: number; kind: 'pay'; amount: number }
  | { at: number; kind: 'promise'; until: string }
export type Debtor = {
  number: string
  place: Place
  phone: string
  owed: number
  dueDate: string
  deeds: Deed[]
}
export type Span = { from: number; to: number }

export type World = {
  start: number
  end: number
  tickMs: number
  debtors: Debtor[]
  /** Nothing runs. What debtors do meanwhile becomes known at its end. */
  outages: Span[]
  /** The wallet is empty. */
  droughts: Span[]
}

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
export const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10)

/** Numbers that look like chance and are the same every time. */
function chance(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Dues are at the beginning, the middle and the end of months, the 29th of February of a leap year among them. */
function dues(start: number, end: number): string[] {
  const days = []
  for (let at = start; at < end; at += DAY) {
    const date = new Date(at)
    const tomorrow = new Date(at + DAY)
    if (date.getUTCDate() === 1 || date.getUTCDate() === 15 || tomorrow.getUTCDate() === 1)
      days.push(isoDay(at))
  }
  return days
}

export function makeWorld(options: {
  seed: number
  start: string
  days: number
  debtors: number
  tickHours: number
  outages: [day: number, hour: number, hours: number][]
  droughts: [day: number, hour: number, hours: number][]
}): World {
  const random = chance(options.seed)
  const start = Date.parse(`${options.start}T00:00:00Z`)
  const end = start + options.days * DAY
  const span = ([day, hour, hours]: [number, number, number]) => {
    const from = start + day * DAY + hour * HOUR
    return { from, to: from + hours * HOUR }
  }
  const droughts = options.droughts.map(span)
  const days = dues(start - 10 * DAY, end + 7 * DAY)
  const debtors = Array.from({ length: options.debtors }, (_, n): Debtor => {
    const place = PLACES[n % PLACES.length]!
    const owed = 100_000 + n * 100
    const dueDate = days[Math.floor(random() * days.length)]!
    const deeds = deedsOf(random, dueDate, owed, droughts).filter(({ at }) => at > start && at < end)
    return { number: `INV-${n}`, place, phone: place.phone(n), owed, dueDate, deeds }
  })
  return {
    start,
    end,
    tickMs: options.tickHours * HOUR,
    debtors,
    outages: options.outages.map(span),
    droughts,
  }
}

function deedsOf(random: () => number, dueDate: string, owed: number, droughts: readonly Span[]): Deed[] {
  const due = Date.parse(`${dueDate}T00:00:00Z`)
  const some = (fromDay: number, toDay: number) => {
    const at = due + Math.floor((fromDay + random() * (toDay - fromDay)) * 24) * HOUR + 30 * 60_000
    const dry = droughts.find(({ from, to }) => at >= from && at < to)
    return dry ? dry.to + 30 * 60_000 : at
  }
  const deeds: Deed[] = []
  if (random() < 0.2) deeds.push({ at: some(-9, 8), kind: 'pay', amount: Math.floor(owed / 4) })
  if (random() < 0.1) deeds.push({ at: some(-3, 12), kind: 'pay', amount: Math.floor(owed / 4) })
  if (random() < 0.5) deeds.push({ at: some(-10, 18), kind: 'pay', amount: owed })
  if (random() < 0.15) {
    const at = some(-8, 10)
    deeds.push({ at, kind: 'promise', until: isoDay(at + Math.floor(1 + random() * 8) * DAY) })
  }
  return deeds.sort((a, b) => a.at - b.at)
}

/** The moments at which the program gets to work, outages left out. */
export function ticksOf({ start, end, tickMs, outages }: World): number[] {
  const ticks = []
  for (let at = start + tickMs; at < end; at += tickMs) {
    if (!outages.some(({ from, to }) => at >= from && at < to)) ticks.push(at)
  }
  return ticks
}
