import {
  type Campaign,
  editCampaign,
  findCampaign,
  quoteCampaign,
  RECIPIENT_ZONE,
  type Schedule,
} from '../../campaigns/index.ts'
import { isWallClock } from '../../platform/calendar.ts'
import { ok, type Refusal, type Result } from '../../platform/result.ts'
import { fault, refuseFields } from '../faults.ts'
import { type Again, act, errorsOf, mustMay, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

/** The third step of a campaign: when it goes out, on whose clock, and in which hours. It is priced from then on. */

const FIELD_OF = { 'schedule.at': 'at', 'schedule.window': 'from', 'schedule.send_before': 'at' }
const HOUR = /^([01]\d|2[0-3]):[0-5]\d$/
const WEEK = [1, 2, 3, 4, 5, 6, 7] as const
type Fields = Readonly<Record<string, string>>

const form = page('/campaigns/:id/schedule', (visit) => showForm(visit))

const save = act(
  '/campaigns/:id/schedule',
  async (visit, { fields }) => {
    const schedule = scheduleOf(fields)
    if ('ok' in schedule) return schedule
    const edited = await editCampaign(visit.scope, visit.params.id!, { schedule })
    if (!edited.ok) return edited
    const quoted = await quoteCampaign(visit.scope, edited.value.id)
    return quoted.ok ? ok({ to: `/campaigns/${edited.value.id}?done=quoted` }) : quoted
  },
  showForm,
)

export const campaignSchedulePages = [form, save]

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'campaigns.write')
  if (refusal) return refusal
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  const values = again?.fields ?? valuesOf(campaign, visit.workspace.timeZone)
  const zones = [visit.workspace.timeZone, RECIPIENT_ZONE, ...Intl.supportedValuesOf('timeZone')]
  return ok({
    name: 'campaign-schedule',
    section: 'campaigns',
    title: campaign.name,
    data: {
      campaign,
      step: 'schedule',
      values,
      later: values.when === 'later',
      zones: [...new Set(zones)].map((zone) => ({ zone, chosen: zone === values.zone })),
      days: WEEK.map((day) => ({ day, chosen: values[`day_${day}`] === '1' })),
      errors: again && errorsOf(again.refusal, FIELD_OF),
      again,
    },
  })
}

function valuesOf({ schedule }: Campaign, timeZone: string): Fields {
  const everyDay = Object.fromEntries(WEEK.map((day) => [`day_${day}`, '1']))
  if ('now' in schedule) return { when: 'now', zone: timeZone, ...everyDay }
  const { at, window } = schedule
  const days = window?.days && Object.fromEntries(window.days.map((day) => [`day_${day}`, '1']))
  return {
    when: 'later',
    at: at.slice(0, 16),
    zone: schedule.timeZone,
    ...(window && { from: window.from, to: window.to }),
    ...(days ?? everyDay),
  }
}

/** What the form asks for, or what is wrong in it, each next to its field. */
function scheduleOf(fields: Fields): Schedule | Refusal {
  if (fields.when !== 'later') return { now: true }
  const { at = '', zone = '', from = '', to = '' } = fields
  const days = WEEK.filter((day) => fields[`day_${day}`] === '1')
  const hasWindow = from !== '' || to !== ''
  const faults = [
    ...(isWallClock(at) ? [] : [fault('at', say('campaign_new.at.fault'))]),
    ...(zone === RECIPIENT_ZONE || isZone(zone) ? [] : [fault('zone', say('schedule.zone.fault'))]),
    ...(hasWindow && (!HOUR.test(from) || !HOUR.test(to) || from === to)
      ? [fault('from', say('schedule.window.fault'))]
      : []),
    ...(hasWindow && days.length === 0 ? [fault('days', say('schedule.days.fault'))] : []),
  ]
  if (faults.length > 0) return refuseFields(faults)
  const window = { from, to, ...(days.length < WEEK.length && { days }) }
  return { at: `${at.slice(0, 16)}:00`, timeZone: zone, ...(hasWindow && { window }) }
}

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}
