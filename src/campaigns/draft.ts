import { and, eq } from 'drizzle-orm'
import { lists } from '../contacts/tables.ts'
import { channelOf, instantOf } from '../delivery/index.ts'
import { senders } from '../delivery/tables.ts'
import { isUuid, newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import { templates } from '../templates/tables.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { type FallbackWords, fallbackWords, findFallback, writeFallback } from './fallback.ts'
import { type Campaign, lockCampaign } from './find-campaign.ts'
import { EDITABLE } from './lifecycle.ts'
import { refuseFallback, wrongState } from './move.ts'
import { dueAt, latestStart, RECIPIENT_ZONE, type Schedule } from './schedule.ts'
import { campaigns } from './tables.ts'

/** What a campaign is made of: one template to one list on one schedule. */
export type CampaignWords = {
  name: string
  templateId: string
  senderId: string
  listId: string
  schedule: Schedule
  insufficientFunds: 'block' | 'wait' | 'partial'
  /** By SMS to whom WhatsApp could not reach; null or absent for none. */
  fallback?: FallbackWords | null
}

export type DraftRefusal = 'forbidden' | 'validation_failed' | 'not_found' | 'wrong_state'

/** Writes a campaign down as a draft: nothing is priced, reserved or sent yet. */
export async function draftCampaign(
  scope: Scope,
  { fallback = null, ...request }: CampaignWords,
): Promise<Result<Campaign, 'forbidden' | 'validation_failed'>> {
  const refusal =
    allow(scope.actor, 'campaigns.write') ?? (await refuseWords(scope, { ...request, fallback }))
  if (refusal) return refusal
  const [campaign] = await scope.db
    .insert(campaigns)
    .values({
      id: newId(scope.now.getTime()),
      workspaceId: scope.workspaceId,
      state: 'draft',
      version: 1,
      editors: [handOf(scope.actor)],
      createdAt: scope.now.toISOString(),
      ...request,
    })
    .returning()
  await writeFallback(scope, campaign!, fallback)
  await recordEvent(scope, 'campaign.drafted', `campaign:${campaign!.id}`, { name: request.name })
  return ok(campaign!)
}

/** Writes what an ended campaign said down once more, as a draft of its own by the same hands. */
export async function draftAgain(scope: Scope, ended: Campaign): Promise<Campaign> {
  const { workspaceId, name, templateId, senderId, listId, schedule, insufficientFunds, editors } = ended
  const words = { workspaceId, name, templateId, senderId, listId, schedule, insufficientFunds, editors }
  const id = newId(scope.now.getTime())
  const [campaign] = await scope.db
    .insert(campaigns)
    .values({
      ...words,
      id,
      state: 'draft',
      version: 1,
      createdAt: scope.now.toISOString(),
      againOf: ended.id,
    })
    .returning()
  const fallback = await findFallback(scope, ended.id)
  if (fallback) await writeFallback(scope, campaign!, fallbackWords(fallback))
  await recordEvent(scope, 'campaign.drafted', `campaign:${id}`, { name, again_of: ended.id })
  return campaign!
}

/** Changes a campaign that is not yet submitted; its quote is void, and whoever edits may not approve it. */
export async function editCampaign(
  scope: Scope,
  id: string,
  { fallback: newFallback, ...changes }: Partial<CampaignWords>,
): Promise<Result<Campaign, DraftRefusal>> {
  const forbidden = allow(scope.actor, 'campaigns.write')
  if (forbidden) return forbidden
  const found = await lockCampaign(scope, id)
  if (!found.ok) return found
  const campaign = found.value
  if (!EDITABLE.includes(campaign.state)) return wrongState(campaign, 'draft')
  const partOfAnother = refuseFallback(campaign)
  if (partOfAnother) return partOfAnother
  const present = await findFallback(scope, id)
  const fallback = newFallback === undefined ? (present ? fallbackWords(present) : null) : newFallback
  const faults = await refuseWords(scope, { ...campaign, ...changes, fallback })
  if (faults) return faults
  const [edited] = await scope.db
    .update(campaigns)
    .set({
      ...changes,
      state: 'draft',
      quoteId: null,
      version: campaign.version + 1,
      editors: [...new Set([...campaign.editors, handOf(scope.actor)])],
    })
    .where(and(eq(campaigns.id, id), eq(campaigns.workspaceId, scope.workspaceId)))
    .returning()
  await writeFallback(scope, edited!, fallback)
  await recordEvent(scope, 'campaign.edited', `campaign:${id}`, {
    changed: [...Object.keys(changes), ...(newFallback === undefined ? [] : ['fallback'])],
  })
  return ok(edited!)
}

type Fault = { path: string; code: string; message: string }

async function refuseWords(
  scope: Scope,
  words: CampaignWords,
): Promise<Refusal<'validation_failed'> | undefined> {
  const faults = [
    ...(await missing(scope, words.templateId, templates, 'template_id', 'template')),
    ...(await missing(scope, words.senderId, senders, 'sender_id', 'sender')),
    ...(await missing(scope, words.listId, lists, 'audience.list_id', 'list')),
    ...(await channelFaults(scope, words, 'template_id')),
    ...(await fallbackFaults(scope, words)),
    ...scheduleFaults(words.schedule, scope.now),
  ]
  if (faults.length === 0) return undefined
  return refuse('validation_failed', faults.map((fault) => fault.message).join(' '), { errors: faults })
}

/** A template is written for one channel, and a sender sends on one. */
async function channelFaults(
  scope: Scope,
  { templateId, senderId }: Pick<CampaignWords, 'templateId' | 'senderId'>,
  path: string,
): Promise<Fault[]> {
  if (!isUuid(templateId) || !isUuid(senderId)) return []
  const rows = await scope.db
    .select({ channel: templates.channel, provider: senders.provider })
    .from(templates)
    .innerJoin(senders, eq(senders.workspaceId, templates.workspaceId))
    .where(
      and(
        eq(templates.id, templateId),
        eq(senders.id, senderId),
        eq(templates.workspaceId, scope.workspaceId),
      ),
    )
  const [pair] = rows
  if (!pair || pair.channel === channelOf(pair.provider)) return []
  const message = `The template is written for ${CHANNEL_NAMES[pair.channel]}, and the sender sends on ${CHANNEL_NAMES[channelOf(pair.provider)]}.`
  return [{ path, code: 'channel_mismatch', message }]
}

/** A fall-over goes from WhatsApp to SMS, with money of its own. */
async function fallbackFaults(scope: Scope, words: CampaignWords): Promise<Fault[]> {
  const { fallback } = words
  if (!fallback) return []
  const faults = [
    ...(await missing(scope, fallback.templateId, templates, 'fallback.template_id', 'template')),
    ...(await missing(scope, fallback.senderId, senders, 'fallback.sender_id', 'sender')),
    ...(await channelFaults(scope, fallback, 'fallback.template_id')),
  ]
  if ((await channelOfSender(scope, fallback.senderId)) === 'whatsapp')
    faults.push(
      fault('fallback.sender_id', 'not_sms', 'A fall-over goes out by SMS: choose a sender of SMS.'),
    )
  if ((await channelOfSender(scope, words.senderId)) === 'sms')
    faults.push(
      fault(
        'fallback',
        'already_sms',
        'This campaign goes out by SMS already: it has nothing to fall over to.',
      ),
    )
  if (fallback.ceilingMinor <= 0n)
    faults.push(fault('fallback.ceiling', 'too_small', 'The ceiling is an amount above zero.'))
  if (words.insufficientFunds === 'partial')
    faults.push(
      fault(
        'insufficient_funds',
        'not_with_fallback',
        'A campaign with a fall-over goes out as a whole: block or wait.',
      ),
    )
  return faults
}

async function channelOfSender(scope: Scope, id: string) {
  if (!isUuid(id)) return undefined
  const [sender] = await scope.db
    .select({ provider: senders.provider })
    .from(senders)
    .where(and(eq(senders.id, id), eq(senders.workspaceId, scope.workspaceId)))
  return sender && channelOf(sender.provider)
}

const CHANNEL_NAMES = { whatsapp: 'WhatsApp', sms: 'SMS' } as const

async function missing(
  scope: Scope,
  id: string,
  table: typeof templates | typeof senders | typeof lists,
  path: string,
  noun: string,
): Promise<Fault[]> {
  const found = isUuid(id)
    ? await scope.db
        .select({ id: table.id })
        .from(table)
        .where(and(eq(table.id, id), eq(table.workspaceId, scope.workspaceId)))
    : []
  if (found.length > 0) return []
  return [{ path, code: 'not_found', message: `There is no such ${noun} in this workspace.` }]
}

const MOST_DAYS_AHEAD = 366
const DAY_MS = 24 * 60 * 60 * 1000

/** A schedule must lie ahead, within a year, and its end after its beginning. */
function scheduleFaults(schedule: Schedule, now: Date): Fault[] {
  const endsAt = schedule.sendBefore === undefined ? undefined : new Date(schedule.sendBefore)
  if ('now' in schedule) {
    return endsAt && endsAt <= now
      ? [fault('schedule.send_before', 'in_the_past', 'send_before has already passed.')]
      : []
  }
  const zone = schedule.timeZone === RECIPIENT_ZONE ? EARLIEST_ZONE : schedule.timeZone
  const startsAt = instantOf(schedule.at, zone)
  const faults: Fault[] = []
  if (latestStart(schedule) < now)
    faults.push(
      fault('schedule.at', 'in_the_past', 'That time has already passed: choose a later one, or send now.'),
    )
  if (startsAt.getTime() > now.getTime() + MOST_DAYS_AHEAD * DAY_MS)
    faults.push(fault('schedule.at', 'too_far', 'A campaign can be scheduled at most a year ahead.'))
  if (endsAt && endsAt <= startsAt)
    faults.push(
      fault('schedule.send_before', 'before_start', 'send_before must be later than the time of sending.'),
    )
  if (schedule.timeZone !== RECIPIENT_ZONE && dueAt(schedule, [schedule.timeZone], now) === undefined)
    faults.push(fault('schedule.window', 'never_open', 'This window never opens.'))
  return faults
}

/** The first place on Earth to reach a wall-clock time. */
const EARLIEST_ZONE = 'Pacific/Kiritimati'

function fault(path: string, code: string, message: string): Fault {
  return { path, code, message }
}
