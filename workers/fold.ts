import { findOrigins, hearObstacles, pauseWithSenders, resumeWithSenders } from '../src/campaigns/index.ts'
import { hearInbound, hearPreferences } from '../src/conversations/index.ts'
import {
  type Folded,
  foldWebhooks,
  hearNotices,
  type Listener,
  type OpenSender,
  openSender,
} from '../src/delivery/index.ts'
import type { House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import type { Span } from '../src/platform/trace.ts'
import type { WorkFigures } from './figures.ts'
import { inSpan, logFor } from './in-span.ts'
import { nudgeTend } from './send.ts'

/** A transaction costs as much for one receipt as for a hundred: those that come together are folded together. */
const GATHER_MS = 100
/** While one batch is with the database and one waits for its disk, the next is read: a tenth faster than with two. */
const FOLDS_AT_ONCE = 3
/** After this long a sender lets others have their turn: one whose provider never stops posting keeps nobody waiting. */
const TURN_MS = 1_000
const MOST_LINKED = 16

/** Folds what a sender's provider has posted, until nothing waits or the turn is over. */
export function foldSender(house: House, figures?: WorkFigures): (job: Job) => Promise<void> {
  return async (job) => {
    const { senderId } = job.data as { senderId: string }
    const sender = await openSender(house.database.sql, house.secrets, senderId)
    if (!sender) return
    const about = { links: [job.origin?.traceparent], facts: { 'duecast.sender_id': senderId } }
    await inSpan(house, job, about, (span) => foldInTurn(house, figures, job, sender, span))
  }
}

async function foldInTurn(
  house: House,
  figures: WorkFigures | undefined,
  job: Job,
  sender: OpenSender,
  span: Span,
): Promise<void> {
  const { signal } = job
  const { senderId, again = false } = job.data as { senderId: string; again?: boolean }
  const touched = new Set<string>()
  let webhooks = 0
  const fold = async () => {
    const folded = await foldWebhooks(
      (work) => house.asSystem('fold', sender.workspaceId, work),
      sender,
      overhear,
    )
    if (folded.setAside > 0)
      logFor(house, job.origin).error(
        { senderId, webhooks: folded.setAside },
        'webhooks were set aside: see their notes',
      )
    for (const id of folded.campaignIds) touched.add(id)
    webhooks += folded.webhooks
    figures?.folded(folded.receipts)
    return folded
  }
  const isDone = await foldForATurn(fold, signal, again)
  await tellWhatFor(house, span, webhooks, touched)
  for (const campaignId of touched) await nudgeTend(house, sender.workspaceId, campaignId)
  if (isDone || signal.aborted) return
  await house.queues.add('receipts', 'fold', { senderId, again: true }, { dedupeId: `fold-${senderId}` })
}

/** A fold belongs to no one request: it links to the submissions whose messages it moved. */
async function tellWhatFor(
  house: House,
  span: Span,
  webhooks: number,
  campaignIds: ReadonlySet<string>,
): Promise<void> {
  if (span.traceparent === undefined) return
  span.note({ 'duecast.webhooks': webhooks, 'duecast.campaigns': campaignIds.size })
  const origins = await findOrigins(house.database.sql, [...campaignIds].slice(0, MOST_LINKED))
  for (const { traceparent } of origins.values()) span.link(traceparent)
}

/** Everything that webhooks bring beside receipts goes to the room that it concerns. */
export const overhear: Listener = async (scope, sender, { inbound, notices, obstacles }) => {
  await hearInbound(scope, sender.id, inbound)
  await hearPreferences(
    scope,
    notices.filter(({ update }) => update.field === 'user_preferences').map(({ update }) => update.value),
  )
  const { stopped, resumed } = await hearNotices(scope, sender, notices)
  await pauseWithSenders(scope, stopped)
  await resumeWithSenders(scope, resumed)
  await hearObstacles(scope, obstacles)
}

/** Whether nothing waits any more. What has come first is folded at once; what follows it gathers. */
async function foldForATurn(
  fold: () => Promise<Folded>,
  signal: AbortSignal,
  isAgain: boolean,
): Promise<boolean> {
  const until = performance.now() + TURN_MS
  const isOver = () => signal.aborted || performance.now() > until
  const whileFull = async () => {
    while (!isOver() && (await fold()).isFull);
  }
  const foldAbreast = () => Promise.all(Array.from({ length: FOLDS_AT_ONCE }, whileFull))
  // A turn that time ended has left enough for all at once.
  if (isAgain) await foldAbreast()
  while (!isOver()) {
    const { webhooks, isFull } = await fold()
    if (webhooks === 0) return true
    if (isFull) await foldAbreast()
    else await gather()
  }
  return false
}

function gather(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, GATHER_MS))
}
