import { ofSoughtContacts, seekContacts } from '../contacts/index.ts'
import { aPageByKeys } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import { compileMarkets, findMarketRows } from '../pricing/index.ts'
import { explain, type MessageFacts } from './explain.ts'

/** One recipient of a campaign: what happened to the message and what it cost, in 1/10,000 units. */
export type MessageLine = {
  id: string
  contactId: string
  phone: string | null
  /** As the campaign knew it; null once the contact is erased. */
  name: string | null
  state: string
  priceMinor: bigint
  chargedMinor: bigint
  explanation: string
  attempts: number
  providerMessageId: string | null
  error: { code: string; detail: string | null } | null
  sentAt: string | null
  deliveredAt: string | null
  readAt: string | null
  /** The message by another channel that took its place, once this one had failed. */
  fallback: { id: string; campaignId: string; state: string; chargedMinor: bigint } | null
}

type Row = {
  id: bigint
  slice_no: number
  contact_id: bigint
  phone: string | null
  name: string | null
  state: string
  price: bigint
  attempts: number
  reason: string | null
  sent_at: string | null
  delivered_at: string | null
  read_at: string | null
  due_at: string | null
  provider_message_id: string | null
  code: string | null
  detail: string | null
  amount: bigint | null
  charge_reason: string | null
  late: boolean | null
  category: string
  currency: string
  next_id: bigint | null
  next_campaign_id: string | null
  next_state: string | null
  next_amount: bigint | null
}

/** A place among a campaign's messages: the slice and the message. */
export type MessagePlace = readonly [sliceNo: number, id: string]

/**
 * A page of a campaign's recipients in the order in which they are sent. Only the page itself is looked up further,
 * so that the last page of a million costs no more than the first.
 */
export async function listMessages(
  scope: Scope,
  request: PageRequest<MessagePlace> & {
    campaignId: string
    state?: string | undefined
    /** In the name, address or number of the recipient, as the contact is now. */
    words?: string | undefined
    timeZone: string
    /** Says it in another language than English, from the same facts. */
    explained?: Explained | undefined
  },
): Promise<Page<MessageLine, MessagePlace>> {
  const { sql } = scope
  const { after, state, words, limit } = request
  const sought = words === undefined ? undefined : await seekContacts(scope, words)
  // Looked up row by row: only so is each found by its key, whatever the planner thinks how many there are.
  const beside = (query: ReturnType<typeof sql>) => sql`LEFT JOIN LATERAL (${query} OFFSET 0)`
  const ofPage = sql<Row[]>`
    WITH page AS MATERIALIZED (
      SELECT * FROM messages
       WHERE campaign_id = ${request.campaignId} AND workspace_id = ${scope.workspaceId}
         ${after === undefined ? sql`` : sql`AND (slice_no, id) > (${after[0]}::int, ${after[1]}::bigint)`}
         ${state === undefined ? sql`` : sql`AND state = ${state}`}
         ${sought === undefined ? sql`` : sql`AND ${ofSoughtContacts(scope, sought, 'messages.contact_id')}`}
       ORDER BY slice_no, id LIMIT ${limit + 1})
    SELECT m.id, m.slice_no, m.contact_id, r.phone, r.name, m.state, m.price, m.attempts,
           m.reason, m.sent_at, m.delivered_at, m.read_at, s.due_at, a.provider_message_id,
           coalesce(f.code, a.code) AS code, coalesce(f.detail, a.detail) AS detail,
           c.amount, c.charge_reason, c.late, run.category, run.currency,
           n.id AS next_id, n.campaign_id AS next_campaign_id, n.state AS next_state, n.amount AS next_amount
      FROM page m
      ${beside(sql`SELECT category, currency FROM runs WHERE campaign_id = m.campaign_id`)} run ON true
      ${beside(sql`SELECT due_at FROM slices WHERE campaign_id = m.campaign_id AND slice_no = m.slice_no`)} s ON true
      ${beside(sql`SELECT phone, variables ->> 'name' AS name FROM recipients WHERE message_id = m.id`)} r ON true
      ${beside(sql`SELECT provider_message_id, code, detail FROM attempts WHERE message_id = m.id AND attempt_no = m.attempts`)} a ON true
      ${beside(sql`SELECT code, detail FROM receipts WHERE message_id = m.id AND attempt_no = m.attempts AND status = 'failed'`)} f ON true
      ${beside(sql`SELECT amount, reason AS charge_reason, late FROM charges WHERE message_id = m.id`)} c ON true
      ${beside(sql`SELECT next_message_id FROM fallbacks WHERE message_id = m.id`)} fb ON true
      ${beside(sql`SELECT id, campaign_id, state, (SELECT amount FROM charges WHERE message_id = messages.id)
                     FROM messages WHERE id = fb.next_message_id`)} n ON true
     ORDER BY m.slice_no, m.id`
  // Few contacts are looked up and their messages put in order; else messages are looked through in theirs.
  const rows = await aPageByKeys(sql, ofPage, sought?.few === undefined)
  const marketOf = compileMarkets(await findMarketRows(sql), scope.now.toISOString().slice(0, 10))
  const { items, next } = pageOf(rows, limit, (row): MessagePlace => [row.slice_no, row.id.toString()])
  return { items: items.map((row) => toLine(row, request.timeZone, marketOf, request.explained)), next }
}

function nextLeg(row: Row): MessageLine['fallback'] {
  if (row.next_id === null) return null
  return {
    id: row.next_id.toString(),
    campaignId: row.next_campaign_id!,
    state: row.next_state!,
    chargedMinor: row.next_amount ?? 0n,
  }
}

type Explained = (facts: MessageFacts, english: string) => string

function toLine(
  row: Row,
  timeZone: string,
  marketOf: (digits: string) => string,
  explained: Explained = (_facts, english) => english,
): MessageLine {
  const facts: MessageFacts = {
    state: row.state,
    currency: row.currency,
    priceMinor: row.price,
    chargedMinor: row.amount ?? undefined,
    chargeReason: row.charge_reason,
    late: row.late ?? false,
    category: row.category,
    market: row.phone === null ? null : marketOf(row.phone.slice(1)),
    reason: row.reason,
    detail: row.detail,
    dueAt: row.due_at,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    readAt: row.read_at,
    timeZone,
    nextState: row.next_state,
    nextChargedMinor: row.next_amount ?? undefined,
  }
  const failed = row.state === 'failed' || row.state === 'uncertain'
  return {
    id: row.id.toString(),
    contactId: row.contact_id.toString(),
    phone: row.phone,
    name: row.name,
    state: row.state,
    priceMinor: row.price,
    chargedMinor: row.amount ?? 0n,
    fallback: nextLeg(row),
    explanation: explained(facts, explain(facts)),
    attempts: row.attempts,
    providerMessageId: row.provider_message_id,
    error: failed ? { code: row.code ?? row.reason ?? 'unknown', detail: row.detail } : null,
    sentAt: row.sent_at,
    deliveredAt: row.delivered_at,
    readAt: row.read_at,
  }
}
