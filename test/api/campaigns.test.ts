import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { draft, type Stage, setStage } from './cast.ts'
import { type Server, startServer } from './client.ts'

let server: Server
let stage: Stage
const nudges: unknown[] = []
beforeAll(async () => {
  server = await startServer({ house: { nudge: (...nudge) => void nudges.push(nudge) } })
  stage = await setStage(server)
})
afterAll(() => server.close())

const idr = (amount: string) => ({ amount, currency: 'IDR' })
const at = (id: string, part: string) => `/v1/campaigns/${id}/${part}`

async function quoted(changes: object = {}, by = stage) {
  const campaign = await draft(server, by, changes)
  const quote = await server.ask('POST', at(campaign.id, 'quote'), { key: by.keys.marketer })
  return { id: campaign.id as string, quote }
}

async function submitted(by = stage) {
  const { id, quote } = await quoted({}, by)
  const body = { quote_id: quote.body.id }
  return { id, answer: await server.ask('POST', at(id, 'submission'), { key: by.keys.marketer, body }) }
}

describe('a draft', () => {
  test('is shown as it was asked for, with nothing counted and nothing held', async () => {
    const schedule = {
      at: '2026-12-01T09:00',
      time_zone: 'recipient',
      window: { from: '08:00', to: '20:00', days: [1, 2, 3, 4, 5, 6] },
      send_before: '2026-12-02T00:00:00+07:00',
    }
    const made = await draft(server, stage, { schedule, insufficient_funds: 'wait' })
    expect(made).toMatchObject({
      state: 'draft',
      schedule,
      insufficient_funds: 'wait',
      quote_id: null,
      eta: null,
    })
    expect(made.counts).toMatchObject({ total: 0, queued: 0, uncertain: 0 })
    expect(made.money.held).toEqual(idr('0.00'))
    const { body } = await server.ask('GET', `/v1/campaigns/${made.id}`, { key: stage.keys.viewer })
    expect(body).toEqual(made)
  })

  test('is changed before it is submitted, and its quote with it', async () => {
    const { id, quote } = await quoted()
    const body = { name: 'January', schedule: { now: true } }
    const changed = await server.ask('PATCH', `/v1/campaigns/${id}`, { key: stage.keys.marketer, body })
    expect(changed.body).toMatchObject({
      name: 'January',
      state: 'draft',
      schedule: { now: true },
      quote_id: null,
    })
    const late = await server.ask('POST', at(id, 'submission'), {
      key: stage.keys.marketer,
      body: { quote_id: quote.body.id },
    })
    expect(late.status).toBe(409)
  })

  test.each([
    [{ schedule: { at: '2026-12-01T09:00:00Z', time_zone: 'UTC' } }, 'schedule.at'],
    [{ schedule: { at: '2026-02-30T09:00:00', time_zone: 'UTC' } }, 'schedule.at'],
    [{ schedule: { at: '2026-12-01T24:00:00', time_zone: 'UTC' } }, 'schedule.at'],
    [{ schedule: { at: '2020-12-01T09:00:00', time_zone: 'UTC' } }, 'schedule.at'],
    [{ schedule: { at: '2026-12-01T09:00:00', time_zone: 'Mars/Base' } }, 'schedule.time_zone'],
    [{ schedule: { at: '2026-12-01T09:00:00' } }, 'schedule.time_zone'],
    [{ schedule: { now: false } }, 'schedule.now'],
    [{ schedule: { now: true, at: '2026-12-01T09:00:00' } }, 'schedule.at'],
    [
      { schedule: { at: '2026-12-01T09:00', time_zone: 'UTC', window: { from: '9', to: '10:00' } } },
      'schedule.window.from',
    ],
    [
      { schedule: { at: '2026-12-01T09:00', time_zone: 'UTC', window: { from: '09:00', to: '09:00' } } },
      'schedule.window.to',
    ],
    [
      {
        schedule: {
          at: '2026-12-01T09:00',
          time_zone: 'UTC',
          window: { from: '09:00', to: '10:00', days: [] },
        },
      },
      'schedule.window.days',
    ],
    [{ template_id: '00000000-0000-7000-8000-000000000000' }, 'template_id'],
    [{ sender_id: 'x' }, 'sender_id'],
    [{ audience: { list_id: 'x' } }, 'audience.list_id'],
    [{ audience: {} }, 'audience.list_id'],
    [{ name: ' ' }, 'name'],
    [{ insufficient_funds: 'borrow' }, 'insufficient_funds'],
    [{ nickname: 'x' }, 'nickname'],
  ])('with %j is refused at %s', async (changes, path) => {
    const body = {
      name: 'December',
      template_id: stage.templateId,
      sender_id: stage.senderId,
      audience: { list_id: stage.listId },
      schedule: { now: true },
      ...changes,
    }
    const answer = await server.ask('POST', '/v1/campaigns', { key: stage.keys.marketer, body })
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path)
  })
})

