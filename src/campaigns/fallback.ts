import { and, desc, eq } from 'drizzle-orm'
import { fallOver, releaseSpare } from '../delivery/index.ts'
import { newId } from '../platform/ids.ts'
import { handOf, type Scope } from '../platform/scope.ts'
import type { Campaign } from './find-campaign.ts'
import { moveCampaign } from './move.ts'
import { submittedIn } from './origin.ts'
import { campaigns } from './tables.ts'

/**
 * What a campaign sends by another channel to whom it could not reach: a campaign of its own in all but its audience,
 * with a sender, a template, a quote, a hold and a statement. It begins, pauses and ends with its parent, and is never
 * spent more on than its ceiling.
 */
export type FallbackWords = {
  senderId: string
  templateId: string
  /** In 1/10,000 units. */
  ceilingMinor: bigint
}

/** The fall-over of a campaign, locked until the transaction ends; undefined where it has none. */
export async function findFallback(scope: Scope, parentId: string): Promise<Campaign | undefined> {
  const [fallback] = await fallbacksOf(scope, parentId).for('update')
  return fallback?.state === 'cancelled' ? undefined : fallback
}

/** The same for showing it: not locked, and one that was ended with its parent as well. */
export async function seeFallback(scope: Scope, parentId: string): Promise<Campaign | undefined> {
  const [fallback] = await fallbacksOf(scope, parentId)
  return fallback?.state === 'cancelled' && fallback.holdId === null ? undefined : fallback
}

/** The latest first: one that was taken away from a draft stays as it was. */
function fallbacksOf(scope: Scope, parentId: string) {
  return scope.db
    .select()
    .from(campaigns)
    .where(and(eq(campaigns.fallbackOf, parentId), eq(campaigns.workspaceId, scope.workspaceId)))
    .orderBy(desc(campaigns.id))
    .limit(1)
}

/** The words of a fall-over as its parent's would be written. */
export function fallbackWords(fallback: Campaign): FallbackWords {
  const { senderId, templateId, ceiling } = fallback
  return { senderId, templateId, ceilingMinor: ceiling! }
}

/** Makes the fall-over of a draft what its parent's words say; null takes it away. */
export async function writeFallback(
  scope: Scope,
  parent: Campaign,
  words: FallbackWords | null,
): Promise<void> {
  const present = await findFallback(scope, parent.id)
  if (words === null) {
    if (present) await moveCampaign(scope, present, 'cancelled')
    return
  }
  const { senderId, templateId, ceilingMinor } = words
  const { listId, schedule, version, editors } = parent
  const row = {
    name: `${parent.name.slice(0, NAME_CHARS)} (SMS)`,
    state: 'draft' as const,
    senderId,
    templateId,
    ceiling: ceilingMinor,
    listId,
    schedule,
    version,
    editors,
    quoteId: null,
    // Whom the ceiling does not pay for is not sent to.
    insufficientFunds: 'partial' as const,
  }
  if (present) {
    await scope.db
      .update(campaigns)
      .set(row)
      .where(and(eq(campaigns.id, present.id), eq(campaigns.workspaceId, scope.workspaceId)))
  } else {
    const own = { id: newId(scope.now.getTime()), workspaceId: scope.workspaceId, fallbackOf: parent.id }
    await scope.db.insert(campaigns).values({ ...own, ...row, createdAt: scope.now.toISOString() })
  }
}

const NAME_CHARS = 190

/** What is kept for a fall-over: its ceiling, or what it costs if everyone falls over, whichever is less. */
export function keptFor(fallback: Campaign, totalMinor: bigint): bigint {
  return fallback.ceiling! < totalMinor ? fallback.ceiling! : totalMinor
}

/** Puts a frozen fall-over into line beside its parent; it is approved, ended and begun with it. */
export async function lineUpFallback(
  scope: Scope,
  fallback: Campaign,
  frozen: { holdId: bigint; digest: Buffer; startsAt: Date; sendBefore: Date },
): Promise<void> {
  const refusal = await moveCampaign(scope, fallback, 'scheduled', {
    holdId: frozen.holdId,
    digest: frozen.digest,
    submittedBy: handOf(scope.actor),
    ...submittedIn(scope),
    submittedAt: scope.now.toISOString(),
    startsAt: frozen.startsAt.toISOString(),
    sendBefore: frozen.sendBefore.toISOString(),
  })
  if (refusal) throw new Error(`a fall-over could not be lined up: ${refusal.message}`)
}

const OVER: readonly Campaign['state'][] = ['settled', 'cancelled', 'rejected', 'expired']

/**
 * Looks after the fall-over of a campaign that is being sent: whoever could not be reached falls over; once the parent
 * is over, what is left of the ceiling goes back.
 * @returns `fell` where there is something new to send, `over` where nothing more will come
 */
export async function tendFallback(scope: Scope, fallback: Campaign): Promise<'fell' | 'over' | 'waits'> {
  // The parent first: what failed before it was over is then seen below.
  const [parent] = await scope.db
    .select({ state: campaigns.state })
    .from(campaigns)
    .where(and(eq(campaigns.id, fallback.fallbackOf!), eq(campaigns.workspaceId, scope.workspaceId)))
  if ((await fallOver(scope, fallback.fallbackOf!, fallback.id)) > 0) return 'fell'
  if (!parent || !OVER.includes(parent.state)) return 'waits'
  await releaseSpare(scope, fallback.id)
  return 'over'
}
