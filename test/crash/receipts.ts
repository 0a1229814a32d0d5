import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Dice, pick } from './dice.ts'
import type { Stage } from './stage.ts'

/** What the harness posts beside the stand-in: the same receipts again and again, and some that are no receipts. */
export type Stormed = { posted: number; refused: number; forgedButTaken: number }

type Accepted = { attemptRef: string; to: string; fate: string; acceptedAtMs: number }

const SAMPLE = 15
const COPIES = 10
const POSTS_AT_ONCE = 32

/**
 * Posts receipts that the platform has really given ten times over in a random order, signed as the platform signs;
 * and says of failed messages that they were delivered, with a wrong signature, a short one and none.
 */
export async function storm(stage: Stage, dice: Dice): Promise<Stormed> {
  const accepted = readAccepted(stage.recordFile)
  if (accepted.length === 0) return { posted: 0, refused: 0, forgedButTaken: 0 }
  const sample = Array.from({ length: SAMPLE }, () => pick(dice, accepted))
  const genuine = sample.flatMap((message) => statusesOf(message).map((status) => ({ message, status })))
  const copies = shuffled(dice, Array.from({ length: COPIES }, () => genuine).flat())
  const stormed = { posted: 0, refused: 0, forgedButTaken: 0 }
  await untilServerAnswers(stage)
  const next = copies.values()
  const postAll = async () => {
    for (const { message, status } of next) {
      const answered = await post(stage, webhook(stage, message, status), stage.appSecret)
      if (answered === 200) stormed.posted += 1
      else stormed.refused += 1
    }
  }
  await Promise.all(Array.from({ length: POSTS_AT_ONCE }, postAll))
  for (const message of sample.filter(({ fate }) => fate === 'failed' || fate === 'undelivered')) {
    for (const secret of ['not the secret', undefined]) {
      const answered = await post(stage, webhook(stage, message, 'delivered'), secret)
      if (answered === 200) stormed.forgedButTaken += 1
    }
  }
  return stormed
}

const ANSWERS_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 100

/** A server that was just killed is still starting: receipts that nobody hears prove nothing. */
async function untilServerAnswers({ serverUrl }: Stage): Promise<void> {
  const until = performance.now() + ANSWERS_WITHIN_MS
  while (performance.now() < until) {
    const isUp = await fetch(`${serverUrl}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (isUp) return
    await sleep(LOOK_AGAIN_MS)
  }
  throw new Error('the server does not come back')
}

/** Says long after the settlement that messages were delivered which had been given up. Returns their numbers. */
export async function deliverLate(stage: Stage): Promise<Set<bigint>> {
  await untilServerAnswers(stage)
  const givenUp = await stage.within(
    ({ sql, workspaceId }) => sql<{ id: bigint }[]>`
      SELECT id FROM messages WHERE workspace_id = ${workspaceId} AND campaign_id = ${stage.campaignId}
         AND state = 'expired' AND sent_at IS NOT NULL ORDER BY id LIMIT 20`,
  )
  const late = new Set(givenUp.map(({ id }) => id))
  const messages = readAccepted(stage.recordFile).filter(({ attemptRef }) =>
    late.has(BigInt(attemptRef.split('.')[1]!)),
  )
  const told = new Set<bigint>()
  for (const message of messages) {
    if ((await post(stage, webhook(stage, message, 'delivered'), stage.appSecret)) === 200)
      told.add(BigInt(message.attemptRef.split('.')[1]!))
  }
  return told
}

function readAccepted(recordFile: string): Accepted[] {
  return readFileSync(recordFile, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Accepted]
      } catch {
        return []
      }
    })
}

const STATUSES: Readonly<Record<string, readonly string[]>> = {
  delivered: ['sent', 'delivered'],
  read: ['sent', 'delivered', 'read'],
  read_only: ['sent', 'read'],
  failed: ['failed'],
}

function statusesOf({ fate }: Accepted): readonly string[] {
  return STATUSES[fate] ?? ['sent']
}

/** Bears the attempt's name and no id of the platform's: a receipt must find its message by either. */
function webhook(stage: Stage, { attemptRef, to, acceptedAtMs }: Accepted, status: string): string {
  const update = {
    id: `wamid.again.${attemptRef}`,
    status,
    timestamp: String(Math.floor(acceptedAtMs / 1000)),
    recipient_id: to,
    biz_opaque_callback_data: attemptRef,
    ...(status === 'failed' && { errors: [{ code: 131026, title: 'Message undeliverable' }] }),
  }
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: stage.phoneNumberId },
    statuses: [update],
    // Another body each time, or the server would know it for the same post and not look at it at all.
    nonce: Math.random(),
  }
  return JSON.stringify({
    object: 'whatsapp_business_account',
    entry: [{ id: '1', changes: [{ value, field: 'messages' }] }],
  })
}

/** The status of the answer, 0 where there was none. */
async function post(stage: Stage, body: string, secret: string | undefined): Promise<number> {
  const signature =
    secret === undefined ? undefined : `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  try {
    const response = await fetch(`${stage.serverUrl}/webhooks/whatsapp/${stage.senderId}`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signature && { 'x-hub-signature-256': signature }),
      },
      body,
    })
    await response.arrayBuffer()
    return response.status
  } catch {
    return 0
  }
}

function shuffled<T>(dice: Dice, items: readonly T[]): T[] {
  const all = [...items]
  for (let index = all.length - 1; index > 0; index--) {
    const other = Math.floor(dice() * (index + 1))
    ;[all[index], all[other]] = [all[other]!, all[index]!]
  }
  return all
}
