import { eq } from 'drizzle-orm'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { recordEvent } from './audit-trail.ts'
import { findWorkspace, type Workspace } from './find.ts'
import { isLanguage, LANGUAGES, type Language } from './language.ts'
import { isTimeZone, NAME_MAX_CHARS } from './place.ts'
import { allow } from './role.ts'
import { workspaces } from './tables.ts'

/** What is not given stays. */
export type WorkspaceChanges = {
  readonly name?: string | undefined
  readonly timeZone?: string | undefined
  /** Null for none: then each visitor's own. */
  readonly language?: string | null | undefined
}

type Words = { readonly name: string; readonly timeZone: string; readonly language: Language | null }

/**
 * Changes a workspace's name, zone or language. Its days begin at the midnight of the zone: prices, allowances and
 * reminders go by the new one from now on, and what has its own zone or moment keeps it.
 */
export async function changeWorkspace(
  scope: Scope,
  changes: WorkspaceChanges,
): Promise<Result<Workspace, 'forbidden' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'workspace.write')
  if (refusal) return refusal
  await scope.sql`SELECT 1 FROM workspaces WHERE workspace_id = ${scope.workspaceId} FOR UPDATE`
  const before = await findWorkspace(scope)
  const read = readChanges(before, changes)
  if (!read.ok) return read
  const after = read.value
  const facts = factsOf(before, after)
  if (Object.keys(facts).length === 0) return ok(before)
  await scope.db.update(workspaces).set(after).where(eq(workspaces.id, scope.workspaceId))
  await recordEvent(scope, 'workspace.changed', `workspace:${scope.workspaceId}`, facts)
  return ok({ ...before, ...after })
}

function readChanges(before: Words, changes: WorkspaceChanges): Result<Words, 'validation_failed'> {
  const name = (changes.name ?? before.name).trim()
  const timeZone = (changes.timeZone ?? before.timeZone).trim()
  const language = changes.language === undefined ? before.language : changes.language
  const faults = [
    (name.length < 1 || name.length > NAME_MAX_CHARS || name.includes('\0')) && [
      'name',
      `must have 1 to ${NAME_MAX_CHARS} characters.`,
    ],
    !isTimeZone(timeZone) && ['time_zone', 'is not an IANA time zone, such as Asia/Jakarta.'],
    language !== null && !isLanguage(language) && ['language', `is not one of ${LANGUAGES.join(', ')}.`],
  ]
  const errors = faults.flatMap((fault) =>
    fault ? [{ path: fault[0]!, code: 'invalid_value', message: `${fault[0]} ${fault[1]}` }] : [],
  )
  if (errors.length > 0) return refuse('validation_failed', errors[0]!.message, { errors })
  return ok({ name, timeZone, language: language as Language | null })
}

/** What was and what is, of what is other than before. */
function factsOf(before: Words, after: Words): Record<string, string | null> {
  return {
    ...(before.name !== after.name && { name_before: before.name, name: after.name }),
    ...(before.timeZone !== after.timeZone && {
      time_zone_before: before.timeZone,
      time_zone: after.timeZone,
    }),
    ...(before.language !== after.language && {
      language_before: before.language,
      language: after.language,
    }),
  }
}
