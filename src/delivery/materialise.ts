import type postgres from 'postgres'
import { roomForMany } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { sliceSize } from './pace.ts'

/** What is frozen when a campaign is submitted; amounts and counts follow from the audience itself. */
export type NewRun = {
  campaignId: string
  senderId: string
  holdId: bigint
  currency: string
  model: string
  /** When a message is charged: on its delivery, or as soon as the provider takes it. */
  chargeOn: 'delivered' | 'accepted'
  category: string
  /** Which template it is, and of which business account, for news of it; null where none is kept there. */
  templateId: string
  accountId: string | null
  /** The template as it will be sent, whatever happens to the saved one later. */
  template: unknown
  timeWindow: unknown
  startsAt: Date
  sendBefore: Date
  lifetimeSeconds: number
  messagesPerSecond: number
  /** How many there were when it was priced; slices are cut to it. */
  recipients: number
}

/**
 * A query giving one row for each recipient: contact_id, phone, zone, variables, price, due_at, and two hashes with
 * different seeds over all that the recipient will be sent and charged (`mark`, `other_mark`).
 */
export type AudienceQuery = postgres.PendingQuery<postgres.Row[]>

/**
 * Freezes an audience: the run, its messages with their prices, what is said to whom, and the slices that workers
 * will claim, in two statements whatever the size. The audience is sorted once, by moment, zone and contact, and
 * everything is numbered and written in that order, so that a slice's rows stand together.
 * @returns how many messages, and the sum of their prices in 1/10,000 units
 */
export async function materialise(scope: Scope, run: NewRun, audience: AudienceQuery): Promise<Frozen> {
  await insertRun(scope, run)
  await roomForMany(scope.sql)
  const [frozen] = await scope.sql<{ count: number; total: bigint; hash: string }[]>`
    WITH sliced AS MATERIALIZED (
      SELECT nextval('messages_id_seq') AS message_id, contact_id, phone, zone, variables, price, due_at, mark, other_mark,
             (sum(begins) OVER (ORDER BY due_at, zone, contact_id ROWS UNBOUNDED PRECEDING))::int AS slice_no
        FROM (SELECT a.*, ((row_number() OVER (PARTITION BY due_at, zone ORDER BY contact_id) - 1)
                            % ${sliceSize(run.messagesPerSecond, run.recipients)}::int = 0)::int AS begins
                FROM (${audience}) a) counted),
    new_slices AS (
      INSERT INTO slices (campaign_id, slice_no, workspace_id, time_zone, due_at)
      SELECT DISTINCT ${run.campaignId}::uuid, slice_no, ${scope.workspaceId}::uuid, zone, due_at FROM sliced),
    new_messages AS (
      INSERT INTO messages (id, workspace_id, campaign_id, contact_id, slice_no, price, on_acceptance)
      OVERRIDING SYSTEM VALUE
      SELECT message_id, ${scope.workspaceId}::uuid, ${run.campaignId}::uuid, contact_id, slice_no, price,
             ${run.chargeOn === 'accepted'}
        FROM sliced),
    new_recipients AS (
      INSERT INTO recipients (message_id, workspace_id, campaign_id, phone, time_zone, variables)
      SELECT message_id, ${scope.workspaceId}::uuid, ${run.campaignId}::uuid, phone, zone, variables
        FROM sliced)
    SELECT count(*)::int AS count, coalesce(sum(price), 0)::bigint AS total,
           ${audienceHash(scope)} AS hash FROM sliced`
  return { count: frozen!.count, totalMinor: frozen!.total, audienceHash: frozen!.hash }
}

/** `audienceHash` stands for who gets what at which price, whatever the order; 32 hex digits. */
export type Frozen = { count: number; totalMinor: bigint; audienceHash: string }

/** The fingerprint of an audience as an aggregate over `mark` and `other_mark`. */
export function audienceHash(scope: Scope) {
  return scope.sql`
    lpad(to_hex(coalesce(bit_xor(mark), 0)), 16, '0') || lpad(to_hex(coalesce(bit_xor(other_mark), 0)), 16, '0')`
}

/** @param spareMinor what is kept for messages that do not exist yet */
export async function insertRun(scope: Scope, run: NewRun, spareMinor = 0n): Promise<void> {
  await scope.sql`
    INSERT INTO runs (campaign_id, workspace_id, sender_id, hold_id, currency, model, charge_on, category, template,
                      time_window, template_id, account_id, spare, state, starts_at, send_before, lifetime_seconds)
    VALUES (${run.campaignId}, ${scope.workspaceId}, ${run.senderId}, ${run.holdId}, ${run.currency}, ${run.model}, ${run.chargeOn},
            ${run.category}, ${JSON.stringify(run.template)}::text::jsonb,
            ${run.timeWindow === null ? null : JSON.stringify(run.timeWindow)}::text::jsonb,
            ${run.templateId}, ${run.accountId}, ${spareMinor}, 'waiting',
            ${run.startsAt.toISOString()}::timestamptz, ${run.sendBefore.toISOString()}::timestamptz,
            ${run.lifetimeSeconds})`
}
