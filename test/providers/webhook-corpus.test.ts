import { createHmac } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import { foldWebhooks, openInbox, openSender } from '../../src/delivery/index.ts'
import { overhear } from '../../workers/fold.ts'
import { startServer } from '../api/client.ts'
import { type Payload, readExamples, readRecorded } from './platform-corpus.ts'

const recorded = readRecorded()
const examples = recorded ? await readExamples() : []
const corpus = [...(recorded ?? []), ...examples]

/** The people and numbers of the payloads: contacts of the firm, so that wishes and handles have somebody to concern. */
const PEOPLE = ['+16505551234', '+972987654321', '+972123456789', '+12195555358', '+972912345678']

const SECRETS = { app_secret: 'the-app-secret', verify_token: 'verify' }

/** A server with a firm whose sender has the account that most payloads are about. */
async function open() {
  const server = await startServer({
    house: {
      receive: async (sender, body) => inbox.store(sender.id, body),
    },
  })
  const inbox = openInbox(server.scratch.database.sql, () => {})
  const firm = await server.openFirm()
  const config = {
    phone_number_id: '106540352242922',
    business_account_id: '102290129340398',
    access_token: 'EAAtoken',
    ...SECRETS,
  }
  const added = await server.ask('POST', '/v1/senders', {
    key: firm.keys.owner,
    body: { provider: 'whatsapp_cloud', name: 'Main', config },
  })
  const cause = {
    workspaceId: firm.workspaceId,
    actor: { name: 'test', role: 'owner' },
    requestId: 'corpus',
  } as const
  const within = <T>(work: Parameters<typeof server.scratch.database.within<T>>[1]) =>
    server.scratch.database.within(cause, work)
  await within(async ({ sql, now, workspaceId }) => {
    for (const phone of PEOPLE)
      await sql`INSERT INTO contacts (workspace_id, phone, variables, created_at, updated_at)
        VALUES (${workspaceId}, ${phone}, '{}', ${now.toISOString()}::timestamptz, ${now.toISOString()}::timestamptz)`
  })
  const senderId = added.body.id as string
  return {
    server,
    firm,
    within,
    senderId,
    async post(payload: object) {
      const body = JSON.stringify(payload)
      const signature = `sha256=${createHmac('sha256', SECRETS.app_secret).update(body).digest('hex')}`
      return server.ask('POST', `/webhooks/whatsapp/${senderId}`, {
        body,
        headers: { 'X-Hub-Signature-256': signature },
      })
    },
    async fold() {
      const sender = (await openSender(server.scratch.database.sql, server.house.secrets, senderId))!
      const all = { webhooks: 0, setAside: 0 }
      for (;;) {
        const folded = await foldWebhooks(within, sender, overhear)
        all.webhooks += folded.webhooks
        all.setAside += folded.setAside
        if (folded.webhooks === 0) return all
      }
    },
  }
}

type Stage = Awaited<ReturnType<typeof open>>

/** All that the webhooks have left behind, without what only tells when and in which order they came. */
async function stateOf(stage: Stage) {
  return stage.within(async ({ sql }) => ({
    receipts: await sql`SELECT provider_message_id, status_update - 'pricing' AS told FROM
      (SELECT DISTINCT provider_message_id, status_update FROM parked_receipts) p ORDER BY 1, 2::text`,
    inbound:
      await sql`SELECT provider_message_id, from_number, from_user_id, kind, occurred_at FROM inbound_messages ORDER BY 1`,
    notices: await sql`SELECT field, value::text, verdict, tier FROM platform_notices ORDER BY 1, 2`,
    wishes: await sql`SELECT person, scope, wish, said_at FROM wishes ORDER BY 1, 2`,
    blocks: await sql`SELECT phone, scope, created_by FROM suppressions ORDER BY 1, 2`,
    handles:
      await sql`SELECT h.kind, h.handle, c.phone FROM contact_handles h JOIN contacts c ON c.id = h.contact_id ORDER BY 1, 2`,
    senders: await sql`SELECT state, stop_reason, stop_code, stopped_at FROM senders`,
    portfolios: await sql`SELECT key, tier, daily_limit FROM portfolios`,
  }))
}

