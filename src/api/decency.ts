import { z } from 'zod'
import {
  CAP_MAX,
  type Calendar,
  type DecencyBook,
  type DecencySettings,
  dropCalendar,
  dropDecencyRule,
  EVERYWHERE,
  findDecency,
  findDecencySettings,
  PURPOSES,
  type Purpose,
  readCalendarPlace,
  readHolidayFile,
  readRulePlace,
  setCalendar,
  setDecencyRule,
  setDecencySettings,
} from '../delivery/index.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { answer, defineRoute } from './route.ts'
import { daySchema, nameText } from './schemas.ts'

/** In addresses `default` stands for every country without a rule of its own. */
const DEFAULT = 'default'
const SOURCE_MAX_CHARS = 500
const CALENDAR_MAX_CHARS = 900_000
const MOST_STRETCHES = 20

const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time such as 08:00.')
const hoursSchema = z
  .array(
    z.strictObject({
      days: z.array(z.int().min(1).max(7)).max(7).meta({ description: '1 is Monday.' }),
      from: clock,
      to: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'is a time such as 20:00, at most 24:00.'),
    }),
  )
  .max(MOST_STRETCHES)
const holidaySchema = z.strictObject({ day: daySchema, name: nameText(200) })
const capSchema = z.strictObject({
  messages: z.int().min(1).max(CAP_MAX.messages),
  days: z.int().min(1).max(CAP_MAX.days),
})

const settingsSchema = z
  .strictObject({
    campaigns: z
      .enum(PURPOSES)
      .nullable()
      .meta({ description: 'By which rules a campaign goes that does not say so itself; null: by none.' }),
    cap: capSchema
      .nullable()
      .meta({ description: 'At most so many messages to one person in so many days, over all campaigns.' }),
  })
  .meta({ id: 'DecencySettings' })

const ruleInput = z.strictObject({
  hours: hoursSchema,
  holidays: z.enum(['kept', 'ignored']).meta({ description: 'Kept: nothing goes out on a holiday.' }),
  source: nameText(SOURCE_MAX_CHARS),
  as_of: daySchema,
})

const ruleSchema = z
  .strictObject({
    country: z.string(),
    purpose: z.enum(PURPOSES),
    hours: hoursSchema,
    holidays: z.enum(['kept', 'ignored']),
    source: z.string(),
    as_of: z.string(),
    own: z.boolean().meta({ description: 'Yours, and not the one that comes with Duecast.' }),
  })
  .meta({ id: 'DecencyRule' })

const calendarSummary = z.strictObject({
  country: z.string(),
  year: z.int(),
  days: z.int(),
  source: z.string(),
  own: z.boolean(),
})

const calendarSchema = z
  .strictObject({ country: z.string(), year: z.int(), source: z.string(), days: z.array(holidaySchema) })
  .meta({ id: 'HolidayCalendar' })

const bookSchema = z
  .strictObject({
    settings: settingsSchema,
    rules: z.array(ruleSchema),
    calendars: z.array(calendarSummary),
  })
  .meta({ id: 'Decency' })

export const getDecency = defineRoute({
  method: 'get',
  path: '/v1/decency',
  tag: 'Decency',
  summary: 'When people may be written to: rules by country and purpose, holiday calendars, caps',
  permission: 'decency.read',
  responses: { 200: bookSchema },
  refusals: [],
  handler: async ({ scope }) =>
    answer(200, showBook(await findDecency(scope), await findDecencySettings(scope))),
})

export const putDecency = defineRoute({
  method: 'put',
  path: '/v1/decency',
  tag: 'Decency',
  summary: 'By which rules campaigns go, and how often one person may be written to',
  permission: 'decency.write',
  body: settingsSchema,
  responses: { 200: settingsSchema },
  refusals: [],
  handler: async ({ scope, body }) => {
    const set = await setDecencySettings(scope, { campaignsPurpose: body.campaigns, cap: body.cap })
    return set.ok ? answer(200, showSettings(set.value)) : set
  },
})

export const putDecencyRule = defineRoute({
  method: 'put',
  path: '/v1/decency/rules/{country}/{purpose}',
  tag: 'Decency',
  summary: 'Sets a rule of your own for a country (`ID`) or for all without one (`default`)',
  permission: 'decency.write',
  body: ruleInput,
  responses: { 200: ruleSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body }) => {
    const place = placeOf(params)
    if (!place.ok) return place
    const { holidays, as_of: asOf, ...rest } = body
    const rule = { ...place.value, ...rest, keepsHolidays: holidays === 'kept', asOf }
    const set = await setDecencyRule(scope, rule)
    return set.ok ? answer(200, showRule({ ...rule, isOwn: true })) : set
  },
})

