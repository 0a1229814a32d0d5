import { and, eq } from 'drizzle-orm'
import { isUuid } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import type { TemplateAccount } from '../templates/index.ts'
import { findProvider } from './providers/index.ts'
import { senders } from './tables.ts'

/** Where a sender's templates are kept on its platform; undefined for a channel that keeps none. */
export function templateAccount(sender: {
  id: string
  provider: string
  config: Record<string, unknown>
}): TemplateAccount | undefined {
  return findProvider(sender.provider)?.accountOf?.(sender.config, sender.id)
}

/** The business account of a sender of this workspace. Refused where there is no such sender, or its channel keeps none. */
export async function findTemplateAccount(
  scope: Scope,
  senderId: string,
): Promise<Result<TemplateAccount & { senderId: string }, 'not_found' | 'sender_without_templates'>> {
  const [sender] = isUuid(senderId)
    ? await scope.db
        .select({ id: senders.id, provider: senders.provider, config: senders.config })
        .from(senders)
        .where(and(eq(senders.id, senderId), eq(senders.workspaceId, scope.workspaceId)))
    : []
  if (!sender) return refuse('not_found', 'There is no such sender in this workspace.')
  const account = templateAccount(sender)
  if (!account)
    return refuse(
      'sender_without_templates',
      'This sender’s channel keeps no templates: what you write is sent as it stands.',
    )
  return ok({ ...account, senderId })
}
