import { recordWishes } from '../contacts/index.ts'
import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import type { KnownReceipt } from './receipt.ts'

/** The person has stopped marketing messages of this business: the platform says so by refusing one. */
export const STOPPED_MARKETING = '131050'

/** A failure that tells what its recipient wishes is an opt-out like any other. */
export async function hearRefusals(scope: Scope, receipts: readonly KnownReceipt[]): Promise<void> {
  const refused = receipts.filter(({ update }) => update.error?.code === STOPPED_MARKETING)
  const told = refused.map(({ messageId, update }) => ({ messageId, saidAt: new Date(update.occurredAt) }))
  await keepRefusals(scope, told)
}

/** The recipients of these messages want no more marketing, as of then. */
export async function keepRefusals(
  scope: Scope,
  refused: readonly { messageId: bigint; saidAt: Date }[],
): Promise<void> {
  if (refused.length === 0) return
  const rows = await scope.sql<{ message_id: bigint; phone: string }[]>`
    SELECT message_id, phone FROM recipients WHERE workspace_id = ${scope.workspaceId}
       AND message_id = ANY(${listOf(refused.map((one) => one.messageId))}::bigint[])`
  const phoneOf = new Map(rows.map((row) => [row.message_id, row.phone]))
  await recordWishes(
    scope,
    refused.flatMap(({ messageId, saidAt }) => {
      const phone = phoneOf.get(messageId)
      if (phone === undefined) return []
      const reason = 'stopped marketing in WhatsApp'
      return [
        {
          person: phone.replace(/^\+/, ''),
          scope: 'marketing' as const,
          wish: 'stop' as const,
          saidAt,
          reason,
        },
      ]
    }),
  )
}
