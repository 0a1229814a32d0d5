import { ok, type Result } from '../platform/result.ts'
import type { Role, Scope } from '../platform/scope.ts'
import { hashOf, issueKey, newToken, recordEvent } from '../workspaces/index.ts'

const LINK_MINUTES = 10
const KEY_NAME = 'console link'

/**
 * Makes a link that signs in to the console once, within ten minutes. It stands on a key of its own, whose text
 * nobody has: revoking that key ends the link and every session that came of it.
 * @param request.serverUrl where the server listens, as people reach it
 * @returns the whole address, which holds the secret and is stored nowhere, and until when it serves
 */
export async function openConsoleLink(
  scope: Scope,
  request: { readonly serverUrl: string; readonly role?: Role | undefined },
): Promise<Result<{ url: string; expiresAt: string }, 'forbidden' | 'not_found'>> {
  const issued = await issueKey(scope, { role: request.role ?? 'owner', name: KEY_NAME })
  if (!issued.ok) return issued
  const token = newToken()
  const expiresAt = new Date(scope.now.getTime() + LINK_MINUTES * 60_000).toISOString()
  await scope.sql`
    INSERT INTO console_links (token_hash, workspace_id, key_id, created_at, expires_at)
    VALUES (${hashOf(token)}, ${scope.workspaceId}, ${issued.value.id}, ${scope.now.toISOString()}::timestamptz,
            ${expiresAt}::timestamptz)`
  await recordEvent(scope, 'console_link.opened', `key:${issued.value.id}`)
  return ok({ url: `${request.serverUrl.replace(/\/$/, '')}/sign-in/${token}`, expiresAt })
}
