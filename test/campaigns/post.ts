import { tendCampaign } from '../../src/campaigns/index.ts'
import {
  closeSlice,
  dispatchSlice,
  findRun,
  foldWebhooks,
  openInbox,
  PROVIDERS,
  type ProviderConnection,
  replayParked,
} from '../../src/delivery/index.ts'
import type { OutgoingMessage, SendOutcome } from '../../src/delivery/provider.ts'
import { type WorkerRows, workerRows } from '../../src/delivery/worker-rows.ts'
import { openLog } from '../../src/platform/log.ts'
import { overhear } from '../../workers/fold.ts'
import type { Clinic } from './clinic.ts'

/** A platform that does as it is told, in memory: it accepts everything unless a test says otherwise. */
export type PostOffice = ProviderConnection & {
  /** Everything that was handed in, in order. */
  readonly handedIn: OutgoingMessage[]
}

export type Answer = (message: OutgoingMessage, nth: number) => SendOutcome | Promise<SendOutcome>

export function openPostOffice(answer: Answer = accepted): PostOffice {
  const handedIn: OutgoingMessage[] = []
  return {
    handedIn,
    send: async (message) => answer(message, handedIn.push(message)),
    close: async () => {},
  }
}

export function accepted(message: OutgoingMessage): SendOutcome {
  return { outcome: 'accepted', providerMessageId: wamid(message.attemptRef), messageStatus: 'accepted' }
}

export function wamid(attemptRef: string): string {
  return `wamid.${attemptRef}`
}

const log = openLog('silent')

/** Sends all that is due of a campaign now, as one worker after another would. @returns how many were handed in */
export async function send(
  clinic: Clinic,
  campaignId: string,
  office: PostOffice,
  worker = 'wati',
): Promise<number> {
  const before = office.handedIn.length
  await tend(clinic, campaignId)
  const run = await clinic.within((scope) => findRun(scope, campaignId))
  const house = {
    database: clinic.database,
    log,
    worker,
    signal: new AbortController().signal,
    within: <T>(_workspaceId: string, work: Parameters<typeof clinic.within<T>>[0]) => clinic.within(work),
  }
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    const sent = await dispatchSlice(house, run!, office)
    if (sent.kind === 'nothing' || (sent.kind === 'wait' && sent.forMs > PACE_MS)) break
  }
  await tend(clinic, campaignId)
  return office.handedIn.length - before
}

/** The clinic's rows as a worker of that name reaches them. */
export function rowsOf(clinic: Clinic, worker: string): WorkerRows {
  const house = { database: clinic.database, worker }
  return workerRows({ ...house, within: (_id, work) => clinic.within(work) }, clinic.workspaceId)
}

const MOST_TURNS = 200
/** A wait for the sender's pace is short; any longer one is for a time that the clock has not reached. */
const PACE_MS = 2_000

/** What the platform says of a message; `at` is when it happened, the clinic's now unless given. */
export type Told = {
  of: OutgoingMessage | string
  status: 'sent' | 'delivered' | 'read' | 'failed'
  at?: Date
  pricing?: Record<string, unknown>
  /** Leaves out the attempt's name, so that only the platform's id tells whose it is. */
  unnamed?: boolean
}

/** The platform posts receipts, all in one webhook; they are stored and folded. */
export async function tell(clinic: Clinic, senderId: string, told: readonly Told[]): Promise<void> {
  await post(clinic, senderId, told)
  await fold(clinic, senderId)
}

let posted = 0

/** Stores a webhook without folding it. */
export async function post(clinic: Clinic, senderId: string, told: readonly Told[]): Promise<void> {
  const statuses = told.map((one) => statusOf(one, clinic.now()))
  const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: '1' }, statuses }
  const body = {
    object: 'whatsapp_business_account',
    entry: [{ id: String(++posted), changes: [{ field: 'messages', value }] }],
  }
  const inbox = openInbox(clinic.database.sql, () => {})
  await inbox.store(senderId, Buffer.from(JSON.stringify(body)))
}

function statusOf({ of, status, at, pricing, unnamed }: Told, now: Date) {
  const ref = typeof of === 'string' ? of : of.attemptRef
  return {
    id: wamid(ref),
    status,
    timestamp: String(Math.floor((at ?? now).getTime() / 1000)),
    recipient_id: '628120000000',
    ...(unnamed ? {} : { biz_opaque_callback_data: ref }),
    ...(pricing ? { pricing } : {}),
    ...(status === 'failed' ? { errors: [{ code: 131_026, title: 'Message undeliverable' }] } : {}),
  }
}

/** Folds all that is stored of a sender. @returns the campaigns that were touched */
export async function fold(clinic: Clinic, senderId: string): Promise<string[]> {
  const touched: string[] = []
  for (;;) {
    const folded = await foldWebhooks(
      clinic.within,
      { id: senderId, provider: PROVIDERS.whatsapp_cloud },
      overhear,
    )
    touched.push(...folded.campaignIds)
    if (folded.webhooks === 0) return [...new Set(touched)]
  }
}

/** Tries parked receipts again. @returns the campaigns that were touched */
export function replay(clinic: Clinic): Promise<string[]> {
  return clinic.within((scope) => replayParked(scope))
}

/** Does for a campaign what is due, until nothing is. */
export async function tend(clinic: Clinic, campaignId: string): Promise<void> {
  for (let turns = 0; turns < MOST_TURNS; turns++) {
    if (!(await clinic.within((scope) => tendCampaign(scope, campaignId)))) return
  }
  throw new Error('a campaign that never comes to rest')
}

/** Closes the slices whose lifetime has passed, and settles. */
export async function close(clinic: Clinic, campaignId: string): Promise<void> {
  const slices = await clinic.within(
    ({ sql }) =>
      sql<
        { slice_no: number }[]
      >`SELECT slice_no FROM slices WHERE campaign_id = ${campaignId} AND closed_at IS NULL`,
  )
  for (const { slice_no } of slices) await clinic.within((scope) => closeSlice(scope, campaignId, slice_no))
  await tend(clinic, campaignId)
}
