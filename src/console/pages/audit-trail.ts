import { isCalendarDay, isCalendarInstant } from '../../platform/calendar.ts'
import { ok } from '../../platform/result.ts'
import { checkChain } from '../../wallet/index.ts'
import { type AuditEvent, listEvents } from '../../workspaces/index.ts'
import { type Asked, exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { mustMay, page } from '../page.ts'
import { actorNames } from '../recorded.ts'
import { say } from '../view.ts'

/** Who did what: the trail with its filters, and whether its chain holds. */

const ROWS = 50
const PLACE = /^(\d{1,19})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const WORD = /^[a-z_]{1,40}$/
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
  'rates',
  'workspace',
] as const

type Line = AuditEvent & { readonly by: string }
type Place = readonly [xid: string, id: string]

const list: List<Line, Place> = {
  path: '/settings/audit',
  permission: 'audit.read',
  fileName: 'audit-trail',
  filters: ['about', 'until'],
  read: async (asked, request) => {
    const { about, until } = filtersOf(asked)
    const sifted = { ...request, about, until: endOf(until), words: soughtWords(asked) }
    const { items, next } = await listEvents(asked.scope, sifted)
    const nameOf = await actorNames(
      asked.scope,
      items.map(({ actor }) => actor),
    )
    return ok({ items: items.map((event) => ({ ...event, by: nameOf(event.actor) })), next })
  },
  columns: ({ workspace: { timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: `${say('col.when')} (${timeZone})`, cell: ({ at }) => clock(at) },
      { heading: say('audit.who'), cell: ({ by }) => by },
      { heading: say('col.what'), cell: ({ action }) => action },
      { heading: say('audit.about'), cell: ({ subject }) => subject },
      { heading: say('audit.details'), cell: ({ facts }) => JSON.stringify(facts) },
    ]
  },
}

const trail = page(list.path, async (visit) => {
  const refusal = mustMay(visit, list.permission)
  if (refusal) return refusal
  const { about, until } = filtersOf(visit)
  const match = PLACE.exec(visit.query('after') ?? '')
  const after = match ? ([match[1]!, match[2]!] as const) : undefined
  const read = await lookThrough(visit, list, { limit: ROWS, after })
  if (!read.ok) return read
  return ok({
    name: 'audit-trail',
    section: 'settings' as const,
    title: say('audit.title'),
    data: {
      ...read.value.facts,
      events: read.value.items.map((event) => ({
        ...event,
        link: linkOf(event.subject),
        details: Object.entries(event.facts).map(([name, value]) => ({
          name: name.replaceAll('_', ' '),
          value: typeof value === 'string' ? value : JSON.stringify(value),
        })),
      })),
      subjects: SUBJECTS.map((subject) => ({ subject, chosen: subject === about })),
      until,
      chain: visit.query('chain') === '1' ? await checkChain(visit.scope, 'audit_events') : undefined,
    },
  })
})

export const auditTrailPages = [trail, ...exportsOf(list)]

function filtersOf({ query }: Pick<Asked, 'query'>) {
  return { about: wordOf(query('about'), WORD), until: dayOf(query('until')) }
}

function wordOf(word: string | undefined, shape: RegExp): string | undefined {
  return word !== undefined && shape.test(word) ? word : undefined
}

/** The end of a day by the latest clock on Earth: nothing of that day is left out. */
function endOf(day: string | undefined): Date | undefined {
  const at = new Date(`${day}T23:59:59.999-12:00`)
  return isCalendarInstant(at) ? at : undefined
}

function dayOf(word: string | undefined): string | undefined {
  return word !== undefined && isCalendarDay(word) ? word : undefined
}

function linkOf(subject: string): string | undefined {
  const [kind, id] = subject.split(':')
  if (kind === 'campaign') return `/campaigns/${id}`
  if (kind === 'template') return `/templates/${id}`
  return kind === 'import' ? `/contacts/imports/${id}` : undefined
}
