import { ok, type Result } from '../../platform/result.ts'
import { changeWorkspace, LANGUAGES } from '../../workspaces/index.ts'
import { type Again, act, page, type View, type Visit } from '../page.ts'
import { isSaid, say } from '../view.ts'

/** The workspace itself: its name, its zone and its language. */

const PATH = '/settings/workspace'

const one = page(PATH, async (visit) => showWorkspace(visit))

const change = act(
  PATH,
  async (visit, { fields }) => {
    const { name, time_zone: timeZone, language } = fields
    const changes = { name, timeZone, language: language === '' ? null : language }
    const changed = await changeWorkspace(visit.scope, changes)
    return changed.ok ? ok({ to: `${PATH}?done=workspace` }) : changed
  },
  async (visit, again) => showWorkspace(visit, again),
)

export const workspacePages = [one, change]

function showWorkspace({ workspace }: Visit, again?: Again): Result<View> {
  const values = again?.fields ?? {
    name: workspace.name,
    time_zone: workspace.timeZone,
    language: workspace.language ?? '',
  }
  const zones = [workspace.timeZone, 'UTC', ...Intl.supportedValuesOf('timeZone')]
  return ok({
    name: 'workspace',
    section: 'settings',
    title: say('workspace.title'),
    data: {
      values,
      zones: [...new Set(zones)].sort().map((zone) => ({ zone, chosen: zone === values.time_zone })),
      tongues: LANGUAGES.map((tongue) => ({ tongue, chosen: tongue === values.language })),
      errors: again && faultsIn(again),
      again,
    },
  })
}

/** In the console's own words where it has some. */
function faultsIn({ errors }: Again): Record<string, string> {
  const words = (name: string, message: string) =>
    isSaid(`workspace.${name}.fault`) ? say(`workspace.${name}.fault`) : message
  return Object.fromEntries(Object.entries(errors).map(([name, message]) => [name, words(name, message)]))
}
