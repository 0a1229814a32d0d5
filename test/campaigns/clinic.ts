import {
  type CampaignWords,
  draftCampaign,
  quoteCampaign,
  submitCampaign,
} from '../../src/campaigns/index.ts'
import { addSender } from '../../src/delivery/index.ts'
import { asOwner } from '../../src/house.ts'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { newId } from '../../src/platform/ids.ts'
import { migrate } from '../../src/platform/migrate.ts'
import { type Result, unwrap } from '../../src/platform/result.ts'
import type { Role, Scope } from '../../src/platform/scope.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { publishSeed } from '../../src/pricing/index.ts'
import { saveTemplate, type TemplateInput } from '../../src/templates/index.ts'
import { topUp } from '../../src/wallet/index.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import { freshDatabase } from '../support/database.ts'

/** Monday 23 November 2026, nine in the morning in Jakarta. */
export const MONDAY = new Date('2026-11-23T02:00:00.000Z')
/** Utility, Indonesia, from the card that is installed: IDR 356.65. */
export const PRICE = 3_566_500n

/** Ratna owns the clinic, Dewi administers, Sari approves, Budi makes campaigns, Joko looks on. */
const PEOPLE = { ratna: 'owner', dewi: 'admin', sari: 'approver', budi: 'marketer', joko: 'viewer' } as const
export type Person = keyof typeof PEOPLE

/** A database of its own with one workspace in it, a clock that is moved by hand, and nobody who works by himself. */
export type Clinic = {
  readonly ownerUrl: string
  readonly superuserUrl: string
  readonly programUrl: string
  readonly database: Database
  readonly workspaceId: string
  now(): Date
  at(moment: Date): void
  later(ms: number): void
  as<T>(person: Person, work: (scope: Scope) => Promise<T>): Promise<T>
  /** The same, as a part of the program itself. */
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  asOwner<T>(work: (owner: Database) => Promise<T>): Promise<T>
  openNeighbour(): Promise<Clinic>
  close(): Promise<void>
}

export async function openClinic(): Promise<Clinic> {
  const { ownerUrl, superuserUrl, drop } = await freshDatabase()
  const { programUrl } = await migrate(ownerUrl)
  let now = MONDAY
  const clock = { now: () => now }
  const database = openDatabase(programUrl, clock, { poolSize: 8 })
  await asOwner(ownerUrl, clock, (owner) => publishSeed(owner.sql))

  const openFirm = async (name: string): Promise<Clinic> => {
    const { workspaceId } = unwrap(
      await asOwner(ownerUrl, clock, (owner) => openWorkspace(owner, { name, currency: 'IDR' })),
    )
    const enter = <T>(called: string, role: Role, work: (scope: Scope) => Promise<T>) =>
      database.within({ workspaceId, actor: { name: called, role }, requestId: 'req-1' }, work)
    return {
      ownerUrl,
      superuserUrl,
      programUrl,
      database,
      workspaceId,
      now: clock.now,
      at: (moment) => {
        now = moment
      },
      later: (ms) => {
        now = new Date(now.getTime() + ms)
      },
      as: (person, work) => enter(`key:${person}`, PEOPLE[person], work),
      within: (work) => enter('system:test', 'owner', work),
      asOwner: (work) => asOwner(ownerUrl, clock, work),
      openNeighbour: () => openFirm('Toko Maju'),
      async close() {
        await database.close()
        await drop()
      },
    }
  }
  return openFirm('Klinik Sehat')
}

export type Patient = { phone: string; name?: string; timeZone?: string; variables?: Record<string, string> }

/** Patients with Indonesian mobile numbers that differ from those of every other `from`. */
export function patients(count: number, from = 0): Patient[] {
  return Array.from({ length: count }, (_, n) => ({
    phone: `+6281${200_000_000 + from + n}`,
    name: `Patient ${from + n}`,
  }))
}

