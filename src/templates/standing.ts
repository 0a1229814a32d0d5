import type { Scope } from '../platform/scope.ts'
import type { Category } from './input.ts'
import { isSendable, type ParameterFormat, type PlatformStatus, statusSentence } from './platform-state.ts'

/**
 * Where a sender's templates are kept, and whether they may be sent only once the platform has approved them: `known`
 * asks it of an account of which any template is known. Of one whose templates were never fetched nothing is known, and
 * the platform itself refuses what it does not have, which pauses the campaign.
 */
export type TemplateAccount = {
  readonly accountId: string
  readonly needsApproval: 'always' | 'known' | 'never'
}

/** Whether a template may be sent on an account now, as what, and if not why, in a sentence for people. */
export type Standing = {
  readonly sendable: boolean
  readonly sentence: string
  /** Undefined where the platform has never been told of it. */
  readonly onPlatform:
    | {
        readonly id: string
        readonly name: string
        readonly category: Category
        readonly categoryAt: string
        readonly ttlSeconds: number | null
        readonly parameterFormat: ParameterFormat
      }
    | undefined
}

const FREE: Standing = { sendable: true, sentence: 'The template may be sent.', onPlatform: undefined }

/**
 * How a template stands on an account. What is read stays so until the transaction ends: news of it waits, so that
 * what is decided here still holds when it is written.
 */
export async function standingOf(
  scope: Scope,
  templateId: string,
  account: TemplateAccount | undefined,
): Promise<Standing> {
  if (!account) return FREE
  const [row] = await scope.sql<StandingRow[]>`
    SELECT id, name, status, reason, category, category_at, ttl_seconds, parameter_format FROM platform_templates
     WHERE workspace_id = ${scope.workspaceId} AND account_id = ${account.accountId} AND template_id = ${templateId}
     ORDER BY status = 'deleted', created_at DESC LIMIT 1 FOR SHARE`
  if (!row) return (await mustBeKnown(scope, account)) ? UNKNOWN : FREE
  return {
    sendable: isSendable(row.status),
    sentence: statusSentence(row.status, row.reason),
    onPlatform: {
      id: row.id,
      name: row.name,
      category: row.category,
      categoryAt: row.category_at,
      ttlSeconds: row.ttl_seconds,
      parameterFormat: row.parameter_format,
    },
  }
}

async function mustBeKnown(scope: Scope, { accountId, needsApproval }: TemplateAccount): Promise<boolean> {
  if (needsApproval !== 'known') return needsApproval === 'always'
  const [known] = await scope.sql`
    SELECT 1 FROM platform_templates WHERE workspace_id = ${scope.workspaceId} AND account_id = ${accountId} LIMIT 1`
  return known !== undefined
}

const UNKNOWN: Standing = {
  sendable: false,
  sentence:
    'The template is not known on the WhatsApp Business account of this sender: submit it there first, or, if it is there already, fetch the account’s templates.',
  onPlatform: undefined,
}

type StandingRow = {
  id: string
  name: string
  status: PlatformStatus
  reason: string | null
  category: Category
  category_at: string
  ttl_seconds: number | null
  parameter_format: ParameterFormat
}