export const deleteDecencyRule = defineRoute({
  method: 'delete',
  path: '/v1/decency/rules/{country}/{purpose}',
  tag: 'Decency',
  summary: 'Goes back to the rule that comes with Duecast',
  permission: 'decency.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const place = placeOf(params)
    if (!place.ok) return place
    const dropped = await dropDecencyRule(scope, place.value.country, place.value.purpose)
    return dropped.ok ? answer(204) : dropped
  },
})

export const getCalendar = defineRoute({
  method: 'get',
  path: '/v1/decency/calendars/{country}/{year}',
  tag: 'Decency',
  summary: 'The holidays of a country in a year',
  permission: 'decency.read',
  responses: { 200: calendarSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const place = yearOf(params)
    if (!place.ok) return place
    const { calendars } = await findDecency(scope)
    const { country, year } = place.value
    const found = calendars.find((one) => one.country === country && one.year === year)
    return found
      ? answer(200, showCalendar(found))
      : refuse('not_found', `The holidays of ${country} in ${year} are not known: import them.`)
  },
})

export const putCalendar = defineRoute({
  method: 'put',
  path: '/v1/decency/calendars/{country}/{year}',
  tag: 'Decency',
  summary: 'Imports the holidays of a country in a year: iCalendar or CSV as text, or a list of days',
  permission: 'decency.write',
  body: z
    .strictObject({
      source: nameText(SOURCE_MAX_CHARS),
      calendar: z.string().max(CALENDAR_MAX_CHARS).optional().meta({ description: 'The file’s text.' }),
      days: z.array(holidaySchema).max(366).optional(),
    })
    .refine((body) => (body.calendar === undefined) !== (body.days === undefined), {
      path: ['calendar'],
      error: 'Give either calendar or days.',
    }),
  responses: { 200: calendarSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params, body }) => {
    const place = yearOf(params)
    if (!place.ok) return place
    const days = body.days === undefined ? undefined : ok(ownDays(body.days, place.value.year))
    const read = days ?? readHolidayFile(body.calendar!, [place.value.year])
    if (!read.ok) return read
    const set = await setCalendar(scope, { ...place.value, source: body.source, days: read.value })
    return set.ok ? answer(200, showCalendar(set.value)) : set
  },
})

export const deleteCalendar = defineRoute({
  method: 'delete',
  path: '/v1/decency/calendars/{country}/{year}',
  tag: 'Decency',
  summary: 'Goes back to the calendar that comes with Duecast, if there is one',
  permission: 'decency.write',
  responses: { 204: null },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const place = yearOf(params)
    if (!place.ok) return place
    const dropped = await dropCalendar(scope, place.value.country, place.value.year)
    return dropped.ok ? answer(204) : dropped
  },
})

function placeOf(params: {
  country: string
  purpose: string
}): Result<{ country: string; purpose: Purpose }, 'not_found'> {
  const country = params.country === DEFAULT ? EVERYWHERE : params.country
  const place = readRulePlace(country, params.purpose)
  if (place) return ok(place)
  return refuse(
    'not_found',
    'A rule stands under a country such as ID and one of collection, reminder, marketing.',
  )
}

function yearOf(params: {
  country: string
  year: string
}): Result<{ country: string; year: number }, 'not_found'> {
  const place = readCalendarPlace(params.country, params.year)
  if (place) return ok(place)
  return refuse('not_found', 'A calendar stands under a country such as ID and a year such as 2027.')
}

function ownDays(days: Calendar['days'], year: number): Calendar['days'] {
  const inYear = days.filter(({ day }) => day.startsWith(`${year}-`))
  return [...new Map(inYear.map((day) => [day.day, day])).values()].sort((a, b) => (a.day < b.day ? -1 : 1))
}

function showBook(book: DecencyBook, settings: DecencySettings) {
  return {
    settings: showSettings(settings),
    rules: book.rules.map(showRule),
    calendars: book.calendars.map(({ country, year, days, source, isOwn }) => ({
      country,
      year,
      days: days.length,
      source,
      own: isOwn,
    })),
  }
}

function showSettings({ campaignsPurpose, cap }: DecencySettings) {
  return { campaigns: campaignsPurpose, cap: cap && { ...cap } }
}

function showRule(rule: DecencyBook['rules'][number]) {
  return {
    country: rule.country === '*' ? DEFAULT : rule.country,
    purpose: rule.purpose,
    hours: rule.hours.map(({ days, from, to }) => ({ days: [...days], from, to })),
    holidays: rule.keepsHolidays ? ('kept' as const) : ('ignored' as const),
    source: rule.source,
    as_of: rule.asOf,
    own: rule.isOwn,
  }
}

function showCalendar({ country, year, source, days }: Calendar) {
  return { country, year, source, days: days.map((day) => ({ ...day })) }
}
