import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import {
  type DecencyBook,
  findDecency,
  findDecencySettings,
  insideWindow,
  nextDecentMoment,
  type Purpose,
  quietMark,
  ruleFor,
  type Window,
} from '../delivery/index.ts'
import type { Scope } from '../platform/scope.ts'
import { dueAt, type Schedule, windowZones } from './schedule.ts'

/** What a workspace asks of its campaigns beside their own schedules. */
export type Care = {
  readonly quiet: { readonly purpose: Purpose; readonly book: DecencyBook } | undefined
  readonly cap: { readonly messages: number; readonly days: number } | null
}

/** When somebody is due, by whose clocks that is kept until it is sent, and why nobody knows when, if nobody does. */
export type Moment = {
  readonly dueAt: Date | undefined
  readonly windowZone: string | null
  readonly held: string | null
}

/** Two kinds of hours that do not meet within so many steps never will. */
const MOST_STEPS = 32

/** The workspace's quiet hours, which reminders keep by rules of their own, and its cap, which is for all. */
export async function findCare(scope: Scope, listId: string): Promise<Care> {
  const { campaignsPurpose: purpose, cap } = await findDecencySettings(scope)
  if (purpose === null) return { quiet: undefined, cap }
  const [list] = await scope.sql<{ made_for: string | null }[]>`
    SELECT made_for FROM lists WHERE id = ${listId} AND workspace_id = ${scope.workspaceId}`
  const quiet = list?.made_for == null ? { purpose, book: await findDecency(scope) } : undefined
  return { quiet, cap }
}

/** The first moment that suits the schedule and the quiet hours in all zones where the holder of a number may be. */
export function momentFor(
  schedule: Schedule,
  person: { readonly phone: string; readonly zones: readonly string[] },
  care: Care,
  now: Date,
): Moment {
  const wanted = dueAt(schedule, person.zones, now)
  const windowZone = windowZones(schedule, person.zones)
  if (!care.quiet || wanted === undefined) return { dueAt: wanted, windowZone, held: null }
  const country = parsePhoneNumberFromString(person.phone)?.country
  const rule = ruleFor(care.quiet.book, country, care.quiet.purpose)
  const window = 'now' in schedule ? undefined : schedule.window
  let at = wanted
  for (let steps = 0; steps < MOST_STEPS; steps++) {
    const decent = nextDecentMoment(rule, person.zones, at)
    if (decent.kind === 'held') return { dueAt: undefined, windowZone, held: decent.reason }
    const open = opening(decent.at, window, windowZone)
    if (open === undefined) break
    if (open.getTime() === decent.at.getTime()) {
      const mark = quietMark({ purpose: care.quiet.purpose, country, zones: person.zones })
      return { dueAt: open, windowZone: mark, held: null }
    }
    at = open
  }
  return { dueAt: undefined, windowZone, held: 'no_hour_fits' }
}

function opening(at: Date, window: Window | undefined, zones: string | null): Date | undefined {
  return window && zones ? insideWindow(at, window, zones.split(',')) : at
}
