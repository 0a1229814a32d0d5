import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  deliverNotice,
  gatherNotices,
  type Outlets,
  openPost,
  type Resolve,
} from '../../src/notices/index.ts'
import type { Scope } from '../../src/platform/scope.ts'
import { recordEvent } from '../../src/workspaces/index.ts'
import { type Firm, type Server, startServer } from '../api/client.ts'
import { NOON } from '../api/scratch.ts'

type Heard = { url: string; headers: Record<string, string>; body: string }

const START = NOON.getTime()
let server: Server
let firm: Firm
let neighbour: Firm
let nowMs = START
let answer: number | string = 200
let heard: Heard[] = []
let mails: { to: string; subject: string; text: string }[] = []
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
  neighbour = await server.openFirm()
})
afterAll(() => server.close())

function within<T>(work: (scope: Scope) => Promise<T>, of = firm): Promise<T> {
  const cause = {
    workspaceId: of.workspaceId,
    actor: { name: 'system', role: 'owner' as const },
    requestId: 't',
  }
  return server.scratch.database.within(cause, (scope) => work({ ...scope, now: new Date(nowMs) }))
}

const outlets = (): Outlets => ({
  secrets: server.house.secrets,
  post: async (url, headers, body) => {
    heard.push({ url, headers: { ...headers }, body })
    return typeof answer === 'number' ? { status: answer } : { error: answer }
  },
  mail: async (to, subject, text) => {
    if (answer !== 200) throw new Error('refused')
    mails.push({ to, subject, text })
  },
  within,
})

