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

/**
 * Writes one transfer; the database folds it into both accounts in the same statement and refuses what is illegal.
 * @returns the transfer's id, or undefined when this id (or top-up reference) was written before
 */
export async function move(scope: Scope, movement: Movement): Promise<string | undefined> {
  const id = movement.id ?? newId(scope.now.getTime())
  const account = (ref: AccountRef) =>
    typeof ref === 'bigint'
      ? scope.sql`${ref}::bigint`
      : scope.sql`(SELECT id FROM accounts WHERE workspace_id = ${scope.workspaceId} AND kind = ${ref})`
  const [written] = await scope.sql<{ id: string }[]>`
    INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, campaign_id, n_items,
                           reference, reason, actor, request_id)
    VALUES (${id}, ${scope.workspaceId}, ${movement.currency}, ${account(movement.from)}, ${account(movement.to)},
            ${movement.amountMinor}, ${movement.kind}, ${movement.campaignId ?? null}, ${movement.nItems ?? 1},
            ${movement.reference ?? null}, ${movement.reason ?? null}, ${scope.actor.name}, ${scope.requestId})
    ON CONFLICT DO NOTHING RETURNING id`
  return written?.id
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
