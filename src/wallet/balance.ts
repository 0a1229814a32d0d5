import { and, eq, isNull, ne, or, sql } from 'drizzle-orm'
import type { Scope } from '../platform/scope.ts'
import { accounts } from './tables.ts'

/** A workspace's money, in 1/10,000 of a unit. `owedMinor` is what late deliveries cost beyond the balance. */
export type Balance = {
  currency: string
  availableMinor: bigint
  heldMinor: bigint
  spentMinor: bigint
  owedMinor: bigint
}

/** Reads the wallet: what can be spent, what campaigns hold, what was spent, what is owed. */
export async function readBalance(scope: Scope): Promise<Balance> {
  const rows = await scope.db
    .select({
      currency: accounts.currency,
      kind: accounts.kind,
      balance: sql<bigint>`sum(${accounts.credits} - ${accounts.debits})::bigint`,
    })
    .from(accounts)
    .where(
      and(
        eq(accounts.workspaceId, scope.workspaceId),
        or(ne(accounts.kind, 'hold'), isNull(accounts.closedAt)),
      ),
    )
    .groupBy(accounts.currency, accounts.kind)
  const of = (kind: string) => BigInt(rows.find((row) => row.kind === kind)?.balance ?? 0n)
  const currency = rows[0]?.currency
  if (currency === undefined) throw new Error('a workspace without accounts')
  return {
    currency,
    availableMinor: of('wallet'),
    heldMinor: of('hold'),
    spentMinor: of('spent'),
    owedMinor: -of('receivable'),
  }
}
