import { and, eq, sql } from 'drizzle-orm'
import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { type CheckedTemplate, checkTemplate } from './check.ts'
import { readRow, type Template } from './find.ts'
import { findMedia } from './find-media.ts'
import type { TemplateInput } from './input.ts'
import { PLATFORM_NAME_MAX_CHARS } from './platform-form.ts'
import { templates } from './tables.ts'

/**
 * Saves a template, for good: a new wording is a new template. On the built-in stand-in it may be sent at once; a number
 * on WhatsApp sends it when it was submitted to its business account and approved there. Refused as `forbidden`, or as
 * `validation_failed` with every fault in `facts.errors`.
 */
export async function saveTemplate(
  scope: Scope,
  input: TemplateInput,
): Promise<Result<Template, 'forbidden' | 'validation_failed'>> {
  const refusal = allow(scope.actor, 'templates.write')
  if (refusal) return refusal
  const checked = checkTemplate(input)
  if (!checked.ok) return checked
  const unknown = await unknownMedia(scope, checked.value)
  if (unknown) return unknown
  const platformName = await freePlatformName(scope, checked.value)
  const [row] = await scope.db
    .insert(templates)
    .values(newRow(scope, checked.value, platformName))
    .returning()
  await recordEvent(scope, 'template.saved', `template:${row!.id}`, {
    platform_name: platformName,
    language: checked.value.language,
    category: checked.value.category,
  })
  return ok(readRow(row!))
}

/** A header names a file of this workspace, and of the kind that it says. */
async function unknownMedia(
  scope: Scope,
  { template }: CheckedTemplate,
): Promise<Refusal<'validation_failed'> | undefined> {
  const { media } = template.form
  if (media?.mediaId === undefined) return undefined
  const found = await findMedia(scope, media.mediaId)
  if (found.ok && found.value.type === media.type) return undefined
  const message = found.ok
    ? `That file is of the type ${found.value.type}.`
    : 'There is no such file: upload it first.'
  const errors = [{ path: 'header.media_id', code: found.ok ? 'wrong_type' : 'not_found', message }]
  return refuse('validation_failed', message, { errors })
}

/** The platform knows a template by name and language alone, so the second `due_reminder` is `due_reminder_2`. */
async function freePlatformName(scope: Scope, { platformName, language }: CheckedTemplate): Promise<string> {
  await scope.sql`SELECT pg_advisory_xact_lock(hashtextextended(${`templates ${scope.workspaceId}`}, 0))`
  const taken = await scope.db
    .select({ name: templates.platformName })
    .from(templates)
    .where(
      and(
        eq(templates.workspaceId, scope.workspaceId),
        eq(templates.language, language),
        sql`starts_with(${templates.platformName}, ${platformName.slice(0, PLATFORM_NAME_MAX_CHARS - 10)})`,
      ),
    )
  return firstFree(platformName, new Set(taken.map(({ name }) => name)))
}

function firstFree(name: string, taken: ReadonlySet<string>): string {
  for (let count = 1; ; count++) {
    const suffix = count === 1 ? '' : `_${count}`
    const candidate = name.slice(0, PLATFORM_NAME_MAX_CHARS - suffix.length) + suffix
    if (!taken.has(candidate)) return candidate
  }
}

function newRow(scope: Scope, checked: CheckedTemplate, platformName: string): typeof templates.$inferInsert {
  const { channel, name, language, category, words, samples, warnings } = checked
  return {
    id: newId(scope.now.getTime()),
    workspaceId: scope.workspaceId,
    channel,
    name,
    platformName,
    language,
    category,
    header: words.header ?? null,
    body: words.body,
    footer: words.footer ?? null,
    buttons: words.buttons ?? [],
    samples,
    warnings,
    state: 'approved',
    createdBy: scope.actor.name,
    createdAt: scope.now.toISOString(),
  }
}
