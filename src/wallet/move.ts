import { listOf } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'
import type { TransferKind } from './ledger.ts'

/** A movement of money to write; amounts in 1/10,000 of a unit. `from` and `to` are account ids or kinds. */
export type Movement = {
  id?: string
  kind: TransferKind
  from: AccountRef
  to: AccountRef
  amountMinor: bigint
  currency: string
  campaignId?: string
  nItems?: number
  reference?: string
  reason?: string
}

export type AccountRef = bigint | 'funding' | 'wallet' | 'spent' | 'adjustment' | 'receivable'

/** A movement whose transfer has its id, so that others can name it before it is written. */
export type PlannedMovement = Movement & { id: string }

/**
 * Writes one transfer; the database folds it into both accounts in the same statement and refuses what is illegal.
 * @returns the transfer's id, or undefined when this id (or top-up reference) was written before
 */
export async function move(scope: Scope, movement: Movement): Promise<string | undefined> {
  const planned = { ...movement, id: movement.id ?? newId(scope.now.getTime()) }
  const [written] = await scope.sql<{ id: string }[]>`
    ${transfersOf(scope, [planned])} ON CONFLICT DO NOTHING RETURNING id`
  return written?.id
}

/**
 * The statement that writes transfers, by itself or as a part of a larger one; as with `move`, the database folds them
 * into their accounts and refuses what is illegal.
 */
export function transfersOf(
  { sql, workspaceId, actor, requestId }: Scope,
  planned: readonly PlannedMovement[],
) {
  const column = (read: (movement: PlannedMovement) => string | number | bigint | undefined) =>
    listOf(planned.map((movement) => read(movement) ?? null))
  return sql`
    INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, campaign_id, n_items,
                           reference, reason, actor, request_id)
    SELECT t.id, ${workspaceId}::uuid, t.currency, coalesce(t.from_id, f.id), coalesce(t.to_id, g.id), t.amount, t.kind, t.campaign_id,
           t.n_items, t.reference, t.reason, ${actor.name}, ${requestId}
      FROM unnest(${column(({ id }) => id)}::uuid[], ${column(({ currency }) => currency)}::text[],
                  ${column(({ from }) => idOf(from))}::bigint[], ${column(({ from }) => kindOf(from))}::text[],
                  ${column(({ to }) => idOf(to))}::bigint[], ${column(({ to }) => kindOf(to))}::text[],
                  ${column(({ amountMinor }) => amountMinor)}::bigint[], ${column(({ kind }) => kind)}::text[],
                  ${column(({ campaignId }) => campaignId)}::uuid[], ${column(({ nItems }) => nItems ?? 1)}::int[],
                  ${column(({ reference }) => reference)}::text[], ${column(({ reason }) => reason)}::text[])
           AS t(id, currency, from_id, from_kind, to_id, to_kind, amount, kind, campaign_id, n_items, reference, reason)
      LEFT JOIN accounts f ON f.workspace_id = ${workspaceId} AND f.kind = t.from_kind AND f.kind <> 'hold'
      LEFT JOIN accounts g ON g.workspace_id = ${workspaceId} AND g.kind = t.to_kind AND g.kind <> 'hold'`
}

function idOf(account: AccountRef): bigint | undefined {
  return typeof account === 'bigint' ? account : undefined
}

function kindOf(account: AccountRef): string | undefined {
  return typeof account === 'string' ? account : undefined
}

export type Available = { currency: string; availableMinor: bigint }

/** The available balance, locked until the transaction ends, so that a decision about it still holds when it is written. */
export async function lockAvailable(scope: Scope): Promise<Available> {
  return readAvailable(scope, scope.sql`FOR NO KEY UPDATE`)
}

/** The available balance as it is; it may be another one a moment later. */
export async function seeAvailable(scope: Scope): Promise<Available> {
  return readAvailable(scope, scope.sql``)
}

async function readAvailable(scope: Scope, lock: ReturnType<Scope['sql']>): Promise<Available> {
  const [row] = await scope.sql<{ currency: string; available: bigint }[]>`
    SELECT currency, credits - debits AS available FROM accounts
     WHERE workspace_id = ${scope.workspaceId} AND kind = 'wallet' ${lock}`
  if (!row) throw new Error('a workspace without a wallet')
  return { currency: row.currency, availableMinor: row.available }
}

/** What late deliveries cost beyond the balance and is not paid yet, in 1/10,000 of a unit; it changes under the wallet's lock. */
export async function readOwed(scope: Scope): Promise<bigint> {
  const [row] = await scope.sql<{ owed: bigint }[]>`
    SELECT greatest(debits - credits, 0) AS owed FROM accounts
     WHERE workspace_id = ${scope.workspaceId} AND kind = 'receivable'`
  if (!row) throw new Error('a workspace without a receivable account')
  return row.owed
}
