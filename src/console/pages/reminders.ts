import { DateTime } from 'luxon'
import { receiveFile } from '../../contacts/index.ts'
import { ok, type Result } from '../../platform/result.ts'
import { type AgeingLine, type ForeseenRun, foresee, readAgeing } from '../../reminders/index.ts'
import { type Again, act, errorsOf, page, type View, type Visit } from '../page.ts'
import { dayOf, percentOf } from '../show.ts'
import { say, sayOr } from '../view.ts'
import { missingFile, wakeReader } from './contacts.ts'
import { readLadders } from './ladders.ts'

/** What is owed, the ladders, and what the coming days will cost. */

const PATH = '/reminders'
const DAYS_AHEAD = 14
const LADDERS_SHOWN = 20

const overview = page(PATH, (visit) => showOverview(visit))

const upload = act(
  '/reminders/imports',
  async (visit, { fields, file }) => {
    if (!file || file.sizeBytes === 0) return missingFile()
    const received = await receiveFile(visit.scope, {
      path: file.path,
      fileName: file.name,
      options: {
        kind: fields.kind === 'payments' ? 'payments' : 'invoices',
        locale: fields.locale,
        ...(fields.close_missing === 'true' && { close_missing: 'true' }),
      },
    })
    if (!received.ok) return received
    wakeReader(visit, received.value.id)
    return ok({ to: `/contacts/imports/${received.value.id}?done=received` })
  },
  showOverview,
)

export const remindersPages = [overview, upload]

async function showOverview(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope, workspace } = visit
  const today = DateTime.fromJSDate(scope.now, { zone: workspace.timeZone }).toISODate()!
  const ladders = await readLadders(scope, { limit: LADDERS_SHOWN })
  const foreseen = await foresee(scope, { days: DAYS_AHEAD })
  const lack = foreseen.days.find(({ lackingMinor }) => lackingMinor > 0n)
  return ok({
    name: 'reminders',
    section: 'reminders',
    title: say('reminders.title'),
    data: {
      ageing: agesOf(await readAgeing(scope, today)),
      ladders: ladders.items.map((one) => ({ ...one, steps: one.steps.length })),
      moreLadders: ladders.next !== undefined,
      ahead: DAYS_AHEAD,
      available: foreseen.availableMinor,
      lack: lack && { day: dayOf(lack.day), minor: lack.lackingMinor },
      days: foreseen.days.map((day) => ({
        ...day,
        leftMinor: day.leftMinor < 0n ? 0n : day.leftMinor,
        messages: day.runs.reduce((sum, { messages }) => sum + messages, 0),
        runs: day.runs.map(lineOf),
      })),
      unknown: foreseen.unknown.map(({ reason, invoices }) => ({
        n: invoices,
        why: sayOr(`remind.${reason}`, reason),
      })),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

/** Bars by age, currency by currency. */
function agesOf(lines: readonly AgeingLine[]) {
  return [...new Set(lines.map(({ currency }) => currency))].map((currency) => {
    const own = lines.filter((line) => line.currency === currency)
    let most = 0n
    for (const { outstandingMinor } of own) if (outstandingMinor > most) most = outstandingMinor
    return {
      currency,
      total: own.reduce((sum, { outstandingMinor }) => sum + outstandingMinor, 0n as bigint),
      invoices: own.reduce((sum, { invoices }) => sum + invoices, 0),
      rows: own.map((line) => ({
        ...line,
        late: line.bucket !== 'not_due',
        percent: percentOf(line.outstandingMinor, most),
      })),
    }
  })
}

function lineOf(run: ForeseenRun) {
  const { subject } = run
  return {
    ...run,
    href: hrefOf(subject),
    step: 'stepKey' in subject ? subject.stepKey.replaceAll('_', ' ') : undefined,
    note: run.standing === 'counted' ? undefined : say(`coming.${run.standing}`),
  }
}

function hrefOf(subject: ForeseenRun['subject']): string | undefined {
  if ('campaignId' in subject) return `/campaigns/${subject.campaignId}`
  return 'sequenceId' in subject ? `/reminders/ladders/${subject.sequenceId}` : undefined
}