export async function makeList(clinic: Clinic, contacts: readonly Patient[]): Promise<string> {
  const listId = newId()
  await clinic.within(async ({ sql, workspaceId, now }) => {
    const at = now.toISOString()
    await sql`INSERT INTO lists (id, workspace_id, name, created_at) VALUES (${listId}, ${workspaceId}, ${listId}, ${at}::timestamptz)`
    await sql`
      WITH c AS (
        INSERT INTO contacts (workspace_id, phone, name, time_zone, variables, created_at, updated_at)
        SELECT ${workspaceId}::uuid, phone, name, zone, variables::jsonb, ${at}::timestamptz, ${at}::timestamptz
          FROM unnest(${contacts.map((c) => c.phone)}::text[], ${contacts.map((c) => c.name ?? null) as string[]}::text[],
                      ${contacts.map((c) => c.timeZone ?? null) as string[]}::text[],
                      ${contacts.map((c) => JSON.stringify(c.variables ?? {}))}::text[]) AS u(phone, name, zone, variables)
        ON CONFLICT (workspace_id, phone) DO UPDATE SET updated_at = excluded.updated_at
        RETURNING id)
      INSERT INTO list_members (workspace_id, list_id, contact_id)
      SELECT ${workspaceId}::uuid, ${listId}::uuid, id FROM c`
  })
  return listId
}

export const REMINDER: TemplateInput = {
  name: 'Payment due',
  language: 'en',
  category: 'utility',
  body: 'Hi {{name}}, your invoice is due on Friday.',
}

export async function makeTemplate(clinic: Clinic, words: Partial<TemplateInput> = {}): Promise<string> {
  return unwrap(await clinic.as('budi', (scope) => saveTemplate(scope, { ...REMINDER, ...words }))).id
}

const box = openSecretBox('a key that only tests have, of no value to anyone')

export async function makeSender(clinic: Clinic, config: Record<string, unknown> = {}): Promise<string> {
  const request = {
    provider: 'simulator',
    name: 'Front desk',
    config: { messages_per_second: 10_000, lifetime_seconds: 86_400, ...config },
  }
  return unwrap(await clinic.as('dewi', (scope) => addSender(scope, box, request))).id
}

let payments = 0
/** Puts money into the wallet, `amount` as a decimal. */
export async function fund(clinic: Clinic, amount: string): Promise<void> {
  const request = { amount: { amount, currency: 'IDR' }, reference: `transfer-${++payments}` }
  unwrap(await clinic.as('ratna', (scope) => topUp(scope, request)))
}

export type Parts = { templateId: string; senderId: string; listId: string }

export async function makeParts(clinic: Clinic, contacts: readonly Patient[] = patients(10)): Promise<Parts> {
  return {
    templateId: await makeTemplate(clinic),
    senderId: await makeSender(clinic),
    listId: await makeList(clinic, contacts),
  }
}

export async function draft(clinic: Clinic, parts: Parts, more: Partial<CampaignWords> = {}) {
  const words: CampaignWords = {
    name: 'Reminders',
    schedule: { now: true },
    insufficientFunds: 'block',
    ...parts,
    ...more,
  }
  return unwrap(await clinic.as('budi', (scope) => draftCampaign(scope, words))).id
}

export async function quote(clinic: Clinic, campaignId: string) {
  return unwrap(await clinic.as('budi', (scope) => quoteCampaign(scope, campaignId)))
}

export function submit(clinic: Clinic, campaignId: string, quoteId: string) {
  return clinic.as('budi', (scope) => submitCampaign(scope, campaignId, { quoteId }))
}

/** Drafts, quotes and submits; fails where any of it is refused. */
export async function launch(
  clinic: Clinic,
  parts: Parts,
  more: Partial<CampaignWords> = {},
): Promise<string> {
  const id = await draft(clinic, parts, more)
  const { id: quoteId } = await quote(clinic, id)
  unwrap(await submit(clinic, id, quoteId))
  return id
}

/** The reason of a refusal, or undefined: what most tests ask of a result. */
export function reasonOf(result: Result<unknown>): string | undefined {
  return result.ok ? undefined : result.reason
}

/** What is in each account, in 1/10,000 of a unit; `held` is over all holds. */
export type Books = Record<'wallet' | 'held' | 'spent' | 'receivable' | 'funding' | 'adjustment', bigint>

export function booksOf(clinic: Clinic): Promise<Books> {
  return clinic.within(async ({ sql, workspaceId }) => {
    const rows = await sql<{ kind: string; balance: bigint }[]>`
      SELECT kind, sum(credits - debits)::bigint AS balance FROM accounts WHERE workspace_id = ${workspaceId} GROUP BY kind`
    const of = (kind: string) => rows.find((row) => row.kind === kind)?.balance ?? 0n
    return {
      wallet: of('wallet'),
      held: of('hold'),
      spent: of('spent'),
      receivable: of('receivable'),
      funding: of('funding'),
      adjustment: of('adjustment'),
    }
  })
}
