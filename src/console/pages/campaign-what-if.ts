import { findCampaign, type Schedule, whatIfCampaign } from '../../campaigns/index.ts'
import { isWallClock } from '../../platform/calendar.ts'
import { ok } from '../../platform/result.ts'
import { page } from '../page.ts'
import { grouped } from '../show.ts'
import { say } from '../view.ts'

/** What the same audience would cost on another day or in another category. Looking changes nothing. */

const CATEGORIES = ['utility', 'marketing', 'authentication'] as const
const NOON = 'T12:00:00'

const whatIf = page('/campaigns/:id/what-if', async (visit) => {
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  const category = CATEGORIES.find((one) => one === visit.query('category'))
  const asked = visit.query('day') ?? ''
  const schedule = isWallClock(`${asked}${NOON}`)
    ? scheduleOn(asked, campaign.schedule, visit.workspace.timeZone)
    : undefined
  const estimated = await whatIfCampaign(visit.scope, campaign.id, { schedule, category })
  if (!estimated.ok && estimated.reason !== 'no_price') return estimated
  return ok({
    name: 'what-if',
    section: 'campaigns' as const,
    title: campaign.name,
    data: {
      campaign,
      step: 'price',
      values: { day: asked },
      fault: asked !== '' && !isWallClock(`${asked}${NOON}`) ? say('what_if.day.fault') : undefined,
      categories: CATEGORIES.map((one) => ({ category: one, chosen: one === category })),
      estimate: estimated.ok ? estimated.value : undefined,
      difference: estimated.ok ? differenceIn(estimated.value.differenceMinor) : undefined,
      refusal: estimated.ok ? undefined : estimated,
    },
  })
})

export const campaignWhatIfPages = [whatIf]

/** The campaign's own hours on another day, or noon where it has none. */
function scheduleOn(day: string, schedule: Schedule, timeZone: string): Schedule {
  if ('now' in schedule) return { at: `${day}${NOON}`, timeZone }
  return { ...schedule, at: `${day}${schedule.at.slice(10)}` }
}

function differenceIn(minor: bigint): string {
  const sign = minor > 0n ? '+' : minor < 0n ? '−' : '±'
  return `${sign} ${grouped(minor < 0n ? -minor : minor)}`
}
