import { readFile } from 'node:fs/promises'
import { DateTime } from 'luxon'
import {
  CAP_MAX,
  dropCalendar,
  dropDecencyRule,
  EVERYWHERE,
  findDecency,
  findDecencySettings,
  HOLIDAY_FILE_MAX_CHARS,
  PURPOSES,
  type Purpose,
  readCalendarPlace,
  readHolidayFile,
  readRulePlace,
  setCalendar,
  setDecencyRule,
  setDecencySettings,
} from '../../delivery/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { refuseField } from '../faults.ts'
import { type Again, act, errorsOf, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

/** When people may be written to: by which rules campaigns go, rules by country and purpose, and holidays. */

const PATH = '/settings/quiet-hours'
const CLOCK = /^([01]\d|2[0-3]):[0-5]\d$|^24:00$/
const GROUPS = [
  { name: 'week', days: [1, 2, 3, 4, 5] },
  { name: 'saturday', days: [6] },
  { name: 'sunday', days: [7] },
] as const

type Fields = Readonly<Record<string, string | undefined>>

const show = page(PATH, (visit) => showQuietHours(visit))

const settings = act(
  PATH,
  async ({ scope }, { fields }) => {
    const messages = countOf(fields.cap_messages, CAP_MAX.messages)
    const days = countOf(fields.cap_days, CAP_MAX.days)
    if (messages === 'wrong' || days === 'wrong' || (messages === null) !== (days === null))
      return refuseField('cap_messages', say('quiet.cap.fault', CAP_MAX))
    const cap = messages === null || days === null ? null : { messages, days }
    const set = await setDecencySettings(scope, { campaignsPurpose: purposeOf(fields) ?? null, cap })
    return set.ok ? ok({ to: `${PATH}?done=quiet` }) : set
  },
  showQuietHours,
)

const rule = act(
  `${PATH}/rules`,
  async ({ scope, workspace }, { fields }) => {
    const place = placeOf(fields)
    if (!place) return refuseField('country', say('quiet.country.fault'))
    const hours = GROUPS.flatMap((group) => hoursOf(fields, group))
    const wrong = hours.find(({ from, to }) => !CLOCK.test(from) || !CLOCK.test(to))
    if (wrong) return refuseField('week_from', say('quiet.hours.fault'))
    const set = await setDecencyRule(scope, {
      ...place,
      hours,
      keepsHolidays: fields.holidays === 'kept',
      source: fields.source?.trim().slice(0, 500) || workspace.name,
      asOf: DateTime.fromJSDate(scope.now, { zone: workspace.timeZone }).toISODate()!,
    })
    if (set.ok) return ok({ to: `${PATH}?done=quiet` })
    if (set.reason !== 'validation_failed') return set
    return refuseField('week_from', say(hours.length === 0 ? 'quiet.hours.none' : 'quiet.hours.order'))
  },
  showQuietHours,
)

const dropRule = act(
  `${PATH}/rules/removal`,
  async ({ scope }, { fields }) => {
    const place = placeOf(fields)
    if (!place) return refuse('not_found', say('quiet.country.fault'))
    const dropped = await dropDecencyRule(scope, place.country, place.purpose)
    return dropped.ok ? ok({ to: `${PATH}?done=quiet` }) : dropped
  },
  showQuietHours,
)

const calendar = act(
  `${PATH}/calendars`,
  async ({ scope }, { fields, file }) => {
    const place = yearOf(fields)
    if (!place) return refuseField('calendar_country', say('quiet.calendar.fault'))
    if (!file || file.sizeBytes === 0) return refuseField('file', say('files.none_chosen'))
    if (file.sizeBytes > HOLIDAY_FILE_MAX_CHARS)
      return refuseField('file', say('files.too_big', { mb: HOLIDAY_FILE_MAX_CHARS / 1_000_000 }))
    const read = readHolidayFile(await readFile(file.path, 'utf8'), [place.year])
    if (!read.ok) return refuseField('file', read.message)
    const set = await setCalendar(scope, { ...place, source: file.name, days: read.value })
    return set.ok ? ok({ to: `${PATH}?done=quiet` }) : set
  },
  showQuietHours,
)

const dropHolidays = act(
  `${PATH}/calendars/removal`,
  async ({ scope }, { fields }) => {
    const place = yearOf(fields)
    if (!place) return refuse('not_found', say('quiet.calendar.fault'))
    const dropped = await dropCalendar(scope, place.country, place.year)
    return dropped.ok ? ok({ to: `${PATH}?done=quiet` }) : dropped
  },
  showQuietHours,
)

export const quietHoursPages = [show, settings, rule, dropRule, calendar, dropHolidays]

function purposeOf(fields: Fields): Purpose | undefined {
  return PURPOSES.find((one) => one === fields.purpose)
}

function placeOf(fields: Fields): { country: string; purpose: Purpose } | undefined {
  const country = fields.country?.trim().toUpperCase() || EVERYWHERE
  return readRulePlace(country, fields.purpose)
}

function yearOf(fields: Fields): { country: string; year: number } | undefined {
  const country = fields.calendar_country?.trim().toUpperCase() ?? ''
  const year = fields.calendar_year?.trim() ?? ''
  return readCalendarPlace(country, year)
}

/** Days without hours are closed. */
function hoursOf(fields: Fields, { name, days }: (typeof GROUPS)[number]) {
  const [from, to] = [fields[`${name}_from`]?.trim() ?? '', fields[`${name}_to`]?.trim() ?? '']
  return from === '' && to === '' ? [] : [{ days: [...days], from, to }]
}

function countOf(text: string | undefined, most: number): number | null | 'wrong' {
  const word = text?.trim() ?? ''
  if (word === '') return null
  return /^[1-9]\d{0,4}$/.test(word) && Number(word) <= most ? Number(word) : 'wrong'
}

async function showQuietHours(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const [book, { campaignsPurpose, cap }] = [await findDecency(scope), await findDecencySettings(scope)]
  const values: Fields = again?.fields ?? {
    purpose: campaignsPurpose ?? '',
    cap_messages: cap ? String(cap.messages) : '',
    cap_days: cap ? String(cap.days) : '',
    week_from: '08:00',
    week_to: '20:00',
  }
  return ok({
    name: 'quiet-hours',
    section: 'settings',
    title: say('quiet.title'),
    data: {
      purposes: PURPOSES.map((purpose) => ({ purpose, chosen: purpose === values.purpose })),
      rules: book.rules.map((one) => ({
        ...one,
        place: one.country === EVERYWHERE ? say('quiet.everywhere') : one.country,
        stretches: one.hours.map(({ days, from, to }) => ({ days: daysOf(days), from, to })),
      })),
      calendars: book.calendars.map(({ country, year, days, source, isOwn }) => ({
        country,
        year,
        days: days.length,
        source,
        isOwn,
      })),
      groups: GROUPS.map(({ name }) => ({
        name,
        from: values[`${name}_from`],
        to: values[`${name}_to`],
      })),
      values,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

/** Weekdays in the reader's words: `1–6` as Monday to Saturday. */
function daysOf(days: readonly number[]): string {
  const sorted = [...days].sort((a, b) => a - b)
  const name = (day: number) => say(`day.${day}`)
  const runs: number[][] = []
  for (const day of sorted) {
    const run = runs.at(-1)
    if (run && run.at(-1) === day - 1) run.push(day)
    else runs.push([day])
  }
  return runs
    .map((run) => (run.length === 1 ? name(run[0]!) : `${name(run[0]!)}–${name(run.at(-1)!)}`))
    .join(', ')
}
