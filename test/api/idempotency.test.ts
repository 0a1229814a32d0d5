import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { type ProblemCode, statusOf } from '../../src/api/problem.ts'
import { answer, defineRoute } from '../../src/api/route.ts'
import { refuse } from '../../src/platform/result.ts'
import { recordEvent } from '../../src/workspaces/index.ts'
import { type Firm, type Server, startServer } from './client.ts'

/** A route that leaves a trace, and then does as it is told. */
let runs = 0
let gate: Promise<void> | undefined
const act = defineRoute({
  method: 'post',
  path: '/v1/acts/{id}',
  tag: 'Test',
  summary: 'Leaves a trace',
  permission: 'workspace.read',
  body: z.strictObject({ outcome: z.string(), n: z.int().optional(), sql: z.string().optional() }),
  responses: { 201: z.strictObject({ run: z.number() }) },
  refusals: ['insufficient_funds', 'not_found'],
  handler: async ({ scope, params, body }) => {
    runs += 1
    await recordEvent(scope, 'act', params.id)
    if (gate) await gate
    if (body.outcome === 'crash') throw new Error('a bug')
    if (body.outcome !== 'done')
      return refuse(body.outcome as ProblemCode, 'No.', { shortfall: '1.00', code: 'x' })
    return answer(201, { run: runs })
  },
})

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer({ routes: [act] })
})
afterAll(() => server.close())
beforeEach(async () => {
  firm = await server.openFirm()
  runs = 0
  gate = undefined
})

function post(idempotencyKey: string | undefined, body: unknown, key = firm.keys.owner, id = 'a') {
  const headers: Record<string, string> = idempotencyKey ? { 'Idempotency-Key': idempotencyKey } : {}
  return server.ask('POST', `/v1/acts/${id}`, { key, body, headers })
}

async function traces(): Promise<number> {
  const cause = {
    workspaceId: firm.workspaceId,
    actor: { name: 'test', role: 'owner' },
    requestId: 't',
  } as const
  return server.scratch.database.within(cause, async ({ sql }) => {
    const [row] = await sql`SELECT count(*)::int n FROM audit_events WHERE action = 'act'`
    return row!.n
  })
}

describe('a request with an idempotency key', () => {
  test('is done once and answered the same again', async () => {
    const first = await post('k1', { outcome: 'done', n: 1 })
    const again = await post('k1', { n: 1, outcome: 'done' })
    expect(first).toMatchObject({ status: 201, body: { run: 1 } })
    expect(again).toMatchObject({ status: 201, body: { run: 1 } })
    expect(first.headers.has('idempotency-replayed')).toBe(false)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(await traces()).toBe(1)
  })

  test('is refused with another body, another address, or from another key', async () => {
    await post('k2', { outcome: 'done' })
    const others = [
      await post('k2', { outcome: 'done', n: 2 }),
      await post('k2', { outcome: 'done' }, firm.keys.owner, 'b'),
      await post('k2', { outcome: 'done' }, firm.keys.admin),
    ]
    for (const other of others)
      expect(other).toMatchObject({ status: 409, body: { code: 'idempotency_key_reused' } })
    expect(await traces()).toBe(1)
  })

  test('is another one in another workspace', async () => {
    const other = await server.openFirm()
    await post('k3', { outcome: 'done' })
    const theirs = await post('k3', { outcome: 'done' }, other.keys.owner)
    expect(theirs.headers.has('idempotency-replayed')).toBe(false)
    expect(theirs.status).toBe(201)
  })

  test('that is refused leaves nothing behind but the refusal, which stays', async () => {
    const first = await post('k4', { outcome: 'insufficient_funds' })
    const again = await post('k4', { outcome: 'insufficient_funds' })
    expect(first).toMatchObject({ status: 402, body: { code: 'insufficient_funds', shortfall: '1.00' } })
    expect(again.status).toBe(402)
    expect(again.body).toEqual(first.body)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect([runs, await traces()]).toEqual([1, 0])
  })

  test.each(['validation_failed', 'crash'])('that ends in %s may be sent again', async (outcome) => {
    const [first, again] = [await post('k5', { outcome }), await post('k5', { outcome })]
    expect(again.status).toBe(first.status)
    expect(again.headers.has('idempotency-replayed')).toBe(false)
    expect([runs, await traces()]).toEqual([2, 0])
    expect((await post('k5', { outcome: 'done' })).status).toBe(201)
  })

  test('waits for its twin and gets the same answer', async () => {
    let open = () => {}
    gate = new Promise((resolve) => {
      open = resolve
    })
    const twins = [
      post('k6', { outcome: 'done' }),
      post('k6', { outcome: 'done' }),
      post('k6', { outcome: 'done' }),
    ]
    while (runs === 0) await new Promise((resolve) => setImmediate(resolve))
    open()
    const answers = await Promise.all(twins)
    expect(answers.map((one) => one.body.run)).toEqual([1, 1, 1])
    expect(answers.filter((one) => one.headers.has('idempotency-replayed'))).toHaveLength(2)
    expect([runs, await traces()]).toEqual([1, 1])
  })

  test.each([['a'.repeat(256)], ['clé']])('of another form is refused: %s', async (key) => {
    expect(await post(key, { outcome: 'done' })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'Idempotency-Key' }] },
    })
  })

  test('of 255 characters is taken', async () => {
    expect((await post('k'.repeat(255), { outcome: 'done' })).status).toBe(201)
  })
})

describe('a request without one', () => {
  test('is done each time', async () => {
    await post(undefined, { outcome: 'done' })
    await post(undefined, { outcome: 'done' })
    expect(await traces()).toBe(2)
  })

  test('that is refused leaves nothing behind', async () => {
    const answer = await post(undefined, { outcome: 'insufficient_funds' })
    expect(answer.status).toBe(statusOf('insufficient_funds'))
    expect(await traces()).toBe(0)
  })
})

describe('a bug', () => {
  test.each(['crash', 'a_word_that_is_in_no_table', 'toString'])(
    'as %s says nothing about itself',
    async (outcome) => {
      const answer = await post(undefined, { outcome })
      expect(answer).toMatchObject({ status: 500, body: { code: 'internal_error' } })
      expect(JSON.stringify(answer.body)).not.toMatch(/bug|word|toString|\.ts/)
      expect(await traces()).toBe(0)
    },
  )
})
