import { z } from 'zod'
import { moneyJson } from '../platform/money.ts'
import { type ForeseenDay, type ForeseenRun, foresee, MOST_DAYS_FORESEEN } from '../reminders/index.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, moneySchema } from './schemas.ts'

const DAYS = 14

const runSchema = z
  .strictObject({
    name: z.string(),
    sequence_id: idSchema.nullable(),
    step: z.string().nullable(),
    recurring_campaign_id: idSchema.nullable(),
    campaign_id: idSchema.nullable().meta({ description: 'Of what has its day already.' }),
    invoices: z.int().min(0),
    messages: z.int().min(0),
    cost: moneySchema.meta({ description: 'If everything is delivered, by the prices of that day.' }),
    unpriced: z.int().min(0).meta({ description: 'Messages to numbers that no rate card prices.' }),
    standing: z.enum(['held', 'counted', 'over_cap', 'unapproved']).meta({
      description:
        '`held`: its money is set aside already. `counted`: it will be asked of the balance. `over_cap`: dearer than its standing approval allows. `unapproved`: it does not go before it is approved, and is not counted.',
    }),
  })
  .meta({ id: 'ForeseenRun' })

const daySchema = z
  .strictObject({
    day: z.iso.date(),
    cost: moneySchema.meta({ description: 'What the day asks of the balance.' }),
    left: moneySchema.meta({ description: 'What is available after it, if nothing is paid in.' }),
    lacking: moneySchema,
    runs: z.array(runSchema),
  })
  .meta({ id: 'ForeseenDay' })

export const getCalendarOfRuns = defineRoute({
  method: 'get',
  path: '/v1/reminders/calendar',
  tag: 'Reminders',
  summary: 'The runs of the coming days, what they cost at most, and whether the balance carries them',
  permission: 'sequences.read',
  query: z.strictObject({
    days: z.coerce.number().int().min(1).max(MOST_DAYS_FORESEEN).default(DAYS).meta({
      description: 'How far to look, today included.',
    }),
  }),
  responses: {
    200: z
      .strictObject({
        available: moneySchema,
        data: z.array(daySchema).meta({ description: 'Only days on which something goes.' }),
        unknown: z
          .array(z.strictObject({ reason: z.string(), invoices: z.int().min(1) }))
          .meta({ description: 'Invoices whose step has no day that is known.' }),
      })
      .meta({ id: 'CalendarOfRuns' }),
  },
  refusals: [],
  handler: async ({ scope, query }) => {
    const { currency, availableMinor, days, unknown } = await foresee(scope, query)
    return answer(200, {
      available: moneyJson(availableMinor, currency),
      data: days.map((day) => showDay(day, currency)),
      unknown: [...unknown],
    })
  },
})

function showDay({ day, costMinor, leftMinor, lackingMinor, runs }: ForeseenDay, currency: string) {
  return {
    day,
    cost: moneyJson(costMinor, currency),
    left: moneyJson(leftMinor < 0n ? 0n : leftMinor, currency),
    lacking: moneyJson(lackingMinor, currency),
    runs: runs.map((run) => showRun(run, currency)),
  }
}

function showRun(
  { name, subject, invoices, messages, costMinor, unpriced, standing }: ForeseenRun,
  currency: string,
) {
  return {
    name,
    sequence_id: 'sequenceId' in subject ? subject.sequenceId : null,
    step: 'stepKey' in subject ? subject.stepKey : null,
    recurring_campaign_id: 'recurrenceId' in subject ? subject.recurrenceId : null,
    campaign_id: 'campaignId' in subject ? subject.campaignId : null,
    invoices,
    messages,
    cost: moneyJson(costMinor, currency),
    unpriced,
    standing,
  }
}