/** Counts straight from the payload, without the code under test. */
function idsIn({ payload }: Payload): { statuses: string[]; messages: string[] } {
  const ids = { statuses: [] as string[], messages: [] as string[] }
  for (const { changes } of payload.entry as {
    changes: { field: string; value: Record<string, unknown> }[]
  }[])
    for (const { field, value } of changes) {
      if (field !== 'messages') continue
      for (const one of (value.statuses ?? []) as { id: string; status: string }[])
        ids.statuses.push(`${one.id} ${one.status === 'played' ? 'read' : one.status}`)
      for (const one of (value.messages ?? []) as { id: string }[]) ids.messages.push(one.id)
    }
  return ids
}

function shuffled<T>(items: readonly T[], seed: number): T[] {
  const copy = [...items]
  let state = seed
  for (let at = copy.length - 1; at > 0; at--) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    const other = state % (at + 1)
    ;[copy[at], copy[other]] = [copy[other]!, copy[at]!]
  }
  return copy
}

describe.skipIf(recorded === undefined)('every webhook that others have seen', () => {
  const stages: Stage[] = []
  const stage = async () => {
    const opened = await open()
    stages.push(opened)
    return opened
  }
  afterAll(async () => {
    for (const { server } of stages) await server.close()
  })

  it('is there to be run', () => {
    console.info(
      `Ran ${recorded!.length} recorded webhooks and ${examples.length} examples of the description.`,
    )
    expect(recorded!.length).toBeGreaterThan(0)
    expect(corpus.length).toBeGreaterThan(0)
  })

  it('is taken with a valid signature, folded, and each id and status in it is found', async () => {
    const once = await stage()
    for (const { name, payload } of corpus) expect((await once.post(payload)).status, name).toBe(200)
    const folded = await once.fold()
    expect(folded.setAside).toBe(0)
    const kept = await once.within(async ({ sql }) => ({
      statuses: (
        await sql<{ told: string }[]>`
          SELECT DISTINCT provider_message_id || ' ' || (status_update ->> 'status') AS told FROM parked_receipts`
      ).map(({ told }) => told),
      messages: (await sql<{ id: string }[]>`SELECT provider_message_id AS id FROM inbound_messages`).map(
        ({ id }) => id,
      ),
      raw: (await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM webhooks WHERE done_at IS NOT NULL`)[0]!
        .n,
      notices: (await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM platform_notices`)[0]!.n,
    }))
    const expected = corpus.map(idsIn)
    expect(new Set(kept.statuses)).toEqual(new Set(expected.flatMap(({ statuses }) => statuses)))
    expect(new Set(kept.messages)).toEqual(new Set(expected.flatMap(({ messages }) => messages)))
    expect(kept.raw).toBe(new Set(corpus.map(({ payload }) => JSON.stringify(payload))).size)
    expect(kept.notices).toBeGreaterThan(0)
  }, 60_000)

  it('three times over and in any order leaves the same state as once in order', async () => {
    const inOrder = await stage()
    for (const { payload } of corpus) await inOrder.post(payload)
    await inOrder.fold()
    const inAnyOrder = await stage()
    for (const seed of [7, 11, 13]) {
      for (const { payload } of shuffled(corpus, seed)) {
        // Another body each time, as when the platform batches anew: nothing may rest on equal bytes.
        await inAnyOrder.post({ ...payload, retry: seed })
        if (payload.entry.length % 2 === 1) await inAnyOrder.fold()
      }
      await inAnyOrder.fold()
    }
    expect(await stateOf(inAnyOrder)).toEqual(await stateOf(inOrder))
  }, 120_000)
})
