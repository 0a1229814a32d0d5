import { draftCampaign, quoteCampaign, submitCampaign } from '../../src/campaigns/index.ts'
import { addSender } from '../../src/delivery/index.ts'
import { asOwner } from '../../src/house.ts'
import { systemClock } from '../../src/platform/clock.ts'
import type { Database } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Scope } from '../../src/platform/scope.ts'
import type { SecretBox } from '../../src/platform/secrets.ts'
import { saveTemplate } from '../../src/templates/index.ts'
import { topUp } from '../../src/wallet/index.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'

export function causeIn(workspaceId: string, who = 'key:ratna') {
  return { workspaceId, actor: { name: who, role: 'owner' as const }, requestId: 'crash' }
}

/** Who sends what in a run of faults. */
export type Ground = { readonly workspaceId: string; readonly senderId: string; readonly templateId: string }

/** A workspace with money, a template and a sender of the stand-in, which does as `orders` say. */
export async function prepareGround(
  { ownerUrl, database, box }: { ownerUrl: string; database: Database; box: SecretBox },
  orders: Readonly<Record<string, number>>,
): Promise<Ground> {
  const { workspaceId } = unwrap(
    await asOwner(ownerUrl, systemClock, (owner) =>
      openWorkspace(owner, { name: 'Klinik Sehat', currency: 'IDR' }),
    ),
  )
  return database.within(causeIn(workspaceId), async (scope) => {
    const amount = { amount: '10000000000.00', currency: 'IDR' }
    unwrap(await topUp(scope, { amount, reference: 'transfer-1' }))
    const template = unwrap(await saveTemplate(scope, REMINDER))
    const sender = unwrap(
      await addSender(scope, box, { provider: 'simulator', name: 'Front desk', config: orders }),
    )
    return { workspaceId, senderId: sender.id, templateId: template.id }
  })
}

const REMINDER = {
  name: 'Payment due',
  language: 'en',
  category: 'utility' as const,
  body: 'Hi {{name}}, invoice {{invoice}} is due. Thank you.',
}

/** Starts a campaign to contacts whom no other campaign has, `from` being the number of the first. */
export async function startCampaign(
  scope: Scope,
  { senderId, templateId }: Omit<Ground, 'workspaceId'>,
  { from, messages }: { from: number; messages: number },
): Promise<string> {
  const listId = await makeList(scope, from, messages)
  const campaign = unwrap(
    await draftCampaign(scope, {
      name: `Reminders from ${from}`,
      templateId,
      senderId,
      listId,
      schedule: { now: true },
      insufficientFunds: 'block',
    }),
  )
  const quote = unwrap(await quoteCampaign(scope, campaign.id))
  const submitted = unwrap(await submitCampaign(scope, campaign.id, { quoteId: quote.id }))
  if (submitted.state !== 'scheduled') throw new Error(`submitted as ${submitted.state}`)
  return campaign.id
}

/** Contacts in many zones, because a slice is of one zone: many small slices make many places to be killed at. */
const ZONES = 40

async function makeList({ sql, workspaceId }: Scope, from: number, messages: number): Promise<string> {
  const listId = newId()
  await sql`INSERT INTO lists (id, workspace_id, name, created_at) VALUES (${listId}, ${workspaceId}, ${`from ${from}`}, now())`
  await sql`
    WITH made AS (
      INSERT INTO contacts (workspace_id, phone, name, time_zone, variables, created_at, updated_at)
      SELECT ${workspaceId}, '+62812' || lpad(i::text, 8, '0'), 'Siti ' || i, (z.names)[1 + i % ${ZONES}::int],
             jsonb_build_object('invoice', 'INV-' || i), now(), now()
        FROM generate_series(${from}::int, ${from + messages - 1}::int) i,
             (SELECT array_agg(name) names FROM (SELECT name FROM pg_timezone_names WHERE name ~ '^(Asia|Europe)/' ORDER BY name LIMIT ${ZONES}::int) n) z
      RETURNING id)
    INSERT INTO list_members SELECT ${workspaceId}, ${listId}, id FROM made`
  return listId
}
