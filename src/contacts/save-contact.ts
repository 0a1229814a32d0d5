import { ok, type Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow } from '../workspaces/index.ts'
import { changeContact } from './change-contact.ts'
import type { Contact } from './find.ts'
import { readPhone } from './suppress.ts'

/** A person as a program names one: by number. */
export type ContactWords = {
  readonly phone: string
  readonly name?: string | undefined
  readonly timeZone?: string | undefined
}

/** Finds the contact of a number, or makes it; a name or a zone that is given replaces what was known. */
export async function saveContact(
  scope: Scope,
  words: ContactWords,
): Promise<Result<Contact, 'forbidden' | 'not_found' | 'validation_failed'>> {
  const forbidden = allow(scope.actor, 'contacts.write')
  if (forbidden) return forbidden
  const phone = await readPhone(scope, words.phone)
  if (!phone.ok) {
    const errors = [{ path: 'contact.phone', code: phone.reason, message: phone.message }]
    return { ok: false, reason: 'validation_failed', message: phone.message, facts: { errors } }
  }
  const at = scope.now.toISOString()
  await scope.sql`
    INSERT INTO contacts (workspace_id, phone, created_at, updated_at)
    VALUES (${scope.workspaceId}, ${phone.value}, ${at}::timestamptz, ${at}::timestamptz) ON CONFLICT DO NOTHING`
  const [row] = await scope.sql<{ id: bigint }[]>`
    SELECT id FROM contacts WHERE workspace_id = ${scope.workspaceId} AND phone = ${phone.value}`
  const saved = await changeContact(scope, row!.id.toString(), { name: words.name, timeZone: words.timeZone })
  return saved.ok ? ok(saved.value) : saved
}
