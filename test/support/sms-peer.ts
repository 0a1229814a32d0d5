import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A Messages API of its own, written from Twilio's public description alone: it shares no line with the program or with
 * the stand-in, so that an error that both would make alike is seen here.
 */
export type SmsPeer = {
  readonly url: string
  readonly accountSid: string
  readonly authToken: string
  /** Every message that was taken, in order. */
  readonly taken: readonly TakenMessage[]
  /** What was wrong with calls, in words; empty where every call was as described. */
  readonly faults: readonly string[]
  /** HTTP statuses that callbacks were answered with. */
  readonly answers: readonly number[]
  /** Posts one callback of a message, signed with the account's token or another one. */
  post(message: TakenMessage, status: string, more?: Record<string, string>, token?: string): Promise<number>
  close(): Promise<void>
}

export type TakenMessage = { readonly sid: string; readonly to: string; readonly form: URLSearchParams }

/** What the peer does with a message: how the call ends, and which callbacks follow. */
export type Plan = {
  readonly refuse?: { readonly status: number; readonly code: number; readonly once?: boolean }
  /** After the message was taken: the answer is cut off, or is a server error. */
  readonly answer?: 'reset' | 'unavailable'
  readonly callbacks?: readonly (readonly [status: string, errorCode?: string])[]
}

/** Opens the peer. `planOf` says by the recipient what is to become of a message; two callbacks that are equal are repeats. */
export async function openSmsPeer(planOf: (to: string) => Plan): Promise<SmsPeer> {
  const accountSid = `AC${randomBytes(16).toString('hex')}`
  const authToken = randomBytes(16).toString('hex')
  const taken: TakenMessage[] = []
  const faults: string[] = []
  const answers: number[] = []
  const refusedOnce = new Set<string>()
  const posting: Promise<unknown>[] = []

  const post: SmsPeer['post'] = async (message, status, more = {}, token = authToken) => {
    const url = message.form.get('StatusCallback')!
    const fields: Record<string, string> = {
      SmsSid: message.sid,
      SmsStatus: status,
      MessageStatus: status,
      To: message.to,
      MessageSid: message.sid,
      AccountSid: accountSid,
      From: message.form.get('From') ?? '',
      ApiVersion: '2010-04-01',
      ...more,
    }
    const names = Object.keys(fields).sort()
    const text = names.reduce((sum, name) => sum + name + fields[name], url)
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded; charset=UTF-8',
        'user-agent': 'TwilioProxy/1.1',
        'i-twilio-idempotency-token': randomBytes(16).toString('hex'),
        'x-twilio-signature': createHmac('sha1', token).update(Buffer.from(text, 'utf8')).digest('base64'),
      },
      body: new URLSearchParams(fields).toString(),
    })
    await response.arrayBuffer()
    answers.push(response.status)
    return response.status
  }

  const take = (request: IncomingMessage, response: ServerResponse, body: string) => {
    const fault = faultOf(request, body, { accountSid, authToken })
    if (fault) {
      faults.push(fault.says)
      return refuse(response, fault.status, fault.code, fault.says)
    }
    const form = new URLSearchParams(body)
    const to = form.get('To')!
    const plan = planOf(to)
    if (plan.refuse && !(plan.refuse.once && refusedOnce.has(to))) {
      refusedOnce.add(to)
      return refuse(response, plan.refuse.status, plan.refuse.code, 'Refused as it was planned.')
    }
    const message = { sid: `SM${randomBytes(16).toString('hex')}`, to, form }
    taken.push(message)
    posting.push(report(message, plan))
    if (plan.answer === 'reset') return request.socket.destroy()
    if (plan.answer === 'unavailable') return refuse(response, 503, 20_503, 'Service unavailable')
    sendJson(response, 201, resource(accountSid, message))
  }
  const report = async (message: TakenMessage, { callbacks = [] }: Plan) => {
    for (const [status, code] of callbacks)
      await post(message, status, code === undefined ? {} : { ErrorCode: code })
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => take(request, response, Buffer.concat(chunks).toString('utf8')))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    accountSid,
    authToken,
    taken,
    faults,
    answers,
    post,
    close: () => close(server, posting),
  }
}

async function close(server: Server, posting: readonly Promise<unknown>[]): Promise<void> {
  await Promise.allSettled(posting)
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}

type Fault = { readonly status: number; readonly code: number; readonly says: string }

/** The description's own rules for `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`. */
function faultOf(
  { method, url, headers }: IncomingMessage,
  body: string,
  account: { readonly accountSid: string; readonly authToken: string },
): Fault | undefined {
  const login = `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')}`
  if (headers.authorization !== login) return { status: 401, code: 20_003, says: 'Authenticate' }
  if (method !== 'POST' || url !== `/2010-04-01/Accounts/${account.accountSid}/Messages.json`)
    return { status: 404, code: 20_404, says: `${method} ${url} was not found` }
  if (!headers['content-type']?.startsWith('application/x-www-form-urlencoded'))
    return { status: 415, code: 20_415, says: 'The body is not a form' }
  const form = new URLSearchParams(body)
  for (const name of form.keys()) {
    if (!TAKEN_FIELDS.has(name) || form.getAll(name).length > 1)
      return { status: 400, code: 20_001, says: `${name} is not taken, or given twice` }
  }
  if (!/^\+[1-9]\d{6,14}$/.test(form.get('To') ?? ''))
    return { status: 400, code: 21_211, says: `To is no number: ${form.get('To')}` }
  if (form.has('From') === form.has('MessagingServiceSid'))
    return { status: 400, code: 21_603, says: 'Either From or MessagingServiceSid' }
  const text = form.get('Body') ?? ''
  if (text === '') return { status: 400, code: 21_602, says: 'Body is required' }
  if ([...text].length > 1_600) return { status: 400, code: 21_617, says: 'Body is longer than 1600' }
  if (!URL.canParse(form.get('StatusCallback') ?? ''))
    return { status: 400, code: 21_609, says: 'StatusCallback is no address' }
  return undefined
}

const TAKEN_FIELDS: ReadonlySet<string> = new Set([
  'To',
  'From',
  'MessagingServiceSid',
  'Body',
  'StatusCallback',
  'ValidityPeriod',
])

function resource(accountSid: string, { sid, to, form }: TakenMessage): object {
  const uri = `/2010-04-01/Accounts/${accountSid}/Messages/${sid}`
  return {
    account_sid: accountSid,
    api_version: '2010-04-01',
    body: form.get('Body'),
    date_created: 'Mon, 23 Nov 2026 02:00:00 +0000',
    date_sent: null,
    date_updated: 'Mon, 23 Nov 2026 02:00:00 +0000',
    direction: 'outbound-api',
    error_code: null,
    error_message: null,
    from: form.get('From'),
    messaging_service_sid: form.get('MessagingServiceSid'),
    num_media: '0',
    num_segments: '1',
    price: null,
    price_unit: 'USD',
    sid,
    status: 'queued',
    subresource_uris: { media: `${uri}/Media.json` },
    to,
    uri: `${uri}.json`,
  }
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  sendJson(response, status, {
    code,
    message,
    more_info: `https://www.twilio.com/docs/errors/${code}`,
    status,
  })
}

function sendJson(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json;charset=utf-8' })
  response.end(JSON.stringify(value))
}
