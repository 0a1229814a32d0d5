import { instant } from '../platform/db.ts'
import type { Refusal } from '../platform/result.ts'
import { ok, type Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow } from '../workspaces/index.ts'
import { type ChangedTemplate, hearTemplates } from './hear.ts'
import { linkOurs } from './link.ts'
import type { ListedTemplate, TemplateNews } from './platform-state.ts'

/** How the fetching of an account's templates stands. Instants are RFC 3339. */
export type FetchState = {
  readonly state: 'never' | 'asked' | 'done' | 'failing'
  readonly fetchedAt: string | null
  readonly found: number | null
  readonly problem: string | null
}

const EVERY_SECONDS = 6 * 60 * 60
const LEASE_SECONDS = 300
const FIRST_RETRY_SECONDS = 10

/** Asks for an account's templates to be fetched now; from then on they are fetched again every six hours. */
export async function requestFetch(
  scope: Scope,
  at: { accountId: string; senderId: string },
): Promise<Result<FetchState, 'forbidden'>> {
  const forbidden: Refusal<'forbidden'> | undefined = allow(scope.actor, 'templates.write')
  if (forbidden) return forbidden
  const now = scope.now.toISOString()
  await scope.sql`
    INSERT INTO template_fetches (workspace_id, account_id, sender_id, try_at, asked_at)
    VALUES (${scope.workspaceId}, ${at.accountId}, ${at.senderId}, ${now}::timestamptz, ${now}::timestamptz)
    ON CONFLICT (workspace_id, account_id) DO UPDATE SET sender_id = excluded.sender_id, try_at = excluded.try_at,
      asked_at = excluded.asked_at, tries = 0`
  return ok(await fetchState(scope, at.accountId))
}

export async function fetchState(scope: Scope, accountId: string): Promise<FetchState> {
  const [row] = await scope.sql<
    { asked_at: string | null; fetched_at: string | null; found: number | null; problem: string | null }[]
  >`
    SELECT asked_at, fetched_at, found, problem FROM template_fetches
     WHERE workspace_id = ${scope.workspaceId} AND account_id = ${accountId}`
  if (!row) return { state: 'never', fetchedAt: null, found: null, problem: null }
  const state = row.problem !== null ? 'failing' : row.asked_at !== null ? 'asked' : 'done'
  return {
    state,
    fetchedAt: row.fetched_at === null ? null : instant(row.fetched_at)!,
    found: row.found,
    problem: row.problem,
  }
}

/** Takes a due fetch of a sender's account in hand. @returns whether there is one */
export async function dueFetch(scope: Scope, senderId: string): Promise<boolean> {
  const taken = await scope.sql`
    UPDATE template_fetches SET tries = tries + 1, try_at = ${scope.now.toISOString()}::timestamptz + make_interval(secs => ${LEASE_SECONDS})
     WHERE workspace_id = ${scope.workspaceId} AND sender_id = ${senderId} AND try_at <= ${scope.now.toISOString()}::timestamptz`
  return taken.count > 0
}

/**
 * Takes in all that an account lists: its states count as news of that moment, templates of ours that were made there
 * by hand are recognised by their words, and what is not listed any longer is deleted. An empty list deletes nothing:
 * an account always has some, so that it says more about the answer than about the templates.
 * @returns the templates whose standing has changed
 */
export async function takeListing(
  scope: Scope,
  accountId: string,
  listed: readonly ListedTemplate[],
  at: string | undefined,
): Promise<ChangedTemplate[]> {
  const moment = at ?? scope.now.toISOString()
  const changed = await hearTemplates(
    scope,
    listed.flatMap((template) => newsOf(accountId, moment, template)),
  )
  await linkOurs(scope, accountId, listed)
  const gone =
    listed.length === 0 ? [] : await hearTemplates(scope, await unlisted(scope, accountId, listed, moment))
  await scope.sql`
    UPDATE template_fetches SET fetched_at = ${scope.now.toISOString()}::timestamptz, found = ${listed.length}, problem = NULL,
           asked_at = NULL, tries = 0,
           try_at = ${scope.now.toISOString()}::timestamptz + make_interval(secs => ${EVERY_SECONDS})
     WHERE workspace_id = ${scope.workspaceId} AND account_id = ${accountId}`
  return [...changed, ...gone]
}

function newsOf(accountId: string, at: string, template: ListedTemplate): TemplateNews[] {
  const { platformId, name, language, status, category, components, quality, reason } = template
  const base = { accountId, at, platformId, name, language }
  return [
    { ...base, kind: 'status', status, ...(reason !== undefined && { reason }) },
    { ...base, kind: 'category', category },
    ...(quality === undefined ? [] : [{ ...base, kind: 'quality' as const, quality }]),
    ...(components === undefined ? [] : [{ ...base, kind: 'components' as const, components }]),
  ]
}

/** What the account had when it was last heard of, before this list was made, and does not list. */
async function unlisted(
  scope: Scope,
  accountId: string,
  listed: readonly ListedTemplate[],
  at: string,
): Promise<TemplateNews[]> {
  const rows = await scope.sql<{ name: string; language: string; platform_id: string }[]>`
    SELECT name, language, platform_id FROM platform_templates
     WHERE workspace_id = ${scope.workspaceId} AND account_id = ${accountId} AND platform_id IS NOT NULL
       AND status <> 'deleted' AND wish IS NULL AND status_at < ${at}::timestamptz
       AND NOT platform_id = ANY(${listed.map(({ platformId }) => platformId)}::text[])`
  return rows.map(({ name, language, platform_id: platformId }) => ({
    accountId,
    at,
    name,
    language,
    platformId,
    kind: 'status',
    status: 'deleted',
  }))
}

/** Notes why an account could not be fetched, and when it is tried again. */
export async function fetchFailed(scope: Scope, senderId: string, problem: string): Promise<void> {
  await scope.sql`
    UPDATE template_fetches SET problem = ${problem}, try_at = ${scope.now.toISOString()}::timestamptz + make_interval(secs =>
             least(${EVERY_SECONDS}::float8, ${FIRST_RETRY_SECONDS}::float8 * 2 ^ least(tries - 1, 16)))
     WHERE workspace_id = ${scope.workspaceId} AND sender_id = ${senderId}`
}
