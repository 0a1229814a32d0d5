import { findPeople, type Handle, recordWishes, rememberHandles, type Wish } from '../contacts/index.ts'
import type { InboundMessage } from '../delivery/index.ts'
import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { readWish } from './opt-out.ts'

/** A customer's message with the webhook that brought it. */
export type HeardMessage = { webhookId: bigint; message: InboundMessage }

/**
 * Keeps what customers wrote, each message once (the earliest, should an id ever come twice), learns by which names they are known, and does at once what they
 * wish: whoever writes STOP is blocked in the same transaction.
 */
export async function hearInbound(
  scope: Scope,
  senderId: string,
  heard: readonly HeardMessage[],
): Promise<void> {
  if (heard.length === 0) return
  const people = await findPeople(
    scope,
    heard.map(({ message }) => ({ number: message.from, userId: message.fromUserId })),
  )
  await keep(scope, senderId, heard, people)
  await learnNames(
    scope,
    heard.flatMap(({ message }, index) => handlesOf(message, people[index])),
  )
  await recordWishes(
    scope,
    heard.flatMap(({ message }) => wishesOf(message)),
  )
}

async function keep(
  scope: Scope,
  senderId: string,
  heard: readonly HeardMessage[],
  people: readonly (bigint | undefined)[],
): Promise<void> {
  const of = (read: (message: InboundMessage) => string | undefined) =>
    listOf(heard.map(({ message }) => read(message) ?? null))
  await scope.sql`
    INSERT INTO inbound_messages AS m (workspace_id, sender_id, webhook_id, provider_message_id, contact_id, from_number,
                                  from_user_id, kind, text, payload, in_reply_to, occurred_at)
    SELECT DISTINCT ON (n.provider_message_id) ${scope.workspaceId}::uuid, ${senderId}::uuid, n.*
      FROM unnest(${listOf(heard.map(({ webhookId }) => webhookId))}::bigint[], ${of((m) => m.providerMessageId)}::text[],
                  ${listOf(people.map((id) => id ?? null))}::bigint[], ${of((m) => m.from)}::text[],
                  ${of((m) => m.fromUserId)}::text[], ${of((m) => m.type)}::text[], ${of((m) => m.text)}::text[],
                  ${of((m) => m.payload)}::text[], ${of((m) => m.inReplyTo)}::text[],
                  ${of((m) => m.occurredAt)}::text[]::timestamptz[])
        AS n(webhook_id, provider_message_id, contact_id, from_number, from_user_id, kind, text, payload, in_reply_to, occurred_at)
     ORDER BY n.provider_message_id, n.occurred_at, n.kind
    ON CONFLICT (workspace_id, provider_message_id) DO UPDATE SET
      webhook_id = excluded.webhook_id, contact_id = excluded.contact_id, from_number = excluded.from_number,
      from_user_id = excluded.from_user_id, kind = excluded.kind, text = excluded.text, payload = excluded.payload,
      in_reply_to = excluded.in_reply_to, occurred_at = excluded.occurred_at
      WHERE (excluded.occurred_at, excluded.kind) < (m.occurred_at, m.kind)`
}

/**
 * A new name of somebody may make known who wrote before, and so by which further names they go: until nothing is new.
 */
async function learnNames(scope: Scope, handles: readonly Handle[]): Promise<void> {
  if (handles.length === 0) return
  await rememberHandles(scope, handles)
  const linked = await scope.sql<
    { contact_id: bigint; from_number: string | null; from_user_id: string | null }[]
  >`
    UPDATE inbound_messages m SET contact_id = h.contact_id FROM contact_handles h
     WHERE m.workspace_id = ${scope.workspaceId} AND m.contact_id IS NULL AND h.workspace_id = m.workspace_id
       AND h.handle = ANY(${listOf(handles.map((one) => one.handle))}::text[])
       AND ((h.kind = 'user_id' AND h.handle = m.from_user_id) OR (h.kind = 'wa_id' AND h.handle = m.from_number))
    RETURNING m.contact_id, m.from_number, m.from_user_id`
  await learnNames(
    scope,
    linked.flatMap((row) =>
      handlesOf(
        { from: row.from_number ?? undefined, fromUserId: row.from_user_id ?? undefined },
        row.contact_id,
      ),
    ),
  )
}

const NUMBER = /^\d{5,20}$/

function handlesOf(
  message: { from?: string | undefined; fromUserId?: string | undefined; newNumber?: string | undefined },
  contactId: bigint | undefined,
): Handle[] {
  if (contactId === undefined) return []
  const handles: Handle[] = []
  for (const number of [message.from, message.newNumber])
    if (number !== undefined && NUMBER.test(number))
      handles.push({ contactId, kind: 'wa_id', handle: number })
  if (message.fromUserId !== undefined)
    handles.push({ contactId, kind: 'user_id', handle: message.fromUserId })
  return handles
}

/** A wish counts for every name that the message gives: the number may be hidden in the next one. */
function wishesOf(message: InboundMessage): Wish[] {
  const spoken = readWish(message.text, message.payload)
  if (!spoken) return []
  const saidAt = new Date(message.occurredAt)
  const reason = `wrote “${(message.text ?? message.payload ?? '').slice(0, 40)}”`
  const people = [message.from, message.fromUserId].filter((person) => person !== undefined)
  const scopes = spoken.wish === 'go' ? (['all', 'marketing'] as const) : [spoken.scope]
  return people.flatMap((person) =>
    scopes.map((one) => ({ person, scope: one, wish: spoken.wish, saidAt, reason })),
  )
}

/**
 * Takes the person out of what they wrote; that they wrote, and when, stays.
 * @param contactId of a contact that is being erased in the same transaction
 */
export async function forgetCustomer(scope: Scope, contactId: bigint): Promise<void> {
  await scope.sql`
    UPDATE inbound_messages SET from_number = NULL, from_user_id = NULL, text = NULL, payload = NULL
     WHERE workspace_id = ${scope.workspaceId} AND contact_id = ${contactId}`
}
