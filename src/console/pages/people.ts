import {
  type Contact,
  type List as ContactList,
  listContacts,
  listListNames,
  listLists,
  listVariables,
} from '../../contacts/index.ts'
import { ok } from '../../platform/result.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { COUNTED_PLACE, page, pageRequest, UUID_PLACE } from '../page.ts'
import { say } from '../view.ts'

/** Everybody whom the workspace may write to, and the lists that they are in. */

const MOST_LISTS = 500
const VARIABLES_SHOWN = 4

const people: List<Contact, string> = {
  path: '/contacts/people',
  permission: 'contacts.read',
  fileName: 'contacts',
  filters: ['list'],
  read: async (asked, request) =>
    ok(
      await listContacts(asked.scope, {
        ...request,
        listId: asked.query('list') || undefined,
        words: soughtWords(asked),
      }),
    ),
  columns: async ({ scope, workspace }) => {
    const clock = fileClock(workspace.timeZone)
    const variables = (await listVariables(scope)).filter((name) => name !== 'name')
    return [
      { heading: say('people.number'), cell: ({ phone }) => phone },
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('sign_in.email'), cell: ({ email }) => email },
      { heading: say('people.zone'), cell: ({ timeZone }) => timeZone },
      ...variables.map((name) => ({ heading: name, cell: (one: Contact) => one.variables[name] ?? null })),
      { heading: `${say('col.made')} (${workspace.timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const everybody = page(people.path, async (visit) => {
  const read = await lookThrough(visit, people, pageRequest(visit, COUNTED_PLACE))
  if (!read.ok) return read
  const { items, facts } = read.value
  const chosen = visit.query('list')
  const all = await listListNames(visit.scope, MOST_LISTS)
  return ok({
    name: 'people',
    section: 'contacts' as const,
    title: say('people.title'),
    data: {
      ...facts,
      people: items.map((contact) => ({
        ...contact,
        details: Object.entries(contact.variables)
          .slice(0, VARIABLES_SHOWN)
          .map(([name, value]) => ({ name, value })),
      })),
      lists: all.map(({ id, name }) => ({ id, name, chosen: id === chosen })),
    },
  })
})

const lists: List<ContactList, string> = {
  path: '/contacts/lists',
  permission: 'contacts.read',
  fileName: 'lists',
  filters: [],
  read: async (asked, request) => ok(await listLists(asked.scope, { ...request, words: soughtWords(asked) })),
  columns: ({ workspace }) => {
    const clock = fileClock(workspace.timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('contacts.members'), cell: ({ members }) => String(members) },
      { heading: `${say('col.made')} (${workspace.timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const allLists = page(lists.path, async (visit) => {
  const read = await lookThrough(visit, lists, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'contact-lists',
    section: 'contacts' as const,
    title: say('contacts.lists'),
    data: {
      ...read.value.facts,
      lists: read.value.items,
    },
  })
})

export const peoplePages = [everybody, ...exportsOf(people), allLists, ...exportsOf(lists)]
