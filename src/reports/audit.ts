import type { Database } from '../platform/db.ts'
import { newId } from '../platform/ids.ts'
import { formatAmount } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'
import { checkChain, type Stream } from '../wallet/index.ts'
import { INVARIANTS, type Invariant } from './invariants.ts'

/** One invariant, checked: its figures, and where it fails the differences by name. */
export type Check = {
  name: string
  says: string
  ok: boolean
  figures: Record<string, string | number>
  differences: string[]
}

export type AuditReport = { ok: boolean; checks: Check[] }

/**
 * Recomputes the books of one workspace from the ground: every balance from its transfers, every capture from its
 * charges, every charge from a receipt, every hold from its messages, and both chains from their rows. Each check is
 * one statement, and so sees one moment, whatever is being sent meanwhile.
 */
export async function auditWorkspace(scope: Scope): Promise<AuditReport> {
  const checks: Check[] = []
  for (const invariant of INVARIANTS) checks.push(await check(scope, invariant))
  checks.push(await chain(scope, 'transfers'), await chain(scope, 'audit_events'))
  return { ok: checks.every((one) => one.ok), checks }
}

/** The part of the audit that is cheap enough to run all the time: the ledger against itself. */
const WATCHED = ['balances_follow_from_transfers', 'debits_equal_credits']

/**
 * Checks the ledger of a workspace and closes its wallet to new reservations when it does not balance: better to halt
 * than to go on wrongly. It opens again when the ledger balances.
 * @returns the differences found
 */
export async function watchLedger(scope: Scope): Promise<string[]> {
  const checks: Check[] = []
  for (const invariant of INVARIANTS.filter(({ name }) => WATCHED.includes(name)))
    checks.push(await check(scope, invariant))
  const differences = checks.flatMap((one) => one.differences)
  const reason = differences[0] ?? null
  await scope.sql`
    UPDATE workspaces SET frozen_at = CASE WHEN ${reason}::text IS NULL THEN NULL ELSE ${scope.now.toISOString()}::timestamptz END,
           frozen_reason = ${reason}
     WHERE workspace_id = ${scope.workspaceId} AND frozen_reason IS DISTINCT FROM ${reason}::text`
  return differences
}

export type WorkspaceAudit = AuditReport & { workspaceId: string; name: string }

/** The same for every workspace of the installation; it takes the database as its owner. */
export async function auditAll(
  owner: Database,
  only?: string,
): Promise<{ ok: boolean; workspaces: WorkspaceAudit[] }> {
  const workspaces = await owner.sql<{ workspace_id: string; name: string }[]>`
    SELECT workspace_id, name FROM workspaces WHERE ${only ?? null}::text IS NULL OR workspace_id::text = ${only ?? null} ORDER BY created_at`
  const audits: WorkspaceAudit[] = []
  for (const { workspace_id, name } of workspaces) {
    const cause = {
      workspaceId: workspace_id,
      actor: { name: 'system:audit', role: 'owner' as const },
      requestId: `audit ${newId()}`,
    }
    audits.push({ workspaceId: workspace_id, name, ...(await owner.within(cause, auditWorkspace)) })
  }
  return { ok: audits.every((audit) => audit.ok), workspaces: audits }
}

const MOST_DIFFERENCES = 20

async function check(scope: Scope, invariant: Invariant): Promise<Check> {
  const [row] = await scope.sql<{ figures: Record<string, string | number>; faults: string[] | null }[]>`
    WITH ${invariant.query(scope.sql, scope.workspaceId)}
    SELECT (SELECT to_jsonb(f) FROM figures f) AS figures,
           (SELECT array_agg(fault) FROM (SELECT fault FROM faults LIMIT ${MOST_DIFFERENCES}) x) AS faults`
  const differences = row!.faults ?? []
  return {
    name: invariant.name,
    says: invariant.says,
    ok: differences.length === 0,
    figures: readable(row!.figures, invariant.amounts),
    differences,
  }
}

/** Amounts are counted in 1/10,000 and shown as decimals. */
function readable(
  figures: Record<string, string | number>,
  amounts: readonly string[],
): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      amounts.includes(name) ? formatAmount(BigInt(value)) : value,
    ]),
  )
}

async function chain(scope: Scope, stream: Stream): Promise<Check> {
  const { sealed, unsealed, broken } = await checkChain(scope, stream)
  return {
    name: `${stream}_chain`,
    says: `the hash chain over ${stream.replace('_', ' ')} holds from its first row`,
    ok: broken === undefined,
    figures: { sealed, not_yet_sealed: unsealed },
    differences: broken ? [`seal ${broken.seq}, ${stream} row ${broken.row}: ${broken.why}`] : [],
  }
}
