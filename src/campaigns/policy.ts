import { type MoneyJson, moneyJson, parseAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, findWorkspace, recordEvent } from '../workspaces/index.ts'
import type { ApprovalPolicy } from './approval.ts'

export type PolicyWords = {
  maxAmount?: MoneyJson | null | undefined
  maxShareOfAvailable?: number | null | undefined
  maxRecipients?: number | null | undefined
}

/** The policy in force: the newest version; every earlier one is kept. */
export async function findPolicy(scope: Scope): Promise<ApprovalPolicy> {
  const [row] = await scope.sql<
    { version: number; amount: bigint | null; share: bigint | null; recipients: number | null }[]
  >`
    SELECT version, max_amount AS amount, (max_share_of_available * 10000)::bigint AS share, max_recipients AS recipients
      FROM approval_policies WHERE workspace_id = ${scope.workspaceId} ORDER BY version DESC LIMIT 1`
  if (!row) return { version: 0, maxAmountMinor: null, maxShareOfAvailable: 0n, maxRecipients: null }
  return {
    version: row.version,
    maxAmountMinor: row.amount,
    maxShareOfAvailable: row.share,
    maxRecipients: row.recipients,
  }
}

/** Replaces the policy by a new version; what is left out or null does not limit. */
export async function setPolicy(
  scope: Scope,
  words: PolicyWords,
): Promise<Result<ApprovalPolicy, 'forbidden' | 'validation_failed' | 'currency_mismatch'>> {
  const forbidden = allow(scope.actor, 'policy.write')
  if (forbidden) return forbidden
  const { currency } = await findWorkspace(scope)
  if (words.maxAmount && words.maxAmount.currency !== currency) {
    return refuse('currency_mismatch', `This workspace counts in ${currency}.`)
  }
  const amountMinor = words.maxAmount ? parseAmount(words.maxAmount.amount) : null
  if (amountMinor === undefined || (amountMinor !== null && amountMinor < 0n)) {
    return refuse('validation_failed', 'max_amount is a decimal of zero or more.', {
      errors: [
        {
          path: 'max_amount.amount',
          code: 'invalid_amount',
          message: 'Write a decimal such as "500000.00".',
        },
      ],
    })
  }
  await scope.sql`SELECT pg_advisory_xact_lock(hashtextextended('approval policy ' || ${scope.workspaceId}, 0))`
  const before = await findPolicy(scope)
  await scope.sql`
    INSERT INTO approval_policies (workspace_id, version, max_amount, max_share_of_available, max_recipients, created_by, created_at)
    VALUES (${scope.workspaceId}, ${before.version + 1}, ${amountMinor}, ${words.maxShareOfAvailable ?? null}::float8::numeric(6,4),
            ${words.maxRecipients ?? null}, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)`
  const after = await findPolicy(scope)
  await recordEvent(scope, 'policy.changed', 'approval-policy', {
    before: policyFacts(before, currency),
    after: policyFacts(after, currency),
  })
  return ok(after)
}

function policyFacts(policy: ApprovalPolicy, currency: string) {
  return {
    version: policy.version,
    max_amount: policy.maxAmountMinor === null ? null : moneyJson(policy.maxAmountMinor, currency),
    max_share_of_available:
      policy.maxShareOfAvailable === null ? null : Number(policy.maxShareOfAvailable) / 10_000,
    max_recipients: policy.maxRecipients,
  }
}
