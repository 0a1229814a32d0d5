import { newId } from '../platform/ids.ts'
import { ok, type Refusal, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { findTemplate, type Template } from './find.ts'
import { type PlatformTemplate, platformTemplatesOf } from './find-platform.ts'
import { PLATFORM_NAME_MAX_CHARS, parametersFor } from './platform-form.ts'
import { DEFAULT_TTL_SECONDS, type ParameterFormat, TTL_SECONDS } from './platform-state.ts'
import { openTemplate } from './template.ts'

export type TemplateSubmission = {
  /** The business account, and the sender through whose token it is spoken to. */
  accountId: string
  senderId: string
  parameterFormat?: ParameterFormat | undefined
  /** How long the platform tries to deliver; null for its own 30 days, undefined for what suits the category. */
  ttlSeconds?: number | null | undefined
}

export type SubmitTemplateRefusal = 'forbidden' | 'not_found' | 'validation_failed' | 'wrong_state'

/**
 * Asks for a template to be submitted to the business account of a sender: written down here, said to the platform by a
 * worker, and answered by it in minutes or a day. Asking again while it is on its way changes nothing.
 */
export async function submitTemplate(
  scope: Scope,
  templateId: string,
  request: TemplateSubmission,
): Promise<Result<PlatformTemplate, SubmitTemplateRefusal>> {
  const forbidden = allow(scope.actor, 'templates.write')
  if (forbidden) return forbidden
  const found = await findTemplate(scope, templateId)
  if (!found.ok) return found
  const template = found.value
  const faults = [...ttlFaults(template, request.ttlSeconds), ...sampleFaults(template)]
  if (faults.length > 0) return refuseInput(...faults)
  await scope.sql`SELECT pg_advisory_xact_lock(hashtextextended(${`platform templates ${scope.workspaceId}`}, 0))`
  const known = (await platformTemplatesOf(scope, [templateId])).find(
    (row) => row.accountId === request.accountId && row.status !== 'deleted',
  )
  if (known?.status === 'submitting') return ok(known)
  if (known && known.status !== 'not_taken')
    return refuse('wrong_state', `This template was submitted before. ${known.sentence}`, {
      status: known.status,
    })
  await writeWish(scope, template, request, known)
  const all = await platformTemplatesOf(scope, [templateId])
  const row = all.find(({ accountId, status }) => accountId === request.accountId && status === 'submitting')
  await recordEvent(scope, 'template.submitted', `template:${templateId}`, {
    account_id: request.accountId,
    name: row!.name,
  })
  return ok(row!)
}

type Fault = { path: string; code: string; message: string }

function refuseInput(...errors: Fault[]): Refusal<'validation_failed'> {
  return refuse('validation_failed', errors.map(({ message }) => message).join(' '), { errors })
}

function ttlFaults({ category }: Template, ttlSeconds: number | null | undefined): Fault[] {
  const { min, max } = TTL_SECONDS[category]
  if (ttlSeconds == null || (ttlSeconds >= min && ttlSeconds <= max)) return []
  return [
    {
      path: 'message_send_ttl_seconds',
      code: 'out_of_range',
      message: `For ${category} WhatsApp takes ${min} to ${max} seconds.`,
    },
  ]
}

/** Reviewers see a filled example of every part, so that every variable needs a sample that can be used. */
function sampleFaults(template: Template): Fault[] {
  if (template.category === 'authentication') return [AUTHENTICATION]
  const { form } = openTemplate(template.words)
  if (form.media && form.media.mediaId === undefined) return [MEDIA_EXAMPLE]
  const filled = parametersFor(form, template.samples)
  if (filled.ok) return []
  const { variables, variable } = (filled.facts ?? {}) as { variables?: string[]; variable?: string }
  const names = variables ?? (variable === undefined ? [] : [variable])
  if (names.length === 0) return [{ path: 'samples', code: filled.reason, message: filled.message }]
  return names.map((name) => ({
    path: `samples.${name}`,
    code: filled.reason === 'missing_variable' ? 'required' : filled.reason,
    message: `WhatsApp’s reviewers need an example of ${name}: save the template with a sample for it.`,
  }))
}

const MEDIA_EXAMPLE: Fault = {
  path: 'header.media_id',
  code: 'required',
  message:
    'WhatsApp’s reviewers need an example of the file: save the template with an uploaded one as media_id beside the link.',
}

const AUTHENTICATION: Fault = {
  path: 'category',
  code: 'category_not_supported',
  message:
    'WhatsApp writes authentication templates itself: make it there, then fetch the account’s templates.',
}

async function writeWish(
  scope: Scope,
  template: Template,
  request: TemplateSubmission,
  known: PlatformTemplate | undefined,
): Promise<void> {
  const {
    accountId,
    senderId,
    ttlSeconds = DEFAULT_TTL_SECONDS[template.category],
    parameterFormat = 'named',
  } = request
  const now = scope.now.toISOString()
  if (known) {
    await scope.sql`
      UPDATE platform_templates SET status = 'submitting', status_at = 'epoch', reason = NULL, wish = 'submit', sender_id = ${senderId},
             wished_at = ${now}::timestamptz, try_at = ${now}::timestamptz, tries = 0, parameter_format = ${parameterFormat},
             ttl_seconds = ${ttlSeconds}::int
       WHERE id = ${known.id} AND workspace_id = ${scope.workspaceId} AND status = 'not_taken'`
    return
  }
  const name = await freeName(scope, accountId, template)
  await scope.sql`
    INSERT INTO platform_templates (id, workspace_id, account_id, name, language, template_id, sender_id, parameter_format,
                                    ttl_seconds, status, status_at, category, category_at, wish, wished_at, try_at, created_at)
    VALUES (${newId(scope.now.getTime())}, ${scope.workspaceId}, ${accountId}, ${name}, ${template.language}, ${template.id},
            ${senderId}, ${parameterFormat}, ${ttlSeconds}::int, 'submitting', 'epoch', ${template.category}, 'epoch', 'submit',
            ${now}::timestamptz, ${now}::timestamptz, ${now}::timestamptz)`
}

const NAMES_TRIED = 1_000

/** A name that the account has never used in this language: a deleted one stays taken for 30 days. */
async function freeName(scope: Scope, accountId: string, template: Template): Promise<string> {
  const [row] = await scope.sql<{ name: string }[]>`
    SELECT candidate AS name FROM generate_series(1, ${NAMES_TRIED}::int) n,
           LATERAL (SELECT CASE WHEN n = 1 THEN ${template.platformName}
                    ELSE left(${template.platformName}, ${PLATFORM_NAME_MAX_CHARS}::int - length('_' || n)) || '_' || n END AS candidate) c
     WHERE NOT EXISTS (SELECT 1 FROM platform_templates p WHERE p.workspace_id = ${scope.workspaceId}
             AND p.account_id = ${accountId} AND p.language = ${template.language} AND p.name = candidate)
     ORDER BY n LIMIT 1`
  if (!row) throw new Error('a thousand templates of one name')
  return row.name
}

/**
 * Asks for a template to be deleted from an account. What is scheduled with it pauses once the platform says so.
 * Refused as `not_found` where the account does not have it.
 */
export async function withdrawTemplate(
  scope: Scope,
  templateId: string,
  at: { accountId: string; senderId: string },
): Promise<Result<PlatformTemplate, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'templates.write')
  if (forbidden) return forbidden
  const now = scope.now.toISOString()
  const rows = await scope.sql<{ id: string }[]>`
    UPDATE platform_templates SET wish = 'delete', wished_at = ${now}::timestamptz, try_at = ${now}::timestamptz, tries = 0,
           sender_id = ${at.senderId}
     WHERE workspace_id = ${scope.workspaceId} AND account_id = ${at.accountId} AND template_id::text = ${templateId}
       AND status <> 'deleted' RETURNING id`
  if (rows.length === 0) return NOT_THERE
  await recordEvent(scope, 'template.withdrawn', `template:${templateId}`, { account_id: at.accountId })
  const all = await platformTemplatesOf(scope, [templateId])
  return ok(all.find(({ id }) => id === rows[0]!.id)!)
}

const NOT_THERE = refuse('not_found', 'This template is not on the business account of that sender.')
