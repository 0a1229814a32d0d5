import { ok } from '../../platform/result.ts'
import { checkChain } from '../../wallet/index.ts'
import { listEvents } from '../../workspaces/index.ts'
import { mustMay, page, pageHref } from '../page.ts'
import { actorNames } from '../recorded.ts'
import { say } from '../view.ts'

/** Who did what: the trail with its filters, and whether its chain holds. */

const PATH = '/settings/audit'
const ROWS = 50
const PLACE = /^(\d{1,19})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const WORD = /^[a-z_]{1,40}$/
const DAY = /^\d{4}-\d\d-\d\d$/
/** What the trail speaks of, as the beginning of its actions. */
const SUBJECTS = [
  'campaign',
  'wallet',
  'policy',
  'key',
  'member',
  'session',
  'template',
  'sender',
  'import',
  'contact',
  'suppression',
] as const

const trail = page(PATH, async (visit) => {
  const refusal = mustMay(visit, 'audit.read')
  if (refusal) return refusal
  const { scope } = visit
  const about = wordOf(visit.query('about'), WORD)
  const until = wordOf(visit.query('until'), DAY)
  const match = PLACE.exec(visit.query('after') ?? '')
  const after = match ? ([match[1]!, match[2]!] as const) : undefined
  const { items, next } = await listEvents(scope, { limit: ROWS, after, about, until: endOf(until) })
  const nameOf = await actorNames(
    scope,
    items.map(({ actor }) => actor),
  )
  const kept = { about, until }
  return ok({
    name: 'audit-trail',
    section: 'settings' as const,
    title: say('audit.title'),
    data: {
      events: items.map((event) => ({
        ...event,
        by: nameOf(event.actor),
        link: linkOf(event.subject),
        details: Object.entries(event.facts).map(([name, value]) => ({
          name: name.replaceAll('_', ' '),
          value: typeof value === 'string' ? value : JSON.stringify(value),
        })),
      })),
      subjects: SUBJECTS.map((subject) => ({ subject, chosen: subject === about })),
      until,
      filtered: about !== undefined || until !== undefined,
      chain: visit.query('chain') === '1' ? await checkChain(scope, 'audit_events') : undefined,
      first: after === undefined ? undefined : pageHref(PATH, kept),
      next: next && pageHref(PATH, { ...kept, after: next.join('.') }),
    },
  })
})

export const auditTrailPages = [trail]

function wordOf(word: string | undefined, shape: RegExp): string | undefined {
  return word !== undefined && shape.test(word) ? word : undefined
}

/** The end of a day by the latest clock on Earth: nothing of that day is left out. */
function endOf(day: string | undefined): Date | undefined {
  const at = day === undefined ? Number.NaN : Date.parse(`${day}T23:59:59.999-12:00`)
  return Number.isNaN(at) ? undefined : new Date(at)
}

function linkOf(subject: string): string | undefined {
  const [kind, id] = subject.split(':')
  if (kind === 'campaign') return `/campaigns/${id}`
  if (kind === 'template') return `/templates/${id}`
  return kind === 'import' ? `/contacts/imports/${id}` : undefined
}
