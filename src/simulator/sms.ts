import { randomBytes } from 'node:crypto'
import { callFate, type Draws, drawsFor, messageFate, planReceipts, STREAMS } from './fate.ts'
import type { Journal } from './journal.ts'
import { type Orders, readOrders } from './orders.ts'
import type { CallAnswer } from './platform.ts'
import type { Acceptance, WitnessRecord } from './record.ts'
import { openCallbacks, type Post } from './sms-callbacks.ts'

/** One call as it came. */
export type SmsCall = {
  /** The address's path, without its query. */
  readonly path: string
  readonly authorization: string | undefined
  readonly body: string
}

/** The stand-in's SMS side: Twilio's Messages API, and a plain gateway, each under the orders in its address. */
export type SmsPlatform = {
  /** Undefined for a path that is none of its own. */
  handle(call: SmsCall): CallAnswer | undefined
  outboxes(phoneNumberId?: string): { pending: number; dropped: number }
  close(): Promise<void>
}

export type SmsParts = {
  readonly record: WitnessRecord
  readonly journal: Journal
  readonly webhookRetries: {
    readonly retryPauseMs: number
    readonly retryPauseMaxMs: number
    readonly retryForMs: number
  }
}

const TWILIO_PATH =
  /^(?:\/sms\/([A-Za-z0-9_-]{1,16000}))?\/2010-04-01\/Accounts\/(AC[0-9a-fA-F]{32})\/Messages\.json$/
const GATEWAY_PATH = /^\/gateway\/([A-Za-z0-9_-]{1,16000})\/messages$/

export function createSmsPlatform(parts: SmsParts): SmsPlatform {
  const callbacks = openCallbacks(parts.webhookRetries)
  const rateLimited = new Set<string>()
  const world = { ...parts, callbacks, rateLimited }
  return {
    handle(call) {
      const twilio = TWILIO_PATH.exec(call.path)
      if (twilio) return twilioCall(world, call, twilio[2]!, twilio[1])
      const gateway = GATEWAY_PATH.exec(call.path)
      return gateway ? gatewayCall(world, call, gateway[1]!) : undefined
    },
    outboxes: (phoneNumberId) => callbacks.counts(phoneNumberId),
    close: () => callbacks.close(),
  }
}

type World = SmsParts & {
  readonly callbacks: ReturnType<typeof openCallbacks>
  /** Recipients whose last call was refused for its rate, and whose next one passes. */
  readonly rateLimited: Set<string>
}

/** A message that passed the checks, and how its platform speaks of it. */
type Handed = {
  readonly orders: Orders
  readonly phoneNumberId: string
  readonly to: string
  readonly attemptRef: string
  readonly dialect: Dialect
}

/** What differs between the two: answers, ids and callbacks. */
type Dialect = {
  messageId(): string
  accepted(messageId: string): { status: number; body: string }
  refused(code: number): { status: number; body: string }
  post(messageId: string, status: 'sent' | 'delivered' | 'failed', code: number): Post | undefined
}

function handIn(world: World, message: Handed): CallAnswer {
  const { orders, dialect, phoneNumberId } = message
  const draws = drawsFor(orders.seed, message.attemptRef)
  const fate = passesThisTime(world, message.to, callFate(orders, draws))
  const afterMs = orders.latency_ms + (draws(STREAMS.slow) < orders.slow ? orders.slow_ms : 0)
  if (fate === 'rejected' || fate === 'rate_limited' || fate === 'server_error') {
    world.record.refuse(phoneNumberId, fate)
    if (fate === 'server_error') return { kind: 'answer', afterMs, status: 500, body: '{"message":"Oops"}' }
    const code = fate === 'rate_limited' ? 20_429 : smsCode(orders.rejected_code)
    return { kind: 'answer', afterMs, ...dialect.refused(code) }
  }
  const messageId = dialect.messageId()
  accept(world, message, messageId, draws)
  if (fate === 'timeout_after_accept') return { kind: 'silence' }
  if (fate === 'reset_after_accept') return { kind: 'reset' }
  if (fate === 'garbage') return { kind: 'answer', afterMs, status: 200, body: garbage(draws) }
  return { kind: 'answer', afterMs, ...dialect.accepted(messageId) }
}

