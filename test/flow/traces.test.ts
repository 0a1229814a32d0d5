import { randomBytes, randomUUID } from 'node:crypto'
import { DateTime } from 'luxon'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { openLog } from '../../src/platform/log.ts'
import { draft, expectStatus, makeSender, makeTemplate, quote, topUp } from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { type Collector, startCollector, type ToldSpan } from '../support/collector.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Longer than spans wait for company. */
const TOLD_MS = 60_000

type Line = { msg: string; requestId?: string; campaignId?: string; importId?: string; code?: string }

let collector: Collector
let stack: Stack
const lines: Line[] = []
beforeAll(async () => {
  collector = await startCollector()
  const log = openLog('info', { write: (line) => void lines.push(JSON.parse(line)) })
  stack = await startStack(
    { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20abc' },
    log,
  )
})
afterAll(async () => {
  await stack?.stop()
  await collector?.close()
})

const people = patients(40)

async function clinic(config: object = {}) {
  const firm = await openKlinikSehat(stack)
  await topUp(firm, '100000.00', 'transfer-1')
  const list_id = await makeList(stack, firm, people)
  const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3, ...config })
  return { firm, parts: { list_id, sender_id, template_id: await makeTemplate(firm.budi) } }
}

/** Submits as a program does that keeps traces of its own. */
async function submitTraced(firm: Firm, id: string) {
  const caller = { traceId: randomBytes(16).toString('hex'), spanId: randomBytes(8).toString('hex') }
  const requestId = randomUUID()
  const quoted = await quote(firm.budi, id)
  const answer = await firm.budi.post(
    `/v1/campaigns/${id}/submission`,
    { quote_id: quoted.id },
    { traceparent: `00-${caller.traceId}-${caller.spanId}-01`, 'x-request-id': requestId },
  )
  expectStatus(answer, 201)
  return { caller, requestId }
}

/** The spans that fit, once all that are asked for have been told. */
async function told(wanted: (span: ToldSpan) => boolean): Promise<ToldSpan[]> {
  return vi.waitFor(
    () => {
      const found = collector.spans.filter(wanted)
      expect(found.length).toBeGreaterThan(0)
      return found
    },
    { timeout: TOLD_MS, interval: 50 },
  )
}

const about = (id: string) => (span: ToldSpan) => span.facts['duecast.campaign_id'] === id
const linesAbout = (id: string) => lines.filter(({ campaignId }) => campaignId === id)

describe('a campaign that goes out now', () => {
  it('is one trace from the request over the jobs to the provider, and its folds link to it', async () => {
    const { firm, parts } = await clinic()
    const id = await draft(firm.budi, parts)
    const { caller, requestId } = await submitTraced(firm, id)
    await follow(stack, firm.joko, id)

    const [slice] = await told(({ name, traceId }) => name === 'send slice' && traceId === caller.traceId)
    const inTrace = (name: string) =>
      collector.spans.find((span) => span.name === name && span.traceId === caller.traceId)!
    const request = inTrace('POST /v1/campaigns/{id}/submission')
    const tend = inTrace('tend')
    const send = collector.spans.find(({ spanId }) => spanId === slice!.parentSpanId)!
    const call = inTrace('call provider')
    expect(request.parentSpanId).toBe(caller.spanId)
    expect(tend.parentSpanId).toBe(request.spanId)
    expect(send).toMatchObject({ name: 'send', parentSpanId: tend.spanId })
    expect(call.parentSpanId).toBe(slice!.spanId)
    expect(request.facts).toMatchObject({ 'http.response.status_code': 201, 'duecast.request_id': requestId })
    expect(slice!.facts).toMatchObject({ 'duecast.messages': 40, 'duecast.accepted': 40 })

    const folds = await told(
      ({ name, links }) => name === 'fold' && links.some(({ traceId }) => traceId === caller.traceId),
    )
    const webhooks = await told(({ name }) => name === 'POST /webhooks/whatsapp/{sender_id}')
    const posted = new Set(webhooks.map(({ spanId }) => spanId))
    for (const fold of folds) {
      expect(fold.parentSpanId).toBeUndefined()
      expect(fold.links).toContainEqual(expect.objectContaining({ spanId: request.spanId }))
    }
    expect(folds.some(({ links }) => links.some(({ spanId }) => posted.has(spanId)))).toBe(true)
  })

  it('has its lines in the log of server and worker under the id of its request', async () => {
    const { firm, parts } = await clinic({ rejected: 1, rejected_code: 131042 })
    const id = await draft(firm.budi, parts)
    const { requestId } = await submitTraced(firm, id)
    await vi.waitFor(() => expect(linesAbout(id).length).toBeGreaterThan(0), { timeout: TOLD_MS })
    expect(new Set(linesAbout(id).map((line) => line.requestId))).toEqual(new Set([requestId]))
    expect(lines.filter((line) => line.requestId === requestId).map(({ msg }) => msg)).toContain('answered')
  })
})

describe('a campaign for a time to come', () => {
  it('begins a trace of its own that links to its submission, and is logged under that request’s id', async () => {
    const { firm, parts } = await clinic()
    const at = DateTime.now().setZone('Asia/Jakarta').plus({ seconds: 6 }).toFormat("yyyy-MM-dd'T'HH:mm:ss")
    const id = await draft(firm.budi, parts, { schedule: { at, time_zone: 'Asia/Jakarta' } })
    const { caller, requestId } = await submitTraced(firm, id)
    await follow(stack, firm.joko, id)

    const sends = await told((span) => about(id)(span) && span.name === 'send')
    for (const send of sends) {
      expect(send.traceId).not.toBe(caller.traceId)
      expect(send.links).toContainEqual(expect.objectContaining({ traceId: caller.traceId }))
      expect(send.facts['duecast.request_id']).toBe(requestId)
    }
    expect(linesAbout(id).map(({ msg }) => msg)).toContain('a campaign has moved')
    expect(new Set(linesAbout(id).map((line) => line.requestId))).toEqual(new Set([requestId]))
  })
})

describe('a sheet', () => {
  it('is read under the id of the request that brought it', async () => {
    const { firm } = await clinic()
    const form = new FormData()
    form.set('file', new Blob(['name,phone\nSiti,+6281234567890\n'], { type: 'text/csv' }), 'people.csv')
    const requestId = randomUUID()
    const taken = await firm.budi.ask('POST', '/v1/imports', form, { 'x-request-id': requestId })
    const { id } = expectStatus(taken, 202)
    const ended = () => lines.filter(({ importId, msg }) => importId === id && msg === 'import ended')
    await vi.waitFor(() => expect(ended()).toHaveLength(1), { timeout: TOLD_MS })
    expect(ended()[0]!.requestId).toBe(requestId)
  })
})

it('no span holds a number, a name or a text, and each is told with the headers that were asked for', () => {
  const everything = collector.bodies.join('\n')
  expect(collector.spans.length).toBeGreaterThan(50)
  for (const { phone, name } of people) {
    expect(everything).not.toContain(phone.slice(1))
    expect(everything).not.toContain(String(name))
  }
  expect(everything).not.toContain('is due')
  for (const headers of collector.headers) expect(headers.authorization).toBe('Bearer abc')
})
