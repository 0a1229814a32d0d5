import { createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Inbox, openInbox } from '../../src/delivery/index.ts'
import { freshDatabase } from '../support/database.ts'
import { type Answered, type Server, startServer } from './client.ts'

const MOST = { webhooks: 20, bytes: 40_000 }
const SECRET = 'the app secret'

/** A database of its own: its table of webhooks is locked against everybody. */
let ground: Awaited<ReturnType<typeof freshDatabase>>
let server: Server
let inbox: Inbox
let address: string
beforeAll(async () => {
  ground = await freshDatabase()
  server = await startServer({
    ownerUrl: ground.ownerUrl,
    house: { receive: (sender, body) => inbox.store(sender.id, body) },
  })
  const together = { webhooks: 8, bytes: 10_000 }
  inbox = openInbox(server.scratch.database.sql, () => {}, { together, held: MOST })
  const firm = await server.openFirm()
  const config = {
    phone_number_id: '1',
    business_account_id: '2',
    access_token: 'EAAtoken',
    app_secret: SECRET,
    verify_token: 'open sesame',
  }
  const body = { provider: 'whatsapp_cloud', name: 'Main', config }
  const added = await server.ask('POST', '/v1/senders', { key: firm.keys.owner, body })
  address = `/webhooks/whatsapp/${added.body.id}`
})
afterAll(async () => {
  await server.close()
  await ground.drop()
})

function post(body: string): Promise<Answered> {
  const signature = createHmac('sha256', SECRET).update(body).digest('hex')
  return server.ask('POST', address, { body, headers: { 'X-Hub-Signature-256': `sha256=${signature}` } })
}

/** Posts while nothing can be stored; once `refused` were, lets the database go on. @returns each body's answer */
async function flood(bodies: readonly string[], refused: number): Promise<Map<string, Answered>> {
  const answers = new Map<string, Answered>()
  await server.scratch.owner.sql.begin(async (sql) => {
    await sql`LOCK TABLE webhooks IN EXCLUSIVE MODE`
    for (const body of bodies) void post(body).then((answer) => answers.set(body, answer))
    await vi.waitFor(() => expect(answers.size).toBe(refused), { timeout: 20_000 })
  })
  await vi.waitFor(() => expect(answers.size).toBe(bodies.length), { timeout: 20_000 })
  return answers
}

async function storedBodies(word: string): Promise<string[]> {
  const rows = await server.scratch.owner.sql<{ body: string }[]>`
    SELECT convert_from(body, 'UTF8') AS body FROM webhooks WHERE convert_from(body, 'UTF8') LIKE ${`${word}%`} ORDER BY 1`
  return rows.map(({ body }) => body)
}

const statuses = (answers: Map<string, Answered>) => [...answers.values()].map(({ status }) => status)
const taken = (answers: Map<string, Answered>) =>
  [...answers].filter(([, { status }]) => status === 200).map(([body]) => body)

describe('more webhooks than can be kept waiting', () => {
  test('are refused at once, and all that were taken are there', async () => {
    const answers = await flood(
      Array.from({ length: MOST.webhooks + 10 }, (_, n) => `many ${n}`),
      10,
    )
    expect(statuses(answers).filter((status) => status === 503)).toHaveLength(10)
    for (const { status, headers } of answers.values())
      expect(headers.get('retry-after')).toBe(status === 503 ? '5' : null)
    expect(await storedBodies('many')).toEqual(taken(answers).sort())
    expect(taken(answers)).toHaveLength(MOST.webhooks)
  })

  test('are those that are large, however few', async () => {
    const large = 'x'.repeat(MOST.bytes / 4 - 'large 0'.length)
    const answers = await flood(
      Array.from({ length: 7 }, (_, n) => `large ${n}${large}`),
      3,
    )
    expect(await storedBodies('large')).toEqual(taken(answers).sort())
    expect(taken(answers)).toHaveLength(4)
  })

  test('keep nobody out afterwards', async () => {
    expect(
      await Promise.all(Array.from({ length: MOST.webhooks }, (_, n) => post(`after ${n}`))),
    ).toMatchObject(Array.from({ length: MOST.webhooks }, () => ({ status: 200 })))
    expect(await storedBodies('after')).toHaveLength(MOST.webhooks)
  })
})
