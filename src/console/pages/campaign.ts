import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import {
  type Campaign,
  type CampaignMoney,
  cancelCampaign,
  findCampaign,
  pauseCampaign,
  quoteCampaign,
  resumeCampaign,
  submitCampaign,
  viewCampaign,
  wakeCampaigns,
} from '../../campaigns/index.ts'
import { findListName } from '../../contacts/index.ts'
import { findSender, MESSAGE_STATES } from '../../delivery/index.ts'
import { ok, type Refusal, type Result, refuse } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import { listMessages, type MessageLine, type MessagePlace, writeReport } from '../../reports/index.ts'
import { findTemplate } from '../../templates/index.ts'
import { findWorkspace } from '../../workspaces/index.ts'
import { refuseField } from '../faults.ts'
import { follow, hasRoom, type Live } from '../live.ts'
import {
  type Again,
  act,
  may,
  page,
  type StreamVisit,
  stream,
  type View,
  type Visit,
  type Went,
} from '../page.ts'
import { actorNames, againOf, cancellationOf, findQuote } from '../recorded.ts'
import { explained } from '../sentences.ts'
import { percentOf, scheduleFacts } from '../show.ts'
import { say, type Views } from '../view.ts'

const ENDED: readonly string[] = ['settled', 'rejected', 'cancelled', 'expired']
const LIVE: readonly string[] = [
  'pending_approval',
  'scheduled',
  'sending',
  'paused',
  'completing',
  'cancelled',
  'waiting_for_funds',
]
const MAY_PAUSE: readonly string[] = ['scheduled', 'sending']
const MAY_CANCEL: readonly string[] = [
  'draft',
  'quoted',
  'waiting_for_funds',
  'pending_approval',
  'scheduled',
  'sending',
  'paused',
]
const REASON_MAX_CHARS = 500

const overview = page('/campaigns/:id', (visit) => showCampaign(visit))

const cancelPage = page('/campaigns/:id/cancel', (visit) => showCancellation(visit))

const quote = act(
  '/campaigns/:id/quote',
  async (visit) => led(visit, await quoteCampaign(visit.scope, visit.params.id!), 'quoted'),
  showCampaign,
)

const submit = act(
  '/campaigns/:id/submission',
  async (visit, form) => {
    const quoteId = form.fields.quote_id ?? ''
    return moved(visit, await submitCampaign(visit.scope, visit.params.id!, { quoteId }), 'submitted')
  },
  showCampaign,
)

const pause = act(
  '/campaigns/:id/pause',
  async (visit, form) => {
    const reason = form.fields.reason?.trim() || undefined
    if (isTooLong(reason)) return tooLong()
    return moved(visit, await pauseCampaign(visit.scope, visit.params.id!, reason), 'paused')
  },
  showCampaign,
)

const resume = act(
  '/campaigns/:id/resume',
  async (visit) => moved(visit, await resumeCampaign(visit.scope, visit.params.id!), 'resumed'),
  showCampaign,
)

const cancel = act(
  '/campaigns/:id/cancel',
  async (visit, form) => {
    const reason = form.fields.reason?.trim() || undefined
    if (isTooLong(reason)) return tooLong()
    return moved(visit, await cancelCampaign(visit.scope, visit.params.id!, reason), 'cancelled')
  },
  showCancellation,
)

const events = stream('/campaigns/:id/events', async (visit) => {
  if (!hasRoom()) return refuse('unavailable', say('error.too_many_listeners'))
  const id = visit.params.id!
  const look = (scope: Scope) => lookAt(scope, id, visit.views)
  const first = await visit.within(look)
  if (!first.ok) return first
  const workspaceId = await visit.within(async (scope) => scope.workspaceId)
  const again = async (): Promise<Live> => {
    const live = await visit.within(look)
    return live.ok ? live.value : { html: '', state: 'gone', ended: true }
  }
  await follow(visit.house, visit.response, `campaign ${workspaceId} ${id}`, again, visit.stillHere)
  return undefined
})

const report = stream('/campaigns/:id/report.xlsx', async (visit) => {
  const place = await visit.within(async (scope) => {
    const found = await findCampaign(scope, visit.params.id!)
    return found.ok ? ok(await findWorkspace(scope)) : found
  })
  if (!place.ok) return place
  visit.response.attachment(`report-${visit.params.id}.xlsx`).type(WORKBOOK)
  const workbook = writeReport(linesOf(visit, place.value.timeZone), place.value)
  await sendWorkbook(visit, Readable.fromWeb(workbook as ReadableStream<Uint8Array>))
  return undefined
})

export const campaignPages = [overview, cancelPage, quote, submit, pause, resume, cancel, events, report]

const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const REPORT_ROWS_AT_ONCE = 1_000

