import { createHmac, randomBytes } from 'node:crypto'
import { request } from 'undici'
import { readTier } from '../../notice.ts'
import type { CheckItem, SenderReport } from '../../provider.ts'
import { callGraph, readAtMost, timeouts } from './graph-call.ts'
import {
  ACCOUNT_FIELDS,
  judgeAccount,
  judgeAppSecret,
  judgeClock,
  judgeHandshake,
  judgeLimits,
  judgePhone,
  judgeSubscription,
  judgeTemplates,
  judgeToken,
  PHONE_FIELDS,
  type Told,
  toldBy,
} from './health.ts'
import { isRecord, readId, readText } from './shapes.ts'

/** Where and as whom the platform is asked, and what is expected there. */
export type CheckedSender = {
  readonly baseUrl: string
  readonly version: string
  readonly phoneNumberId: string
  readonly accountId: string
  readonly accessToken: string
  readonly appSecret: string
  readonly verifyToken: string
  readonly webhookUrl: string
  /** The platform itself posts to https alone; the stand-in does not mind. */
  readonly mustBeHttps: boolean
  readonly messagesPerSecond: number
}

const ANSWER_MS = 10_000
const ANSWER_MAX_BYTES = 2 * 1_024 * 1_024

/** Asks the platform about everything that sending needs, a few calls at a time, each once. Never throws. */
export async function checkSender(sender: CheckedSender, now: () => Date): Promise<SenderReport> {
  const clock: { platform: Date | undefined; here: Date } = { platform: undefined, here: now() }
  const ask = asker(sender, (date) => {
    clock.platform ??= date
    clock.here = now()
  })
  const proof = createHmac('sha256', sender.appSecret).update(sender.accessToken).digest('hex')
  const [token, phone, account] = await Promise.all([
    ask('debug_token', { input_token: sender.accessToken }),
    ask(sender.phoneNumberId, { fields: PHONE_FIELDS }),
    ask(sender.accountId, { fields: ACCOUNT_FIELDS }),
  ])
  if ('silent' in token && 'silent' in phone && 'silent' in account) {
    const handshake = await shakeHands(sender)
    return { items: [...judgeToken(token, now()), ...handshake], facts: {} }
  }
  const [numbers, apps, templates, signed, handshake] = await Promise.all([
    ask(`${sender.accountId}/phone_numbers`, { fields: 'id', limit: '100' }),
    ask(`${sender.accountId}/subscribed_apps`, {}),
    ask(`${sender.accountId}/message_templates`, { fields: 'name,status', limit: '100' }),
    ask(sender.phoneNumberId, { fields: 'id', appsecret_proof: proof }),
    shakeHands(sender),
  ])
  const facts = factsOf(phone, account)
  const limits = {
    tier: facts.tier?.tier ?? null,
    dailyLimit: facts.tier?.limit ?? null,
    level: levelOf(phone),
  }
  return {
    items: [
      ...judgeToken(token, now()),
      ...judgePhone(phone),
      ...judgeLimits(limits, sender.messagesPerSecond),
      ...judgeAccount(account, numbers, sender.phoneNumberId),
      ...judgeSubscription(apps, sender.webhookUrl),
      ...handshake,
      ...judgeAppSecret(signed),
      ...judgeTemplates(templates),
      ...judgeClock(clock.platform, clock.here),
    ],
    facts,
  }
}

function factsOf(phone: Told, account: Told): SenderReport['facts'] {
  const tier = 'body' in phone ? readTier(phone.body.whatsapp_business_manager_messaging_limit) : undefined
  const owner =
    'body' in account && isRecord(account.body.owner_business_info) ? account.body.owner_business_info : {}
  const portfolioId = readId(owner.id, 128)
  return { ...(tier && { tier }), ...(portfolioId !== undefined && { portfolioId }) }
}

function levelOf(phone: Told): string | null {
  const throughput = 'body' in phone && isRecord(phone.body.throughput) ? phone.body.throughput : {}
  return readText(throughput.level, 40) ?? null
}

type Ask = (path: string, query: Readonly<Record<string, string>>) => Promise<Told>

function asker(sender: CheckedSender, onDate: (date: Date) => void): Ask {
  return async (path, query) => {
    const limits = { answerMs: ANSWER_MS, maxBytes: ANSWER_MAX_BYTES }
    const answer = await callGraph(sender, { method: 'GET', path, query }, limits)
    if ('failure' in answer) return { silent: answer.failure ?? 'no answer' }
    if (answer.at) onDate(answer.at)
    return toldBy(answer.body, answer.status)
  }
}

/** Asks this server's own address, as the platform does when a webhook is subscribed. */
async function shakeHands({ webhookUrl, verifyToken, mustBeHttps }: CheckedSender): Promise<CheckItem[]> {
  const challenge = randomBytes(8).readBigUInt64BE().toString()
  try {
    const url = new URL(webhookUrl)
    url.searchParams.set('hub.mode', 'subscribe')
    url.searchParams.set('hub.verify_token', verifyToken)
    url.searchParams.set('hub.challenge', challenge)
    const response = await request(url, timeouts(ANSWER_MS))
    const text = await readAtMost(response.body, 4_096)
    return judgeHandshake(webhookUrl, response.statusCode === 200 && text === challenge, mustBeHttps)
  } catch (error) {
    return judgeHandshake(webhookUrl, (error as { code?: string }).code ?? 'no answer', mustBeHttps)
  }
}
