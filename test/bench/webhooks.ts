import { openInbox } from '../../src/delivery/index.ts'
import type { Stage } from './stage.ts'

export type Status = readonly [messageId: bigint, status: 'sent' | 'delivered' | 'read']

/** Updates in one webhook of a busy number, as the platform gathers them. */
export const IN_A_BATCH = 100

/** Updates as webhooks of a busy number. */
export function batches(statuses: readonly Status[]): Status[][] {
  const count = Math.ceil(statuses.length / IN_A_BATCH)
  return Array.from({ length: count }, (_, at) => statuses.slice(at * IN_A_BATCH, (at + 1) * IN_A_BATCH))
}

/** Stores webhooks as the server does, without telling anybody. */
export async function storeWebhooks(
  stage: Stage,
  senderId: string,
  webhooks: readonly Status[][],
): Promise<void> {
  const inbox = openInbox(stage.house.database.sql, () => {})
  const AT_ONCE = 5_000
  for (let from = 0; from < webhooks.length; from += AT_ONCE) {
    await Promise.all(
      webhooks
        .slice(from, from + AT_ONCE)
        .map((statuses) => inbox.store(senderId, Buffer.from(bodyOf(statuses)))),
    )
  }
}

/** A webhook as the Cloud API posts it. */
function bodyOf(statuses: readonly Status[]): string {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const value = {
    messaging_product: 'whatsapp',
    metadata: { display_phone_number: '15550783881', phone_number_id: '106540352242922' },
    statuses: statuses.map(([id, status]) => ({
      id: `wamid.HBgNNjI4MTIzNDU2Nzg5MBUCABEYEjQ${id}`,
      status,
      timestamp,
      recipient_id: `62812${String(id).padStart(9, '0')}`,
      biz_opaque_callback_data: `dc.${id}.1`,
      pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' },
    })),
  }
  const entry = [{ id: '102290129340398', changes: [{ value, field: 'messages' }] }]
  return JSON.stringify({ object: 'whatsapp_business_account', entry })
}
