import { draftCampaign, quoteCampaign, submitCampaign } from '../../src/campaigns/index.ts'
import { addSender } from '../../src/delivery/index.ts'
import { asOwner, type House, openHouse } from '../../src/house.ts'
import { type Environment, loadConfig } from '../../src/platform/config.ts'
import { newId } from '../../src/platform/ids.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Actor, Scope } from '../../src/platform/scope.ts'
import { auditAll } from '../../src/reports/index.ts'
import { saveTemplate } from '../../src/templates/index.ts'
import { topUp } from '../../src/wallet/index.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import type { Ground } from './ground.ts'

/** A workspace with money on a database of its own, and the house in this process, without workers. */
export type Stage = {
  readonly house: House
  readonly workspaceId: string
  readonly superuserUrl: string
  /** What a part of the program in a process of its own needs to work on the same rows. */
  readonly environment: Record<string, string | undefined>
  as<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  /** Fails loudly if any invariant of the books is broken. */
  audit(): Promise<void>
  close(): Promise<void>
}

const MONEY = { amount: '1000000000000.00', currency: 'USD' }
const OWNER: Actor = { name: 'key:bench', role: 'owner' }

export async function openStage(ground: Ground, environment: Environment = {}): Promise<Stage> {
  const { ownerUrl, superuserUrl } = await ground.freshDatabase()
  const shared = {
    DATABASE_URL: ownerUrl,
    REDIS_URL: ground.redisUrl,
    DATA_DIR: ground.dataDir,
    ...environment,
  }
  const house = await openHouse(loadConfig({ LOG_LEVEL: 'warn', ...shared }))
  const opened = await asOwner(house.ownerUrl, house.clock, (owner) =>
    openWorkspace(owner, { name: 'Bench', currency: MONEY.currency }),
  )
  const { workspaceId } = unwrap(opened)
  const as: Stage['as'] = (work) =>
    house.database.within({ workspaceId, actor: OWNER, requestId: 'bench' }, work)
  unwrap(await as((scope) => topUp(scope, { amount: MONEY, reference: 'bench' })))
  return {
    house,
    workspaceId,
    superuserUrl,
    environment: shared,
    as,
    audit: () => audit(house),
    close: () => house.close(),
  }
}

async function audit(house: House): Promise<void> {
  const { ok, workspaces } = await asOwner(house.ownerUrl, house.clock, (owner) => auditAll(owner))
  if (ok) return
  const broken = workspaces.flatMap(({ checks }) => checks.filter((check) => !check.ok))
  throw new Error(`the audit is not clean: ${JSON.stringify(broken)}`)
}

/**
 * Writes so many contacts and a list of them straight into the rows. With `mixed`, some are abroad, some lack a
 * variable and some have opted out, as in a real list; otherwise each can be sent to.
 */
export async function makeContacts(stage: Stage, count: number, mixed = false): Promise<string> {
  const listId = newId()
  const from = await contactsSoFar(stage)
  await stage.as(async ({ sql, workspaceId }) => {
    await sql`INSERT INTO lists (id, workspace_id, name, created_at) VALUES (${listId}, ${workspaceId}, ${listId}, now())`
    await sql`
      WITH made AS (
        INSERT INTO contacts (workspace_id, phone, name, email, time_zone, variables, created_at, updated_at)
        SELECT ${workspaceId}::uuid, phoneless.lead || lpad(i::text, 9, '0'), 'Siti Rahmawati ' || i,
               'siti.' || i || '@example.com', CASE WHEN ${mixed} AND i % 20 = 7 THEN 'Asia/Makassar' END,
               jsonb_build_object('invoice', 'INV-2026-' || i, 'amount', ((i % 977) * 1000 + 50000)::text,
                 'due_date', ('2026-12-01'::date + i % 28)::text, 'city', 'Jakarta', 'note', 'second reminder')
               - CASE WHEN ${mixed} AND i % 100 = 3 THEN 'invoice' ELSE '' END, now(), now()
          FROM generate_series(${from + 1}::int, ${from + count}::int) i,
               LATERAL (SELECT CASE WHEN NOT ${mixed} OR i % 10 < 7 THEN '+628' || (i % 90 + 10)
                                    ELSE (ARRAY['+6012', '+9198', '+3461'])[i % 3 + 1] END AS lead) phoneless
        RETURNING id)
      INSERT INTO list_members (workspace_id, list_id, contact_id) SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM made`
    if (mixed)
      await sql`
        INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
        SELECT gen_random_uuid(), ${workspaceId}::uuid, c.phone, 'all', 'asked', 'bench', now() FROM contacts c
         WHERE c.workspace_id = ${workspaceId} AND c.id % 50 = 1`
  })
  await refreshStatistics(stage)
  return listId
}

async function contactsSoFar(stage: Stage): Promise<number> {
  const [row] = await stage.as(
    ({ sql, workspaceId }) =>
      sql<{ n: number }[]>`SELECT count(*)::int AS n FROM contacts WHERE workspace_id = ${workspaceId}`,
  )
  return row!.n
}

/** What the database does by itself within a minute or so; a benchmark cannot wait for it. */
export async function refreshStatistics(stage: Stage): Promise<void> {
  await asOwner(stage.house.ownerUrl, stage.house.clock, (owner) => owner.sql`VACUUM (ANALYZE)`)
}

export const WORDS = {
  name: 'Payment due',
  language: 'en',
  category: 'utility',
  body: 'Hi {{name}}, invoice {{invoice}} of {{money amount "IDR"}} is due on {{date due_date}}. Thank you.',
} as const

/** A template and a sender on the stand-in; the sender's `config` says what becomes of messages. */
export async function makeParts(
  stage: Stage,
  config: Record<string, unknown>,
): Promise<{ templateId: string; senderId: string }> {
  const template = unwrap(await stage.as((scope) => saveTemplate(scope, WORDS)))
  const request = { provider: 'simulator', name: 'Bench', config }
  const sender = unwrap(await stage.as((scope) => addSender(scope, stage.house.secrets, request)))
  return { templateId: template.id, senderId: sender.id }
}

/** A campaign to a list, as a draft. */
export async function draft(
  stage: Stage,
  parts: { templateId: string; senderId: string },
  listId: string,
): Promise<string> {
  const request = {
    name: 'Bench',
    ...parts,
    listId,
    schedule: { now: true } as const,
    insufficientFunds: 'block' as const,
  }
  return unwrap(await stage.as((scope) => draftCampaign(scope, request))).id
}

/** Quotes and submits, and gives the seconds that each took. */
export async function quoteAndSubmit(
  stage: Stage,
  campaignId: string,
): Promise<{ quoteSeconds: number; submitSeconds: number; recipients: number }> {
  const startedMs = performance.now()
  const quote = unwrap(await stage.as((scope) => quoteCampaign(scope, campaignId)))
  const quotedMs = performance.now()
  unwrap(await stage.as((scope) => submitCampaign(scope, campaignId, { quoteId: quote.id })))
  return {
    quoteSeconds: (quotedMs - startedMs) / 1000,
    submitSeconds: (performance.now() - quotedMs) / 1000,
    recipients: quote.recipients,
  }
}
