import { instant } from '../platform/db.ts'
import { type MoneyJson, moneyJson, parseAmount } from '../platform/money.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, findWorkspace, recordEvent } from '../workspaces/index.ts'
import type { ApprovalPolicy, PolicyCategory } from './approval.ts'

export type PolicyWords = {
  maxAmount?: MoneyJson | null | undefined
  maxShareOfAvailable?: number | null | undefined
  maxRecipients?: number | null | undefined
  categories?: readonly PolicyCategory[] | null | undefined
  firstOfMaker?: boolean | undefined
  quorum?: number | undefined
  expiresAfterHours?: number | null | undefined
}

/** A policy as it was set, by whom and when. */
export type PolicyVersion = ApprovalPolicy & { readonly createdBy: string; readonly createdAt: string }

/** The policy in force: the newest version; every earlier one is kept. */
export async function findPolicy(scope: Scope): Promise<ApprovalPolicy> {
  const { items } = await listPolicies(scope, { limit: 1 })
  return items[0] ?? ASKS_ALWAYS
}

/** Where no policy is kept, everything that costs something is asked about. */
const ASKS_ALWAYS: ApprovalPolicy = {
  version: 0,
  maxAmountMinor: null,
  maxShareOfAvailable: 0n,
  maxRecipients: null,
  categories: [],
  firstOfMaker: false,
  quorum: 1,
  expiresAfterHours: null,
}

/** Every version of the policy, newest first. A page ends at a version. */
export async function listPolicies(
  scope: Scope,
  request: PageRequest<number>,
): Promise<Page<PolicyVersion, number>> {
  const rows = await scope.sql<PolicyVersion[]>`
    SELECT version, max_amount AS "maxAmountMinor", (max_share_of_available * 10000)::bigint AS "maxShareOfAvailable",
           max_recipients AS "maxRecipients", categories, first_of_maker AS "firstOfMaker", quorum,
           expires_after_hours AS "expiresAfterHours", created_by AS "createdBy", created_at AS "createdAt"
      FROM approval_policies WHERE workspace_id = ${scope.workspaceId} AND version < ${request.after ?? MOST_VERSIONS}
     ORDER BY version DESC LIMIT ${request.limit + 1}`
  const page = pageOf(rows, request.limit, ({ version }) => version)
  return { ...page, items: page.items.map((one) => ({ ...one, createdAt: instant(one.createdAt)! })) }
}

const MOST_VERSIONS = 2_147_483_647

/**
 * Replaces the policy by a new version; what is left out or null does not limit, and one approver suffices. What waits
 * already is decided by what was asked when it was submitted.
 */
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
    INSERT INTO approval_policies (workspace_id, version, max_amount, max_share_of_available, max_recipients, categories,
                                   first_of_maker, quorum, expires_after_hours, created_by, created_at)
    VALUES (${scope.workspaceId}, ${before.version + 1}, ${amountMinor}, ${words.maxShareOfAvailable ?? null}::float8::numeric(6,4),
            ${words.maxRecipients ?? null}, ${[...new Set(words.categories ?? [])]}::text[], ${words.firstOfMaker ?? false},
            ${words.quorum ?? 1}, ${words.expiresAfterHours ?? null}, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)`
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
    categories: policy.categories,
    first_of_maker: policy.firstOfMaker,
    quorum: policy.quorum,
    expires_after_hours: policy.expiresAfterHours,
  }
}
