import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
  type WitnessPage,
  type WitnessSummary,
} from '../../src/simulator/index.ts'
import { openReceiver, type Receiver } from '../providers/receiver.ts'

const NUMBER = '106540352242922'
let receiver: Receiver
let simulator: Simulator
let folder: string

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'simulator-'))
  receiver = await openReceiver()
  simulator = await start()
})
afterEach(async () => {
  await simulator.close()
  await receiver.close()
  rmSync(folder, { recursive: true })
})

const start = (options: SimulatorOptions = {}) =>
  startSimulator({ webhookRetries: { retryPauseMs: 5, retryPauseMaxMs: 20 }, ...options })

const token = (orders: object = {}) =>
  Buffer.from(
    JSON.stringify({
      v: 1,
      phone_number_id: NUMBER,
      webhook_url: receiver.url,
      app_secret: 'secret',
      ...orders,
    }),
  ).toString('base64url')

const message = (attemptRef: string, to = '+6281234567890') => ({
  messaging_product: 'whatsapp',
  recipient_type: 'individual',
  to,
  biz_opaque_callback_data: attemptRef,
  type: 'template',
  template: {
    name: 'payment_due',
    language: { code: 'en' },
    components: [{ type: 'body', parameters: [{ type: 'text', parameter_name: 'name', text: 'Siti' }] }],
  },
})