function passesThisTime({ rateLimited }: World, to: string, fate: ReturnType<typeof callFate>) {
  if (rateLimited.delete(to)) return fate === 'rate_limited' ? 'answered' : fate
  if (fate === 'rate_limited' && rateLimited.size < RATE_LIMITED_MAX) rateLimited.add(to)
  return fate
}

const RATE_LIMITED_MAX = 100_000
const WHATSAPP_DEFAULT_CODE = 131_026
const INVALID_NUMBER = 21_211

/** The orders' default is a code of the other channel. */
function smsCode(code: number): number {
  return code === WHATSAPP_DEFAULT_CODE ? INVALID_NUMBER : code
}

/** Nobody learns whether an SMS was read. */
function accept(world: World, message: Handed, messageId: string, draws: Draws): void {
  const { attemptRef, phoneNumberId, dialect } = message
  const orders = { ...message.orders, read: 0, read_only: 0 }
  const acceptedAtMs = Date.now()
  const fate = messageFate(orders, draws)
  const acceptance: Acceptance = {
    attemptRef,
    to: message.to.replace(/\D/g, ''),
    phoneNumberId,
    acceptedAtMs,
    fate,
  }
  const position = world.record.accept(acceptance)
  world.journal.append(acceptance)
  const generation = world.record.generation()
  for (const planned of planReceipts(orders, fate, draws)) {
    const status = planned.status === 'read' ? 'delivered' : planned.status
    const post = dialect.post(messageId, status, failedCode(orders, draws))
    if (!post) continue
    world.callbacks.add(phoneNumberId, post, planned.postAfterMs, () =>
      world.record.markPosted(position, generation, planned.status),
    )
  }
}

const FAILURES = [30_003, 30_005, 30_007] as const

function failedCode(orders: Orders, draws: Draws): number {
  return orders.failed_code ?? FAILURES[Math.floor(draws(STREAMS.failedCode) * FAILURES.length)]!
}

const GARBAGE = [
  '<html><body>502 Bad Gateway</body></html>',
  '{"sid":',
  '{"sid":42}',
  '[]',
  '',
  '{"status":"queued"}',
]

function garbage(draws: Draws): string {
  return GARBAGE[Math.floor(draws(STREAMS.garbage) * GARBAGE.length)]!
}

function refuse(world: World, phoneNumberId: string, answer: { status: number; body: string }): CallAnswer {
  world.record.refuse(phoneNumberId, 'invalid')
  return { kind: 'answer', afterMs: 0, ...answer }
}

const PHONE = /^\+[1-9]\d{6,14}$/
const BODY_MAX_CHARS = 1_600

function twilioCall(world: World, call: SmsCall, accountSid: string, token: string | undefined): CallAnswer {
  const login = readLogin(call.authorization)
  if (login?.user !== accountSid || login.password === '')
    return refuse(world, accountSid, twilioError(20_003))
  const form = new URLSearchParams(call.body)
  const callback = form.get('StatusCallback') ?? ''
  const orders = token === undefined ? plainOrders(accountSid, login.password) : readOrders(token)
  if (orders === undefined) return refuse(world, accountSid, twilioError(20_404))
  const fault = twilioFault(form, callback)
  if (fault !== undefined) return refuse(world, accountSid, twilioError(fault))
  const to = form.get('To')!
  const from = form.get('From') ?? form.get('MessagingServiceSid')!
  const dialect = twilioDialect({ accountSid, secret: login.password, to, from, callback })
  const attemptRef = callback === '' ? '' : (new URL(callback).searchParams.get('attempt') ?? '')
  return handIn(world, { orders, phoneNumberId: accountSid, to, attemptRef, dialect })
}

/** A sender that gives no orders: all it hands in is delivered. */
function plainOrders(accountSid: string, secret: string): Orders | undefined {
  const orders = { v: 1, phone_number_id: accountSid, webhook_url: 'http://127.0.0.1', app_secret: secret }
  return readOrders(Buffer.from(JSON.stringify(orders)).toString('base64url'))
}