describe('a quote', () => {
  test('prices everybody or says why not', async () => {
    const { quote } = await quoted()
    expect(quote.body).toMatchObject({
      total: idr('1069.95'),
      recipients: 3,
      lines: [
        {
          market: 'Indonesia',
          category: 'utility',
          count: 3,
          unit_price: idr('356.65'),
          subtotal: idr('1069.95'),
        },
      ],
      excluded: [{ reason: 'missing_variable', count: 1 }],
    })
  })
})

describe('a submission', () => {
  test('reserves the money and goes on the schedule, and wakes a worker', async () => {
    const mine = await setStage(server, '5000.00')
    nudges.length = 0
    const { id, answer } = await submitted(mine)
    expect(answer).toMatchObject({ status: 201, body: { state: 'scheduled' } })
    expect(answer.body.counts).toMatchObject({ total: 3, queued: 3 })
    expect(answer.body.money).toMatchObject({ held: idr('1069.95'), remaining: idr('1069.95') })
    const wallet = await server.ask('GET', '/v1/wallet', { key: mine.keys.viewer })
    expect(wallet.body).toMatchObject({ available: idr('3930.05'), held: idr('1069.95'), spent: idr('0.00') })
    const data = { workspaceId: mine.workspaceId, campaignId: id }
    const requestId = answer.headers.get('x-request-id')
    expect(nudges).toEqual([['chores', 'tend', data, `tend-${id}`, { requestId }]])
  })

  test('that the wallet cannot pay for reserves nothing and names the shortfall', async () => {
    const poor = await setStage(server, '1000.00')
    nudges.length = 0
    const { answer } = await submitted(poor)
    expect(answer).toMatchObject({
      status: 402,
      body: {
        code: 'insufficient_funds',
        available: idr('1000.00'),
        required: idr('1069.95'),
        shortfall: idr('69.95'),
      },
    })
    const wallet = await server.ask('GET', '/v1/wallet', { key: poor.keys.viewer })
    expect(wallet.body).toMatchObject({ available: idr('1000.00'), held: idr('0.00') })
    expect(nudges).toEqual([])
  })

  test('of another quote, of none, and twice is refused', async () => {
    const { id, quote } = await quoted()
    const key = stage.keys.marketer
    const submit = (quoteId: string) =>
      server.ask('POST', at(id, 'submission'), { key, body: { quote_id: quoteId } })
    expect((await submit('x')).body.code).toBe('quote_not_current')
    expect((await submit(quote.body.id)).status).toBe(201)
    expect(await submit(quote.body.id)).toMatchObject({ status: 409, body: { code: 'wrong_state' } })
  })

  test('with the same idempotency key reserves once', async () => {
    const mine = await setStage(server, '50000.00')
    const { id, quote } = await quoted({}, mine)
    const asked = {
      key: mine.keys.marketer,
      body: { quote_id: quote.body.id },
      headers: { 'Idempotency-Key': 'submit-1' },
    }
    const answers = await Promise.all([1, 2, 3].map(() => server.ask('POST', at(id, 'submission'), asked)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    const wallet = await server.ask('GET', '/v1/wallet', { key: mine.keys.viewer })
    expect(wallet.body.held).toEqual(idr('1069.95'))
  })
})

describe('an approval', () => {
  test('is asked for above half of what is available, and never given by the maker', async () => {
    const tight = await setStage(server, '2000.00')
    const { quote, id } = await quoted({}, tight)
    const body = { quote_id: quote.body.id }
    const answer = await server.ask('POST', at(id, 'submission'), { key: tight.keys.owner, body })
    expect(answer).toMatchObject({ status: 201, body: { state: 'pending_approval' } })
    const decide = (key: string, decision: string) =>
      server.ask('POST', at(id, 'approval'), { key, body: { decision } })
    expect(await decide(tight.keys.owner, 'approve')).toMatchObject({
      status: 403,
      body: { code: 'self_approval' },
    })
    expect(await decide(tight.keys.marketer, 'approve')).toMatchObject({
      status: 403,
      body: { code: 'forbidden' },
    })
    expect(await decide(tight.keys.approver, 'maybe')).toMatchObject({ status: 400 })
    expect(await decide(tight.keys.approver, 'approve')).toMatchObject({
      status: 200,
      body: { state: 'scheduled' },
    })
    expect(await decide(tight.keys.admin, 'approve')).toMatchObject({
      status: 409,
      body: { code: 'wrong_state' },
    })
  })

  test('of two people shows who has given it, holds for what they looked at, and is given once by each', async () => {
    const tight = await setStage(server, '2000.00')
    const policy = { max_share_of_available: 0.5, quorum: 2, expires_after_hours: 24 }
    await server.ask('PUT', '/v1/approval-policy', { key: tight.keys.owner, body: policy })
    const { id } = await submitted(tight)
    const view = () => server.ask('GET', at(id, 'approval'), { key: tight.keys.viewer })
    const asked = (await view()).body
    expect(asked).toMatchObject({
      needed_for: ['share_of_available'],
      quorum: 2,
      approvals: 0,
      decisions: [],
    })
    expect(Date.parse(asked.expires_at) - Date.parse(asked.requested_at)).toBe(24 * 3_600_000)
    const approve = (key: string, digest?: string) =>
      server.ask('POST', at(id, 'approval'), {
        key,
        body: { decision: 'approve', ...(digest && { digest }) },
      })
    expect(await approve(tight.keys.approver, '00')).toMatchObject({
      status: 409,
      body: { code: 'approval_outdated' },
    })
    expect(await approve(tight.keys.approver, asked.digest)).toMatchObject({
      status: 200,
      body: { state: 'pending_approval', again_of: null },
    })
    expect(await approve(tight.keys.approver)).toMatchObject({
      status: 409,
      body: { code: 'already_decided' },
    })
    expect((await view()).body).toMatchObject({
      approvals: 1,
      decisions: [{ decision: 'approve', reason: null, approver: expect.stringMatching(/^key:/) }],
    })
    expect((await approve(tight.keys.admin)).body.state).toBe('scheduled')
  })

  test('that nobody was asked for is not there', async () => {
    const mine = await setStage(server, '5000.00')
    const { id } = await submitted(mine)
    expect(await server.ask('GET', at(id, 'approval'), { key: mine.keys.viewer })).toMatchObject({
      status: 404,
      body: { code: 'not_found' },
    })
  })

  test('that is refused gives the money back', async () => {
    const tight = await setStage(server, '2000.00')
    const { id } = await submitted(tight)
    const body = { decision: 'reject', reason: 'too early' }
    const rejected = await server.ask('POST', at(id, 'approval'), { key: tight.keys.approver, body })
    expect(rejected.body).toMatchObject({ state: 'rejected', reason: 'too early', counts: { cancelled: 3 } })
    const wallet = await server.ask('GET', '/v1/wallet', { key: tight.keys.viewer })
    expect(wallet.body).toMatchObject({ available: idr('2000.00'), held: idr('0.00') })
  })
})

describe('a campaign under way', () => {
  test('is paused, resumed and cancelled, and its money comes back', async () => {
    const mine = await setStage(server, '5000.00')
    const { id } = await submitted(mine)
    const key = mine.keys.approver
    const paused = await server.ask('POST', at(id, 'pause'), { key, body: { reason: 'wait' } })
    expect(paused.body).toMatchObject({ state: 'paused', reason: 'wait' })
    expect((await server.ask('POST', at(id, 'pause'), { key })).body.state).toBe('paused')
    expect((await server.ask('DELETE', at(id, 'pause'), { key })).body.state).toBe('scheduled')
    const cancelled = await server.ask('POST', at(id, 'cancellation'), { key })
    expect(cancelled.body).toMatchObject({ state: 'cancelled', counts: { cancelled: 3 } })
    expect(cancelled.body.money).toMatchObject({ released: idr('1069.95'), remaining: idr('0.00') })
    expect((await server.ask('DELETE', at(id, 'pause'), { key })).body.code).toBe('wrong_state')
  })

  test('tells of each recipient what became of the message', async () => {
    const mine = await setStage(server, '5000.00')
    const { id } = await submitted(mine)
    const key = mine.keys.viewer
    const first = await server.ask('GET', at(id, 'messages?limit=2'), { key })
    expect(first.body.data[0]).toMatchObject({
      phone: '+6281234567801',
      state: 'queued',
      price: idr('356.65'),
      charged: idr('0.00'),
      attempts: 0,
      provider_message_id: null,
    })
    const rest = await server.ask('GET', at(id, `messages?limit=2&cursor=${first.body.next_cursor}`), { key })
    expect(rest.body.data.map((line: { phone: string }) => line.phone)).toEqual(['+6281234567803'])
    expect(rest.body.next_cursor).toBeNull()
    const sent = await server.ask('GET', at(id, 'messages?state=sent'), { key })
    expect(sent.body.data).toEqual([])
  })

  test('is found among the others by its state', async () => {
    const mine = await setStage(server, '5000.00')
    await submitted(mine)
    await draft(server, mine)
    const { body } = await server.ask('GET', '/v1/campaigns?state=scheduled', { key: mine.keys.viewer })
    expect(body.data.map((campaign: { state: string }) => campaign.state)).toEqual(['scheduled'])
  })
})

describe('the events of a campaign', () => {
  test('tell what it is, then each change, and end when it has ended', async () => {
    const mine = await setStage(server, '5000.00')
    const { id } = await submitted(mine)
    const response = await fetch(`${server.url}${at(id, 'events')}`, {
      headers: { authorization: `Bearer ${mine.keys.viewer}` },
    })
    expect(response.headers.get('content-type')).toContain('text/event-stream')
    const states: string[] = []
    let text = ''
    for await (const chunk of response.body!) {
      text += Buffer.from(chunk).toString()
      const events = text.split('\n\n')
      text = events.pop()!
      for (const event of events) {
        const data = /^data: (.*)$/.exec(event)?.[1]
        if (!data) continue
        states.push(JSON.parse(data).state)
        if (states.length === 1) await server.ask('POST', at(id, 'cancellation'), { key: mine.keys.owner })
      }
    }
    expect(states).toEqual(['scheduled', 'cancelled'])
  })

  test('are not begun for somebody who only asks what they are', async () => {
    const { id } = await draft(server, stage)
    const head = await server.ask('HEAD', at(id, 'events'), { key: stage.keys.viewer })
    expect(head).toMatchObject({ status: 200, body: undefined })
    expect(head.headers.get('content-type')).toContain('text/event-stream')
  })

  test('of no campaign are a problem like any other', async () => {
    expect((await server.ask('GET', at('x', 'events'), { key: stage.keys.viewer })).status).toBe(404)
  })
})
