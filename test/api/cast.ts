import { expect } from 'vitest'
import { newId } from '../../src/platform/ids.ts'
import { publishSeed } from '../../src/pricing/index.ts'
import type { Firm, Server } from './client.ts'

/** Warung Sari reminds her customers: everything that a campaign needs, made through the API where it can be. */
export type Stage = Firm & { listId: string; templateId: string; senderId: string }

export const TEMPLATE = {
  name: 'Due reminder',
  language: 'en',
  category: 'utility',
  body: 'Hi {{name}}, invoice {{invoice}} is due {{date due_date}}. Thank you!',
}

/** Three in Indonesia who can be reminded, and one whose invoice is missing. */
const PEOPLE = [
  ['+6281234567801', { name: 'Ayu', invoice: 'INV-1', due_date: '2026-12-01' }],
  ['+6281234567802', { name: 'Budi', invoice: 'INV-2', due_date: '2026-12-01' }],
  ['+6281234567803', { name: 'Citra', invoice: 'INV-3', due_date: '2026-12-02' }],
  ['+6281234567804', { name: 'Dewi' }],
] as const

/** Opens a firm with a list of four, a template, a simulated sender and a topped-up wallet. */
export async function setStage(server: Server, topUp = '5000.00'): Promise<Stage> {
  await publishSeed(server.scratch.owner.sql)
  const firm = await server.openFirm('IDR')
  const key = firm.keys.owner
  const template = await server.ask('POST', '/v1/templates', { key, body: TEMPLATE })
  const sender = await server.ask('POST', '/v1/senders', {
    key,
    body: { provider: 'simulator', name: 'Sari' },
  })
  const amount = { amount: topUp, currency: 'IDR' }
  await server.ask('POST', '/v1/wallet/top-ups', { key, body: { amount, reference: 'transfer-1' } })
  expect([template.status, sender.status], JSON.stringify([template.body, sender.body])).toEqual([201, 201])
  const listId = await writeList(server, firm)
  return { ...firm, listId, templateId: template.body.id, senderId: sender.body.id }
}

/** A campaign of that stage, drafted by its marketer unless told. */
export async function draft(server: Server, stage: Stage, changes: object = {}, key = stage.keys.marketer) {
  const body = {
    name: 'December',
    template_id: stage.templateId,
    sender_id: stage.senderId,
    audience: { list_id: stage.listId },
    schedule: { at: '2026-12-01T09:00:00', time_zone: 'Asia/Jakarta' },
    ...changes,
  }
  const drafted = await server.ask('POST', '/v1/campaigns', { key, body })
  expect(drafted).toMatchObject({ status: 201 })
  return drafted.body
}

async function writeList(server: Server, { workspaceId }: Firm): Promise<string> {
  const listId = newId()
  const cause = { workspaceId, actor: { name: 'test', role: 'owner' }, requestId: 'cast' } as const
  await server.scratch.database.within(cause, async ({ sql, now }) => {
    const at = now.toISOString()
    await sql`INSERT INTO lists (id, workspace_id, name, created_at) VALUES (${listId}, ${workspaceId}, 'December', ${at}::timestamptz)`
    for (const [phone, variables] of PEOPLE)
      await sql`
        WITH c AS (INSERT INTO contacts (workspace_id, phone, name, variables, created_at, updated_at)
          VALUES (${workspaceId}, ${phone}, ${variables.name}, ${JSON.stringify(variables)}::text::jsonb,
                  ${at}::timestamptz, ${at}::timestamptz) RETURNING id)
        INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT ${workspaceId}, ${listId}, id FROM c`
  })
  return listId
}
