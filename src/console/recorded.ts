import type { Quote } from '../campaigns/index.ts'
import { aPageByKeys, instant } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { Variables } from '../templates/index.ts'
import { percentOf } from './show.ts'
import { say } from './view.ts'

/** What was written down and no room's own reading offers yet; only ever read, each behind the workspace's wall. */

type QuoteRow = Omit<Quote, 'lines' | 'expiresAt' | 'createdAt'> & {
  lines: { market: string; category: string; count: number; unitPriceMinor: string; subtotalMinor: string }[]
  expiresAt: string
  createdAt: string
}

/** A quote as it was given. */
export async function findQuote(scope: Scope, quoteId: string) {
  const [row] = await scope.sql<QuoteRow[]>`
    SELECT id, currency, total AS "totalMinor", minimum AS "minimumMinor", recipients, lines, excluded, model,
           price_day::text AS "priceDay", coalesce(rate_card_as_of, price_day)::text AS "rateCardAsOf",
           expires_at AS "expiresAt", created_at AS "createdAt"
      FROM quotes WHERE id = ${quoteId} AND workspace_id = ${scope.workspaceId}`
  if (!row) return undefined
  const lines = row.lines.map((line) => ({
    ...line,
    share: percentOf(BigInt(line.subtotalMinor), row.totalMinor),
    unitPriceMinor: BigInt(line.unitPriceMinor),
    subtotalMinor: BigInt(line.subtotalMinor),
  }))
  return { ...row, lines, expiresAt: instant(row.expiresAt)!, createdAt: instant(row.createdAt)! }
}

type Recipient = { id: bigint; phone: string; variables: Variables; price: bigint }

/** A campaign's messages, of one price where it is given, in the order in which they are sent, as they were frozen. */
function recipientsInOrder({ sql, workspaceId }: Scope, campaignId: string, priceMinor: bigint | undefined) {
  return sql`
    SELECT m.id, r.phone, r.variables, m.price FROM messages m
     CROSS JOIN LATERAL (SELECT phone, variables FROM recipients WHERE message_id = m.id OFFSET 0) r
     WHERE m.campaign_id = ${campaignId} AND m.workspace_id = ${workspaceId}
       ${priceMinor === undefined ? sql`` : sql`AND m.price = ${priceMinor}`}
     ORDER BY m.slice_no, m.id`
}

/** Whom the first messages of a campaign go to, and with which values: of one price where it is given. */
export function firstRecipients(scope: Scope, campaignId: string, limit: number, priceMinor?: bigint) {
  const inOrder = recipientsInOrder(scope, campaignId, priceMinor)
  return aPageByKeys(scope.sql, scope.sql<Recipient[]>`${inOrder} LIMIT ${limit}`, true)
}

/** So many of a campaign's messages are looked through for the longest: a page must not look at a million. */
export const LOOKED_THROUGH = 5_000

/** Of the first messages the one with the longest values, and one of those that cost most. */
export async function extremeRecipients(scope: Scope, campaignId: string, dearestMinor: bigint | undefined) {
  const first = recipientsInOrder(scope, campaignId, undefined)
  const longestOfFirst = scope.sql<Recipient[]>`
    SELECT * FROM (${first} LIMIT ${LOOKED_THROUGH}) f ORDER BY length(variables::text) DESC, id LIMIT 1`
  const [longest] = await aPageByKeys(scope.sql, longestOfFirst, true)
  const [dearest] =
    dearestMinor === undefined ? [] : await firstRecipients(scope, campaignId, 1, dearestMinor)
  return { longest, dearest }
}

/** The last campaign before this one that all approved who were asked: of the same template if there is one. */
export async function lastApproved(scope: Scope, campaign: { id: string; templateId: string }) {
  const [row] = await scope.sql<
    {
      id: string
      name: string
      at: string
      template: string
      list: string
      sender: string
      recipients: number
      total: bigint
      category: string
      body: string | null
    }[]
  >`
    SELECT c.id, c.name, a.created_at AS at, t.name AS template, l.name AS list, s.name AS sender, q.recipients, q.total, t.category,
           (SELECT u.template -> 'words' ->> 'body' FROM runs u WHERE u.campaign_id = c.id) AS body
      FROM approvals a JOIN campaigns c ON c.id = a.campaign_id AND c.workspace_id = a.workspace_id
      JOIN quotes q ON q.id = c.quote_id JOIN templates t ON t.id = c.template_id JOIN lists l ON l.id = c.list_id
      JOIN senders s ON s.id = c.sender_id
     WHERE a.workspace_id = ${scope.workspaceId} AND a.decision = 'approve' AND c.id <> ${campaign.id}
       AND (SELECT count(*) FROM approvals o WHERE o.campaign_id = a.campaign_id AND o.digest = a.digest AND o.decision = 'approve')
           >= (SELECT r.quorum FROM approval_requests r WHERE r.campaign_id = a.campaign_id AND r.digest = a.digest)
     ORDER BY (c.template_id = ${campaign.templateId}) DESC, a.created_at DESC LIMIT 1`
  return row && { ...row, at: instant(row.at)! }
}