/** Whoever turns away while a file is on its way has not found a fault. */
async function sendWorkbook({ response }: StreamVisit, workbook: Readable): Promise<void> {
  try {
    await pipeline(workbook, response)
  } catch (error) {
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}

/** A page in a transaction: a report of a million rows keeps none of them open for long. */
async function* linesOf(visit: StreamVisit, timeZone: string): AsyncGenerator<MessageLine> {
  let after: MessagePlace | undefined
  do {
    const request = {
      campaignId: visit.params.id!,
      timeZone,
      limit: REPORT_ROWS_AT_ONCE,
      after,
      explained: explained(),
    }
    const lines = await visit.within((scope) => listMessages(scope, request))
    yield* lines.items
    after = lines.next
  } while (after !== undefined)
}

async function showCampaign(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope, workspace } = visit
  const found = await findCampaign(scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  const { state } = campaign
  const stored = campaign.quoteId === null ? undefined : await findQuote(scope, campaign.quoteId)
  const isOpen = state === 'draft' || state === 'quoted'
  return ok({
    name: 'campaign',
    section: 'campaigns',
    title: campaign.name,
    data: {
      campaign,
      ...(await progressOf(scope, campaign, workspace.currency)),
      ...(await partsOf(scope, campaign)),
      more: await againOf(scope, campaign),
      quote: stored,
      quoteIsOver: stored !== undefined && new Date(stored.expiresAt) <= scope.now,
      live: LIVE.includes(state),
      plot: campaign.startsAt !== null && new Date(campaign.startsAt) <= scope.now,
      mayQuote: isOpen && may(visit, 'campaigns.write'),
      maySubmit: state === 'quoted' && (stored?.recipients ?? 0) > 0 && may(visit, 'campaigns.submit'),
      mayDecide: state === 'pending_approval' && may(visit, 'campaigns.approve'),
      mayPause: MAY_PAUSE.includes(state) && may(visit, 'campaigns.stop'),
      mayResume: state === 'paused' && may(visit, 'campaigns.stop'),
      mayCancel: MAY_CANCEL.includes(state) && may(visit, 'campaigns.stop'),
      again,
    },
  })
}

async function showCancellation(visit: Visit, again?: Again): Promise<Result<View>> {
  const found = await findCampaign(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const campaign = found.value
  return ok({
    name: 'cancel',
    section: 'campaigns',
    title: say('cancel.title', { name: campaign.name }),
    data: {
      campaign,
      can: MAY_CANCEL.includes(campaign.state) && may(visit, 'campaigns.stop'),
      effect: await cancellationOf(visit.scope, campaign.id),
      again,
    },
  })
}

/** What it is made of, by name. */
async function partsOf(scope: Scope, campaign: Campaign) {
  const template = await findTemplate(scope, campaign.templateId)
  const sender = await findSender(scope, campaign.senderId)
  const nameOf = await actorNames(scope, [...campaign.editors, campaign.submittedBy ?? ''])
  return {
    template: template.ok ? template.value : undefined,
    list: await findListName(scope, campaign.listId),
    sender: sender.ok ? sender.value : undefined,
    schedule: scheduleFacts(campaign.schedule),
    madeBy: campaign.editors.map(nameOf).join(', '),
    submittedBy: campaign.submittedBy && nameOf(campaign.submittedBy),
  }
}

/** The figures that move: the counts, the money and how fast it goes. */
async function progressOf(scope: Scope, campaign: Campaign, currency: string) {
  const { counts, money, eta, ratePerSecond, wait } = await viewCampaign(scope, campaign, currency)
  const { total, queued, sending } = counts
  const gone = total - queued - sending
  return {
    counts: MESSAGE_STATES.map((state) => ({ state, n: counts[state] })).filter(({ n }) => n > 0),
    total,
    gone,
    progress: total === 0 ? 0 : Math.floor((gone * 1000) / total) / 10,
    money,
    bar: barOf(money),
    eta,
    rate: ratePerSecond,
    wait,
  }
}

/** The bar's three lengths in percent of what was reserved, each where the one before it ends. */
function barOf({ heldMinor, capturedMinor, releasedMinor }: CampaignMoney) {
  const charged = percentOf(capturedMinor, heldMinor)
  const released = percentOf(releasedMinor, heldMinor)
  const held = heldMinor === 0n ? 0 : Math.max(0, 100 - charged - released)
  return {
    charged,
    held: Math.round(held * 100) / 100,
    heldAt: charged,
    released,
    releasedAt: 100 - released,
  }
}

async function lookAt(scope: Scope, id: string, views: Views): Promise<Result<Live>> {
  const found = await findCampaign(scope, id)
  if (!found.ok) return found
  const campaign = found.value
  const { currency, timeZone: zone } = await findWorkspace(scope)
  const progress = await progressOf(scope, campaign, currency)
  const html = views.part('_progress', { campaign, currency, zone, ...progress })
  const ended = ENDED.includes(campaign.state) && progress.money.remainingMinor === 0n
  return ok({ html, state: campaign.state, ended })
}

function led(visit: Visit, result: Result<unknown>, done: string): Result<Went> {
  return result.ok ? ok({ to: `/campaigns/${visit.params.id}?done=${done}` }) : (result as Refusal)
}

function moved(visit: Visit, result: Result<Campaign>, done: string): Result<Went> {
  if (result.ok) wakeCampaigns(visit.scope, visit.house.nudge, [result.value.id])
  return led(visit, result, done)
}

export function isTooLong(reason: string | undefined): boolean {
  return (reason?.length ?? 0) > REASON_MAX_CHARS
}

export function tooLong(): Refusal {
  const message = say('refused.reason_too_long', { n: REASON_MAX_CHARS })
  return refuseField('reason', message, 'too_big')
}