function readLogin(authorization: string | undefined): { user: string; password: string } | undefined {
  if (!authorization?.startsWith('Basic ')) return undefined
  const [user = '', ...password] = Buffer.from(authorization.slice(6), 'base64').toString('utf8').split(':')
  return { user, password: password.join(':') }
}

function twilioFault(form: URLSearchParams, callback: string): number | undefined {
  if (!PHONE.test(form.get('To') ?? '')) return INVALID_NUMBER
  if (!form.get('From') && !form.get('MessagingServiceSid')) return 21_603
  if (!form.get('Body')) return 21_602
  if (form.get('Body')!.length > BODY_MAX_CHARS) return 21_617
  return callback === '' || URL.canParse(callback) ? undefined : 21_609
}

const STATUS_BY_CODE: Readonly<Record<number, number>> = { 20003: 401, 20404: 404, 20429: 429, 14107: 429 }

function twilioError(code: number): { status: number; body: string } {
  const status = STATUS_BY_CODE[code] ?? 400
  const message = 'The stand-in was told to refuse this message'
  return {
    status,
    body: JSON.stringify({ code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status }),
  }
}

type TwilioParts = { accountSid: string; secret: string; to: string; from: string; callback: string }

const TWILIO_WORDS = { sent: 'sent', delivered: 'delivered', failed: 'undelivered' } as const

function twilioDialect({ accountSid, secret, to, from, callback }: TwilioParts): Dialect {
  return {
    messageId: () => `SM${randomBytes(16).toString('hex')}`,
    accepted: (sid) => ({
      status: 201,
      body: JSON.stringify({ sid, account_sid: accountSid, to, from, status: 'queued', error_code: null }),
    }),
    refused: twilioError,
    post(sid, status, code) {
      if (callback === '') return undefined
      const word = TWILIO_WORDS[status]
      const form = new URLSearchParams({
        MessageSid: sid,
        SmsSid: sid,
        MessageStatus: word,
        SmsStatus: word,
        AccountSid: accountSid,
        From: from,
        To: to,
        ApiVersion: '2010-04-01',
        ...(status === 'failed' ? { ErrorCode: String(code) } : {}),
      })
      return { url: callback, form, signed: { scheme: 'twilio', secret } }
    },
  }
}

/** A gateway as many are: JSON in, JSON out, a word for each status, and callbacks that sign their body. */
function gatewayCall(world: World, call: SmsCall, token: string): CallAnswer {
  const orders = readOrders(token)
  const id = orders?.phone_number_id ?? ''
  if (!orders || call.authorization !== `Bearer ${orders.app_secret}`)
    return refuse(world, id, gatewayError(401, 'bad_key'))
  const body = parseObject(call.body)
  const { to, text, callback } = body ?? {}
  if (typeof to !== 'string' || !PHONE.test(to)) return refuse(world, id, gatewayError(400, 'bad_number'))
  if (typeof text !== 'string' || text === '') return refuse(world, id, gatewayError(400, 'no_text'))
  const url = typeof callback === 'string' && URL.canParse(callback) ? callback : undefined
  const attemptRef = url === undefined ? '' : (new URL(url).searchParams.get('attempt') ?? '')
  const dialect = gatewayDialect(orders.app_secret, url)
  return handIn(world, { orders, phoneNumberId: id, to, attemptRef, dialect })
}

function gatewayError(status: number, code: string | number): { status: number; body: string } {
  return { status, body: JSON.stringify({ result: { state: 'REFUSED', code: String(code) } }) }
}

const GATEWAY_WORDS = { sent: 'SUBMITTED', delivered: 'DELIVRD', failed: 'UNDELIV' } as const

function gatewayDialect(secret: string, url: string | undefined): Dialect {
  return {
    messageId: () => `gw-${randomBytes(8).toString('hex')}`,
    accepted: (id) => ({ status: 200, body: JSON.stringify({ result: { state: 'ACCEPTED', ids: [id] } }) }),
    refused: (code) => gatewayError(code === 20_429 ? 429 : 422, code),
    post(id, status, code) {
      if (url === undefined) return undefined
      const json = { id, status: GATEWAY_WORDS[status], ...(status === 'failed' ? { reason: code } : {}) }
      return { url, json, signed: { scheme: 'hmac', secret } }
    },
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