/** What cancelling now would give back at once, and how many messages are past that. */
export async function cancellationOf(scope: Scope, campaignId: string) {
  const [row] = await scope.sql<{ unsent: number; released: bigint; underway: number }[]>`
    SELECT count(*) FILTER (WHERE state = 'queued')::int AS unsent,
           coalesce(sum(price) FILTER (WHERE state = 'queued'), 0)::bigint AS released,
           count(*) FILTER (WHERE state IN ('sending', 'sent', 'uncertain'))::int AS underway
      FROM messages WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
  return row!
}

export type Sums = { readonly recipients: number; readonly heldMinor: bigint; readonly capturedMinor: bigint }
export const NO_SUMS: Sums = { recipients: 0, heldMinor: 0n, capturedMinor: 0n }

/** How many recipients each of these campaigns has, what was reserved for it and what was charged. */
export async function sumsOf(
  scope: Scope,
  campaignIds: readonly string[],
): Promise<ReadonlyMap<string, Sums>> {
  const rows = await scope.sql<(Sums & { id: string })[]>`
    SELECT c.id,
           coalesce((SELECT sum(n) FROM message_counts m WHERE m.campaign_id = c.id AND m.state <> 'held'), 0)::int AS recipients,
           coalesce((SELECT sum(amount) FROM transfers t WHERE t.campaign_id = c.id AND t.kind = 'reserve'), 0)::bigint AS "heldMinor",
           coalesce((SELECT sum(amount) FROM transfers t WHERE t.campaign_id = c.id AND t.kind IN ('capture','late_capture')), 0)::bigint
             AS "capturedMinor"
      FROM campaigns c WHERE c.workspace_id = ${scope.workspaceId} AND c.id = ANY(${campaignIds as string[]}::uuid[])`
  return new Map(rows.map((row) => [row.id, row]))
}

/** The names of campaigns that the ledger speaks of. */
export async function campaignNames(
  scope: Scope,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const rows = await scope.sql<{ id: string; name: string }[]>`
    SELECT id, name FROM campaigns WHERE workspace_id = ${scope.workspaceId} AND id = ANY(${ids as string[]}::uuid[])`
  return new Map(rows.map(({ id, name }) => [id, name]))
}

/** Who somebody is, by the name in a trace: the key's own name or its beginning, or that nobody had to do it. */
export async function actorNames(
  scope: Scope,
  actors: readonly string[],
): Promise<(actor: string) => string> {
  const ids = actors.filter((actor) => actor.startsWith('key:')).map((actor) => actor.slice(4))
  const rows = await scope.sql<{ id: string; name: string; prefix: string; role: string }[]>`
    SELECT id, name, prefix, role FROM api_keys
     WHERE workspace_id = ${scope.workspaceId} AND id::text = ANY(${ids as string[]}::text[])`
  const known = new Map(
    rows.map(({ id, name, prefix, role }) => [`key:${id}`, `${name || `dck_${prefix}…`} (${role})`]),
  )
  const memberIds = actors.filter((actor) => actor.startsWith('member:')).map((actor) => actor.slice(7))
  const people = await scope.sql<{ id: string; name: string; role: string }[]>`
    SELECT id, name, role FROM members
     WHERE workspace_id = ${scope.workspaceId} AND id::text = ANY(${memberIds as string[]}::text[])`
  for (const { id, name, role } of people) known.set(`member:${id}`, `${name} (${role})`)
  return (actor) => known.get(actor) ?? (actor.startsWith('system:') ? say('actor.system') : actor)
}

/** The campaign of which this one says the same again, and the one that says the same again as this. */
export async function againOf(scope: Scope, campaign: { id: string; againOf: string | null }) {
  const rows = await scope.sql<{ id: string; name: string }[]>`
    SELECT id, name FROM campaigns
     WHERE workspace_id = ${scope.workspaceId} AND (id = ${campaign.againOf} OR again_of = ${campaign.id})`
  return {
    was: rows.find(({ id }) => id === campaign.againOf),
    is: rows.find(({ id }) => id !== campaign.againOf),
  }
}
