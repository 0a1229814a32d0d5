import { and, eq, isNull } from 'drizzle-orm'
import { isCountedId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { cleanText } from './cell-text.ts'
import { isVariableName } from './columns.ts'
import { type Contact, readContact } from './find.ts'
import { isEmail, isTimeZone, MAX_NAME_CHARS, MAX_VARIABLE_CHARS } from './sheet/read.ts'
import { contacts } from './tables.ts'

/** What may be changed by hand. `null` empties a field, or takes a variable away; what is not named stays. */
export type ContactChanges = {
  readonly name?: string | null | undefined
  readonly email?: string | null | undefined
  readonly timeZone?: string | null | undefined
  readonly variables?: Readonly<Record<string, string | null>> | undefined
}

const MAX_VARIABLES = 200

type Fault = { readonly path: string; readonly code: string; readonly message: string }

/** Changes a contact by hand. The number itself is who the contact is: another number is another contact. */
export async function changeContact(
  scope: Scope,
  id: string,
  changes: ContactChanges,
): Promise<Result<Contact, 'forbidden' | 'not_found' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'contacts.write')
  if (refusal) return refusal
  const [row] = isCountedId(id)
    ? await scope.db.select().from(contacts).where(own(scope, id)).for('update')
    : []
  if (!row) return refuse('not_found', 'There is no such contact.')
  const variables = merged(row.variables, changes.variables ?? {})
  const faults = [...faultsOf(changes), ...tooMany(variables)]
  if (faults.length > 0) {
    return refuse('validation_failed', faults.map(({ message }) => message).join(' '), { errors: faults })
  }
  const [changed] = await scope.db
    .update(contacts)
    .set({
      name: textOr(changes.name, row.name),
      email: textOr(changes.email, row.email),
      timeZone: textOr(changes.timeZone, row.timeZone),
      variables,
      updatedAt: scope.now.toISOString(),
    })
    .where(own(scope, id))
    .returning()
  await recordEvent(scope, 'contact.changed', `contact:${id}`, { changed: Object.keys(changes) })
  return ok(readContact(changed!))
}

function own(scope: Scope, id: string) {
  return and(
    eq(contacts.workspaceId, scope.workspaceId),
    eq(contacts.id, Number(id)),
    isNull(contacts.erasedAt),
  )
}

function merged(
  known: Readonly<Record<string, string>>,
  changes: Readonly<Record<string, string | null>>,
): Record<string, string> {
  const all = Object.entries({ ...known, ...changes })
  const kept = all.filter(
    (entry): entry is [string, string] => entry[1] !== null && cleanText(entry[1]) !== '',
  )
  return Object.fromEntries(kept.map(([name, value]) => [name, cleanText(value)]))
}

function textOr(change: string | null | undefined, known: string | null): string | null {
  if (change === undefined) return known
  return change === null ? null : cleanText(change) || null
}

function faultsOf({ name, email, timeZone, variables = {} }: ContactChanges): Fault[] {
  const faults: Fault[] = []
  if (name && name.length > MAX_NAME_CHARS) {
    faults.push({
      path: 'name',
      code: 'too_long',
      message: `A name has at most ${MAX_NAME_CHARS} characters.`,
    })
  }
  if (email && !isEmail(email.trim())) {
    faults.push({ path: 'email', code: 'email_invalid', message: 'This is not an e-mail address.' })
  }
  if (timeZone && !isTimeZone(timeZone.trim())) {
    faults.push({
      path: 'time_zone',
      code: 'time_zone_invalid',
      message: 'This is not a time zone, such as Asia/Jakarta.',
    })
  }
  for (const [key, value] of Object.entries(variables)) {
    const path = `variables.${key.slice(0, 60)}`
    if (!isVariableName(key)) {
      faults.push({ path, code: 'invalid', message: 'A variable is named by small letters, digits and _.' })
    } else if (value !== null && value.length > MAX_VARIABLE_CHARS) {
      faults.push({
        path,
        code: 'too_long',
        message: `A variable has at most ${MAX_VARIABLE_CHARS} characters.`,
      })
    }
  }
  return faults
}

function tooMany(variables: Readonly<Record<string, string>>): Fault[] {
  if (Object.keys(variables).length <= MAX_VARIABLES) return []
  return [
    { path: 'variables', code: 'too_many', message: `A contact has at most ${MAX_VARIABLES} variables.` },
  ]
}