async function post(
  body: unknown,
  { orders = {}, number = NUMBER, bearer = token(orders), url = simulator.url } = {},
) {
  const response = await fetch(`${url}/v26.0/${number}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

async function witness<Answer>(path: string, url = simulator.url): Promise<Answer> {
  return (await (await fetch(`${url}/witness/${path}`)).json()) as Answer
}
const summary = (query = '') => witness<WitnessSummary & { pending_receipts: number }>(`summary${query}`)
const messages = (query = '') => witness<WitnessPage>(`messages${query}`)

const statusesIn = (posts: Receiver['posts']) =>
  posts.flatMap(
    ({ rawBody }) =>
      JSON.parse(rawBody.toString()).entry[0].changes[0].value.statuses as { id: string; status: string }[],
  )

describe('the stand-in speaks as the Cloud API', () => {
  it('accepts a message and names it', async () => {
    const answer = await post(message('attempt-1'))
    expect(answer).toEqual({
      status: 200,
      body: {
        messaging_product: 'whatsapp',
        contacts: [{ input: '+6281234567890', wa_id: '6281234567890' }],
        messages: [{ id: expect.stringMatching(/^wamid\./), message_status: 'accepted' }],
      },
    })
  })

  it('posts receipts in the shape of the platform’s', async () => {
    await post(message('attempt-1'), { orders: { read: 0 } })
    await receiver.until((posts) => statusesIn([...posts]).length === 2)
    const body = JSON.parse(receiver.posts[0]!.rawBody.toString())
    expect(body).toMatchObject({
      object: 'whatsapp_business_account',
      entry: [{ changes: [{ field: 'messages', value: { metadata: { phone_number_id: NUMBER } } }] }],
    })
    expect(statusesIn(receiver.posts)[0]).toEqual({
      id: expect.stringMatching(/^wamid\./),
      status: 'sent',
      timestamp: expect.stringMatching(/^\d{10}$/),
      recipient_id: '6281234567890',
      biz_opaque_callback_data: 'attempt-1',
      pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' },
    })
  })

  const template = message('a').template
  const component = (parameter: object) => ({
    ...template,
    components: [{ type: 'body', parameters: [parameter] }],
  })
  it.each([
    ['no JSON', '{"messaging_product"', 100],
    ['a list', [], 100],
    ['another product', { ...message('a'), messaging_product: 'sms' }, 100],
    ['no recipient', { ...message('a'), to: undefined }, 100],
    ['a recipient in words', { ...message('a'), to: 'Siti' }, 131009],
    ['a group', { ...message('a'), recipient_type: 'group' }, 131009],
    ['free text outside the window', { ...message('a'), type: 'text', text: { body: 'hi' } }, 131047],
    ['a type never heard of', { ...message('a'), type: 'hologram' }, 131051],
    ['no template', { ...message('a'), template: undefined }, 131008],
    ['a template without a name', { ...message('a'), template: { language: { code: 'en' } } }, 131008],
    ['a template without a language', { ...message('a'), template: { name: 'x' } }, 131008],
    ['components that are no list', { ...message('a'), template: { ...template, components: {} } }, 131009],
    ['a component of no type', { ...message('a'), template: { ...template, components: [{}] } }, 131009],
    ['a parameter without a text', { ...message('a'), template: component({ type: 'text' }) }, 131008],
    ['an empty parameter', { ...message('a'), template: component({ type: 'text', text: '' }) }, 131008],
    ['a line break', { ...message('a'), template: component({ type: 'text', text: 'a\nb' }) }, 132018],
    [
      'a long parameter',
      { ...message('a'), template: component({ type: 'text', text: 'x'.repeat(2_000) }) },
      132005,
    ],
    ['a long reference', message('x'.repeat(513)), 131009],
  ])('refuses %s', async (_name, body, code) => {
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(answer.body.error).toMatchObject({ code, message: expect.any(String), type: expect.any(String) })
    expect(await summary()).toMatchObject({ accepted: 0, refused: { invalid: 1 } })
  })

  it.each([
    ['no token', ''],
    ['a token that is no JSON', 'EAAGm0PX4ZCpsBA'],
    ['a token with a share beyond 1', strangeToken({ failed: 2 })],
    ['a token without a webhook', strangeToken({ webhook_url: undefined })],
    ['a token with a webhook that is a file', strangeToken({ webhook_url: 'file:///etc/passwd' })],
  ])('does not know %s', async (_name, bearer) => {
    const answer = await post(message('a'), { bearer })
    expect(answer.status).toBe(401)
    expect(answer.body.error).toMatchObject({ code: 190, type: 'OAuthException' })
  })

  function strangeToken(orders: object): string {
    const whole = {
      v: 1,
      phone_number_id: NUMBER,
      webhook_url: 'http://127.0.0.1:9/',
      app_secret: 's',
      ...orders,
    }
    return Buffer.from(JSON.stringify(whole)).toString('base64url')
  }

  it('does not know a number that is not the token’s', async () => {
    const answer = await post(message('a'), { number: '999' })
    expect(answer.body.error).toMatchObject({ code: 100, error_subcode: 33 })
  })

  it('refuses a body longer than the limit', async () => {
    const body = 'x'.repeat(100_000)
    const response = await fetch(`${simulator.url}/v26.0/${NUMBER}/messages`, { method: 'POST', body })
    expect(response.status).toBe(413)
  })

  it.each([
    ['GET', `/v26.0/${NUMBER}/messages`],
    ['POST', '/v26.0/messages'],
    ['GET', '//'],
    ['PUT', '/witness'],
  ])('has nothing at %s %s', async (method, path) => {
    expect((await fetch(`${simulator.url}${path}`, { method })).status).toBe(404)
  })

  it('says that it is well', async () => {
    expect(await (await fetch(`${simulator.url}/healthz`)).json()).toEqual({ status: 'ok' })
  })
})

describe('the stand-in bears witness', () => {
  it('tells of every attempt how often it was accepted, and of every recipient too', async () => {
    const orders = { failed: 0, read: 0 }
    await post(message('attempt-1', '+628111'), { orders })
    await post(message('attempt-1', '+628111'), { orders })
    await post(message('attempt-2', '+628111'), { orders })
    await post(message('attempt-3', '+628222'), { orders })
    expect(await summary()).toMatchObject({
      accepted: 4,
      distinct: 3,
      accepted_twice: 1,
      recipients: 2,
      recipients_twice: 1,
      delivered: 3,
    })
    const { data } = await messages('?attempt_ref=attempt-1')
    expect(data).toMatchObject([{ attempt_ref: 'attempt-1', to: '+628111', accepted: 2, fate: 'delivered' }])
  })

  it('counts what was posted once it was taken, and nothing is left pending', async () => {
    await post(message('attempt-1'), { orders: { read: 1 } })
    await receiver.until((posts) => statusesIn([...posts]).length === 3)
    await expect
      .poll(summary)
      .toMatchObject({ posted: { sent: 1, delivered: 1, read: 1, failed: 0 }, pending_receipts: 0 })
    expect((await messages()).data[0]!.posted).toEqual(['sent', 'delivered', 'read'])
  })

  it('keeps senders apart', async () => {
    await post(message('attempt-1'))
    await post(message('attempt-1'), { number: '2', orders: { phone_number_id: '2' } })
    expect(await summary()).toMatchObject({ accepted: 2, distinct: 2, accepted_twice: 0 })
    expect(await summary(`?phone_number_id=${NUMBER}`)).toMatchObject({ accepted: 1 })
    expect(await summary('?phone_number_id=3')).toMatchObject({ accepted: 0, delivered: 0 })
    expect((await messages('?phone_number_id=2')).data).toHaveLength(1)
  })

  it('is read page by page', async () => {
    for (const n of [1, 2, 3, 4, 5]) await post(message(`attempt-${n}`))
    const first = await messages('?limit=2')
    expect(first.data.map((seen) => seen.attempt_ref)).toEqual(['attempt-1', 'attempt-2'])
    const second = await messages(`?limit=2&cursor=${first.next_cursor}`)
    const third = await messages(`?limit=2&cursor=${second.next_cursor}`)
    expect(third).toMatchObject({ data: [{ attempt_ref: 'attempt-5' }], next_cursor: null })
  })

  it('forgets on demand', async () => {
    await post(message('attempt-1'))
    await fetch(`${simulator.url}/witness`, { method: 'DELETE' })
    expect(await summary()).toMatchObject({ accepted: 0, posted: { sent: 0 } })
    await post(message('attempt-1'))
    expect(await summary()).toMatchObject({ accepted: 1, accepted_twice: 0 })
  })

  it('remembers a former run from its file, up to a line that was cut off', async () => {
    const recordFile = join(folder, 'record.jsonl')
    const before = await start({ recordFile })
    await post(message('attempt-1'), { url: before.url })
    await post(message('attempt-2'), { url: before.url })
    await before.close()
    appendFileSync(recordFile, '{"attemptRef":"attempt-3","to"')
    const after = await start({ recordFile })
    await post(message('attempt-2'), { url: after.url })
    expect(await witness('summary', after.url)).toMatchObject({ accepted: 3, distinct: 2, accepted_twice: 1 })
    await after.close()
  })
})

describe('the stand-in posts webhooks', () => {
  it('tries again until they are taken with a 200, and loses none', async () => {
    receiver.answerNext(500, 401, 302, 503)
    await Promise.all([1, 2, 3, 4, 5].map((n) => post(message(`attempt-${n}`), { orders: { read: 1 } })))
    await receiver.until((posts) => statusesIn([...posts]).length === 15)
    await expect
      .poll(summary)
      .toMatchObject({ pending_receipts: 0, dropped_receipts: 0, posted: { read: 5 } })
  })

  it('gives up in the end, and says how many receipts nobody took', async () => {
    await simulator.close()
    simulator = await start({ webhookRetries: { retryPauseMs: 2, retryPauseMaxMs: 4, retryForMs: 30 } })
    await post(message('attempt-1'), { orders: { read: 1, webhook_url: 'http://127.0.0.1:9/nobody' } })
    await expect
      .poll(summary)
      .toMatchObject({ pending_receipts: 0, dropped_receipts: 3, posted: { sent: 0 } })
  })

  it('puts many receipts into one post, never more than a thousand', async () => {
    const bearer = token({ read: 1 })
    await Promise.all(Array.from({ length: 600 }, (_, n) => post(message(`attempt-${n}`), { bearer })))
    await receiver.until((posts) => statusesIn([...posts]).length === 1_800)
    const sizes = receiver.posts.map((received) => statusesIn([received]).length)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(1_000)
    expect(sizes.length).toBeLessThan(600)
  })
})

describe('the stand-in as a process', () => {
  const main = fileURLToPath(new URL('../../src/simulator/main.ts', import.meta.url))
  const run = (...args: string[]) =>
    spawn(process.execPath, ['--import', 'tsx', main, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })

  async function urlOf(child: ChildProcess): Promise<string> {
    const [line] = (await once(child.stdout!, 'data')) as [Buffer]
    return (JSON.parse(line.toString()) as { url: string }).url
  }

  it('says where it listens, records on disk, and stops on SIGTERM', async () => {
    const recordFile = join(folder, 'record.jsonl')
    const child = run('--record', recordFile)
    const url = await urlOf(child)
    await post(message('attempt-1'), { url })
    child.kill('SIGTERM')
    expect((await once(child, 'exit'))[0]).toBe(0)
    const next = run('--record', recordFile)
    expect(await witness('summary', await urlOf(next))).toMatchObject({ accepted: 1 })
    next.kill('SIGKILL')
    await once(next, 'exit')
  })
})

describe('the stand-in knows the templates that were submitted to it', () => {
  const REVIEWED = { template_review: true }
  const accountId = () => {
    const digest = createHash('sha256').update(NUMBER).digest()
    return (digest.readUIntBE(0, 6) + 100_000_000_000_000).toString()
  }
  const submit = (orders: object) =>
    fetch(`${simulator.url}/v26.0/${accountId()}/message_templates`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token(orders)}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'payment_due',
        language: 'en',
        category: 'MARKETING',
        parameter_format: 'NAMED',
        components: [{ type: 'BODY', text: 'Your invoice is due, dear customer.' }],
      }),
    })
  const order = (event: string) =>
    fetch(`${simulator.url}/orders/templates`, {
      method: 'POST',
      body: JSON.stringify({ business_account_id: accountId(), name: 'payment_due', language: 'en', event }),
    })
  const codeOf = async (ref: string) =>
    ((await post(message(ref), { orders: REVIEWED })).body.error as { code: number } | undefined)?.code

  it('and where it reviews them, sends none but those that are approved', async () => {
    expect(await codeOf('attempt-1')).toBe(132_001)
    expect((await submit(REVIEWED)).status).toBe(200)
    expect(await codeOf('attempt-2')).toBe(132_001)
    for (const [event, code] of [
      ['APPROVED', undefined],
      ['PAUSED', 132_015],
      ['DISABLED', 132_016],
    ] as const) {
      expect((await order(event)).status).toBe(200)
      expect(await codeOf(`attempt-${event}`), event).toBe(code)
    }
    expect(await summary()).toMatchObject({ accepted: 1, refused: { invalid: 4 } })
  })

  it('and says by their category what it charges, unless it is told another', async () => {
    const pricedAs = async (orders: object) => {
      const before = receiver.posts.length
      await post(message(`attempt-${before}`), { orders })
      await receiver.until((posts) => posts.length > before)
      const [status] = statusesIn(receiver.posts.slice(before)) as unknown as { pricing: object }[]
      return status!.pricing
    }
    const quick = { delivered: 0 }
    expect(await pricedAs(quick)).toMatchObject({ category: 'utility', type: 'regular', billable: true })
    expect((await submit({})).status).toBe(200)
    expect(await pricedAs(quick)).toMatchObject({ category: 'marketing' })
    expect(await pricedAs({ ...quick, priced_as: 'service', free: 1 })).toEqual({
      billable: false,
      pricing_model: 'PMP',
      type: 'free_entry_point',
      category: 'service',
    })
  })
})
