import { ok } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import { digestOfSequence, findStanding, listSequences, type Sequence } from '../../reminders/index.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { page, pageRequest, UUID_PLACE } from '../page.ts'
import { grouped } from '../show.ts'
import { say, sayOr } from '../view.ts'

/** All ladders of reminders, by name. */

type Ladder = Sequence & { readonly run: string | undefined }

const list: List<Ladder, string> = {
  path: '/reminders/ladders',
  permission: 'sequences.read',
  fileName: 'ladders',
  filters: [],
  read: async (asked, request) =>
    ok(await readLadders(asked.scope, { ...request, words: soughtWords(asked) })),
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('col.state'), cell: ({ state }) => sayOr(`state.${state}`, state) },
      { heading: say('ladders.steps'), cell: ({ steps }) => String(steps.length) },
      { heading: `${say('ladders.approved')} (${currency})`, cell: ({ run }) => run ?? null },
      { heading: `${say('col.made')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const ladders = page(list.path, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'ladders',
    section: 'reminders' as const,
    title: say('ladders.title'),
    data: {
      ...read.value.facts,
      ladders: read.value.items.map((one) => ({ ...one, steps: one.steps.length })),
    },
  })
})

export const laddersPages = [ladders, ...exportsOf(list)]

/** Ladders with what is approved in advance for each as it is now. */
export async function readLadders(scope: Scope, request: Parameters<typeof listSequences>[1]) {
  const { items, next } = await listSequences(scope, request)
  const ladders: Ladder[] = []
  for (const sequence of items) {
    const standing = await findStanding(scope, sequence.id, digestOfSequence(sequence))
    ladders.push({ ...sequence, run: standing && grouped(standing.capRunMinor) })
  }
  return { items: ladders, next }
}
