import { findPolicy } from '../../campaigns/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { ROLES } from '../../platform/scope.ts'
import { issueKey, listKeys, mayIssue, revokeKey } from '../../workspaces/index.ts'
import { type Again, act, errorsOf, may, page, type View, type Visit } from '../page.ts'
import { policyFacts } from '../policy-facts.ts'
import { say } from '../view.ts'

const PATH = '/settings'
const MOST_SHOWN = 200
const NAME_MAX_CHARS = 200

const settings = page(PATH, (visit) => showSettings(visit))

const key = act(
  '/settings/keys',
  async (visit, { fields }) => {
    const name = (fields.key_name ?? '').trim()
    if (name === '' || name.length > NAME_MAX_CHARS) return badName('key_name')
    const role = ROLES.find((one) => one === fields.role) ?? 'viewer'
    const issued = await issueKey(visit.scope, { role, name })
    if (!issued.ok) return issued
    const data = { issued: issued.value }
    return ok({
      to: `${PATH}?done=key`,
      view: { name: 'key', section: 'settings' as const, title: say('key.title'), data },
    })
  },
  showSettings,
)

const revoke = act(
  '/settings/keys/:id/revocation',
  async (visit) => {
    const revoked = await revokeKey(visit.scope, visit.params.id!)
    return revoked.ok ? ok({ to: `${PATH}?done=revoked` }) : revoked
  },
  showSettings,
)

export const settingsPages = [settings, key, revoke]

async function showSettings(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const { role } = scope.actor
  const keys = may(visit, 'keys.read') ? (await listKeys(scope, { limit: MOST_SHOWN })).items : undefined
  return ok({
    name: 'settings',
    section: 'settings',
    title: say('settings.title'),
    data: {
      keys: keys?.map((one) => ({
        ...one,
        revocable: one.revokedAt === null && may(visit, 'keys.write') && mayIssue(role, one.role),
        own: scope.actor.name === `key:${one.id}`,
      })),
      roles: ROLES.filter((other) => mayIssue(role, other)).reverse(),
      policy: policyFacts(await findPolicy(scope), visit.workspace.currency),
      values: again?.fields,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

function badName(field: string) {
  const message = say('refused.name', { n: NAME_MAX_CHARS })
  return refuse('validation_failed', message, { errors: [fault(field, message)] })
}

function fault(path: string, message: string) {
  return { path, code: 'invalid', message }
}