/** Until the whole trail is read: while any transaction of the whole server is open, some of it has to wait. */
async function gather(of = firm): Promise<void> {
  for (let times = 0; times < 10_000; times++) {
    await within(gatherNotices, of)
    const [left] = await server.scratch.owner.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM notice_cursors c JOIN audit_events a ON a.workspace_id = c.workspace_id
         AND (a.xid, a.id) > (c.xid, c.event_id) WHERE c.workspace_id = ${of.workspaceId}`
    if (left!.n === 0) return
  }
  throw new Error('the trail was never read to its end')
}

/** One round of the worker, for one workspace. */
async function round(): Promise<void> {
  await gather()
  const due = await server.scratch.database.sql<{ workspace_id: string; delivery_id: string }[]>`
    SELECT workspace_id, delivery_id FROM notices_to_deliver(${new Date(nowMs).toISOString()}::timestamptz, 100)`
  for (const { workspace_id, delivery_id } of due)
    if (workspace_id === firm.workspaceId) await deliverNotice(outlets(), delivery_id)
}

async function add(body: object, of = firm) {
  await gather()
  const added = await server.ask('POST', '/v1/notice-endpoints', { key: of.keys.admin, body })
  expect(added.status).toBe(201)
  heard = []
  mails = []
  answer = 200
  return added.body as { id: string; secret: string }
}

const remove = (id: string) => server.ask('DELETE', `/v1/notice-endpoints/${id}`, { key: firm.keys.admin })
const happens = (action: string, subject: string, facts: object = {}, of = firm) =>
  within((scope) => recordEvent(scope, action, subject, { ...facts }), of)
const deliveriesOf = async (id: string) =>
  (await server.ask('GET', `/v1/notice-endpoints/${id}/deliveries`, { key: firm.keys.viewer })).body.data
const endpointOf = async (id: string) =>
  (await server.ask('GET', '/v1/notice-endpoints', { key: firm.keys.viewer })).body.data.find(
    (endpoint: { id: string }) => endpoint.id === id,
  )

/** Verified by another's library, at the moment of the test. */
function verified(secret: string, { headers, body }: Heard): unknown {
  const at = Math.floor(Date.now() / 1_000)
  const age = at - Number(headers['webhook-timestamp'])
  const clock = Date.now
  Date.now = () => clock() - age * 1_000
  try {
    return new Webhook(secret).verify(body, headers)
  } finally {
    Date.now = clock
  }
}

const HOOK = { kind: 'webhook', target: 'https://hooks.example.com/duecast' }

describe('a webhook', () => {
  it('is signed as Standard Webhooks verifies it, and tells what has happened since it was added', async () => {
    await happens('campaign.settled', 'campaign:before')
    const { id, secret } = await add(HOOK)
    await happens('campaign.settled', 'campaign:c1', { charged: '10.00' })
    await happens('contact.changed', 'contact:1')
    await happens('campaign.settled', 'campaign:other', {}, neighbour)
    await round()
    expect(heard.map(({ url }) => url)).toEqual([HOOK.target])
    expect(verified(secret, heard[0]!)).toEqual({
      type: 'campaign.settled',
      timestamp: NOON.toISOString(),
      data: { campaign_id: 'c1', charged: '10.00' },
    })
    expect(() => verified(secret, { ...heard[0]!, body: `${heard[0]!.body} ` })).toThrow()
    expect(() => verified(`whsec_${Buffer.alloc(32).toString('base64')}`, heard[0]!)).toThrow()
    await round()
    expect(heard).toHaveLength(1)
    expect(await deliveriesOf(id)).toMatchObject([{ state: 'delivered', attempts: 1, last_status: 200 }])
    await remove(id)
  })

  it.each([
    ['campaign.submitted', { state: 'pending_approval' }, 'approval.waiting'],
    ['campaign.submitted', { state: 'scheduled' }, undefined],
    ['campaign.paused', { reason: 'stopped' }, 'campaign.paused'],
    ['campaign.waits_for_funds', {}, 'campaign.waiting_for_funds'],
    ['campaign.price_accepted', { state: 'pending_approval' }, 'approval.waiting'],
    ['campaign.approval_lapsed', { approvals: 1 }, 'approval.lapsed'],
    ['invoice.paid', { number: 'INV-1' }, 'invoice.paid'],
    ['invoice.payment_refunded', {}, 'invoice.payment_reversed'],
  ])('%s %o is told as %s', async (action, facts, type) => {
    const { id } = await add(HOOK)
    await happens(action, 'thing:1', facts)
    await round()
    expect(heard.map(({ body }) => JSON.parse(body).type)).toEqual(type === undefined ? [] : [type])
    await remove(id)
  })

  it('is told only what it asked for', async () => {
    const { id } = await add({ ...HOOK, types: ['invoice.paid'] })
    await happens('campaign.settled', 'campaign:c1')
    await happens('invoice.paid', 'invoice:i1')
    await round()
    expect(heard.map(({ body }) => JSON.parse(body).type)).toEqual(['invoice.paid'])
    await remove(id)
  })

  it('is tried again on the schedule, under the same id with a new time, and then given up', async () => {
    const { id, secret } = await add(HOOK)
    await happens('campaign.settled', 'campaign:c1')
    answer = 500
    const waits = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].map((seconds) => seconds * 1_000)
    for (const [n, waitMs] of waits.entries()) {
      if (waitMs > 0) {
        nowMs += waitMs - 1
        await round()
        expect(heard).toHaveLength(n)
        nowMs += 1
      }
      await round()
      expect(heard).toHaveLength(n + 1)
    }
    expect(new Set(heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(heard.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(8)
    for (const one of heard) verified(secret, one)
    const [delivery] = await deliveriesOf(id)
    expect(delivery).toMatchObject({ state: 'failed', attempts: 8, last_status: 500 })
    nowMs += 1_000_000_000
    await round()
    expect(heard).toHaveLength(8)
    answer = 200
    const replay = `/v1/notice-deliveries/${delivery.id}/replay`
    expect((await server.ask('POST', replay, { key: neighbour.keys.owner })).status).toBe(404)
    expect((await server.ask('POST', replay, { key: firm.keys.admin })).status).toBe(202)
    await round()
    expect(heard).toHaveLength(9)
    expect((await deliveriesOf(id))[0]).toMatchObject({ state: 'delivered' })
    await remove(id)
  })

  it('that answers 410 is disabled, and can be enabled again', async () => {
    const { id } = await add(HOOK)
    await happens('campaign.settled', 'campaign:c1')
    answer = 410
    await round()
    expect(await endpointOf(id)).toMatchObject({
      state: 'disabled',
      disabled_reason: expect.stringContaining('410'),
    })
    await happens('campaign.settled', 'campaign:c2')
    answer = 200
    await round()
    expect(heard).toHaveLength(1)
    await server.ask('POST', `/v1/notice-endpoints/${id}/enabling`, { key: firm.keys.admin })
    await happens('campaign.settled', 'campaign:c3')
    await round()
    expect(heard).toHaveLength(2)
    await remove(id)
  })

  it('that takes nothing for five days is disabled', async () => {
    const { id } = await add(HOOK)
    answer = 'The connection failed.'
    for (let day = 0; day <= 5; day++) {
      await happens('campaign.settled', `campaign:${day}`)
      await round()
      expect((await endpointOf(id)).state).toBe(day < 5 ? 'active' : 'disabled')
      nowMs += 24 * 60 * 60 * 1_000
    }
    await remove(id)
  })

  it('bears two signatures for a day after its secret was changed', async () => {
    nowMs = START
    const { id, secret } = await add(HOOK)
    const rotated = await server.ask('POST', `/v1/notice-endpoints/${id}/rotation`, { key: firm.keys.admin })
    expect(rotated.body.secret).not.toBe(secret)
    await server.ask('POST', `/v1/notice-endpoints/${id}/test`, { key: firm.keys.admin })
    nowMs += 60_000
    await round()
    expect(verified(secret, heard[0]!)).toMatchObject({ type: 'ping' })
    verified(rotated.body.secret, heard[0]!)
    nowMs += 2 * 24 * 60 * 60 * 1_000
    await server.ask('POST', `/v1/notice-endpoints/${id}/test`, { key: firm.keys.admin })
    await round()
    verified(rotated.body.secret, heard[1]!)
    expect(() => verified(secret, heard[1]!)).toThrow()
    await remove(id)
  })

  it('is claimed by one worker of many', async () => {
    const { id } = await add(HOOK)
    await happens('campaign.settled', 'campaign:c1')
    await gather()
    const [delivery] = await deliveriesOf(id)
    nowMs = Math.max(nowMs, Date.parse(delivery.try_at))
    const tries = await Promise.all(Array.from({ length: 8 }, () => deliverNotice(outlets(), delivery.id)))
    expect(tries.filter((one) => one === 'delivered')).toHaveLength(1)
    expect(heard).toHaveLength(1)
    await remove(id)
  })
})

describe('a mail', () => {
  it('says the same in words, and is tried again', async () => {
    const { id, secret } = await add({
      kind: 'email',
      target: 'sari@example.com',
      types: ['campaign.waiting_for_funds'],
    })
    expect(secret).toBeNull()
    answer = 500
    await happens('campaign.waits_for_funds', 'campaign:c9', {
      sentence: 'Friday’s run will lack Rp 1,200,000.',
    })
    await round()
    expect(mails).toEqual([])
    answer = 200
    nowMs += 5_000
    await round()
    expect(mails).toHaveLength(1)
    expect(mails[0]).toMatchObject({ to: 'sari@example.com', subject: 'Duecast: A campaign waits for money' })
    expect(mails[0]!.text).toContain('Friday’s run will lack Rp 1,200,000.')
    await remove(id)
  })
})

describe('an address', () => {
  it.each([
    'http://hooks.example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[fd00::1]/',
    'https://10.1.2.3/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.0.1/',
    'https://0.0.0.0/',
    'https://localhost/',
    'https://printer.local/',
    'https://hooks.example.com:22/',
    'https://user:word@hooks.example.com/',
    'https://hooks.example.com/#x',
    'ftp://hooks.example.com/',
    'hooks.example.com',
    '',
  ])('%s is refused', async (target) => {
    const body = { kind: 'webhook', target }
    const added = await server.ask('POST', '/v1/notice-endpoints', { key: firm.keys.admin, body })
    expect(added).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
  })

  it('that was stored all the same is not spoken to', async () => {
    const out = openPost()
    expect(await out.post('https://127.0.0.1:8443/', {}, '{}')).toMatchObject({
      error: expect.stringContaining('public'),
    })
    await out.close()
  })

  it.each([
    [['10.0.0.1']],
    [['93.184.216.34', '127.0.0.1']],
    [['::1']],
    [['::ffff:192.168.0.1']],
    [['64:ff9b::7f00:1']],
    [[]],
  ])('whose name leads to %o is not spoken to', async (addresses) => {
    const resolve: Resolve = (_name, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )
    const out = openPost(resolve)
    expect(await out.post('https://hooks.example.com/', {}, '{}')).toEqual({
      error: 'The name leads to an address that is not public.',
    })
    await out.close()
  })
})
