import { ok, type Result } from '../../platform/result.ts'
import { ROLES } from '../../platform/scope.ts'
import { issueKey, listKeys, mayIssue, revokeKey } from '../../workspaces/index.ts'
import { refuseField } from '../faults.ts'
import { type Again, act, errorsOf, may, mustMay, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

/** Keys for programs, each shown once. */

const PATH = '/settings/keys'
const MOST_SHOWN = 200
const NAME_MAX_CHARS = 200

const list = page(PATH, (visit) => showKeys(visit))

const key = act(
  PATH,
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
  showKeys,
)

const revoke = act(
  '/settings/keys/:id/revocation',
  async (visit) => {
    const revoked = await revokeKey(visit.scope, visit.params.id!)
    return revoked.ok ? ok({ to: `${PATH}?done=revoked` }) : revoked
  },
  showKeys,
)

export const keysPages = [list, key, revoke]

async function showKeys(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'keys.read')
  if (refusal) return refusal
  const { scope } = visit
  const { role } = scope.actor
  const keys = (await listKeys(scope, { limit: MOST_SHOWN })).items
  return ok({
    name: 'keys',
    section: 'settings',
    title: say('settings.keys'),
    data: {
      keys: keys.map((one) => ({
        ...one,
        revocable: one.revokedAt === null && may(visit, 'keys.write') && mayIssue(role, one.role),
        own: scope.actor.name === `key:${one.id}`,
      })),
      roles: ROLES.filter((other) => mayIssue(role, other)).reverse(),
      values: again?.fields,
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

function badName(field: string) {
  const message = say('refused.name', { n: NAME_MAX_CHARS })
  return refuseField(field, message)
}
