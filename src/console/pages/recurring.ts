import { DateTime } from 'luxon'
import { findListName } from '../../contacts/index.ts'
import { findSender } from '../../delivery/index.ts'
import { ok, type Result } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import {
  approveRecurrence,
  digestOfRecurrence,
  findRecurrence,
  findStanding,
  listOccurrences,
  listRecurrences,
  moveRecurrence,
  nextOccurrences,
  type Recurrence,
  revokeRecurrence,
} from '../../reminders/index.ts'
import { findTemplate } from '../../templates/index.ts'
import { readCaps } from '../caps.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import {
  type Again,
  act,
  errorsOf,
  page,
  pageHref,
  pageRequest,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { actorNames, campaignNames } from '../recorded.ts'
import { ruleInWords } from '../rule-form.ts'
import { grouped, moment } from '../show.ts'
import { say, sayOr } from '../view.ts'

/** Campaigns that come again: when, whether they go and under which approval, and what they have sent. */

const PATH = '/campaigns/recurring'
const TIMES_SHOWN = 5
const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/

type Line = Recurrence & {
  readonly words: string
  readonly nextAt: string | null
  readonly run: string | undefined
}

const list: List<Line, string> = {
  path: PATH,
  permission: 'sequences.read',
  fileName: 'recurring-campaigns',
  filters: [],
  read: async (asked, request) => {
    const { items, next } = await listRecurrences(asked.scope, { ...request, words: soughtWords(asked) })
    const lines: Line[] = []
    for (const one of items) lines.push(await toLine(asked.scope, one))
    return ok({ items: lines, next })
  },
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('col.state'), cell: ({ state }) => sayOr(`state.${state}`, state) },
      { heading: say('recur.when'), cell: ({ words }) => words },
      { heading: `${say('recur.next')} (${timeZone})`, cell: ({ nextAt }) => clock(nextAt) },
      { heading: `${say('ladders.approved')} (${currency})`, cell: ({ run }) => run ?? null },
    ]
  },
}

const overview = page(PATH, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'recurring',
    section: 'campaigns' as const,
    title: say('recur.title'),
    data: {
      ...read.value.facts,
      recurrences: read.value.items,
    },
  })
})

const one = page('/campaigns/recurring/:id', (visit) => showOne(visit))

const state = act(
  '/campaigns/recurring/:id/state',
  async (visit, { fields }) => {
    const to = (['active', 'paused', 'ended'] as const).find((word) => word === fields.state) ?? 'paused'
    const moved = await moveRecurrence(visit.scope, visit.params.id!, to)
    return moved.ok ? ok({ to: `${PATH}/${moved.value.id}?done=ladder_state` }) : moved
  },
  showOne,
)

const approve = act(
  '/campaigns/recurring/:id/approval',
  async (visit, { fields }) => {
    const caps = readCaps(fields, visit.workspace.currency)
    if (!caps.ok) return caps
    const given = await approveRecurrence(visit.scope, visit.params.id!, caps.value)
    return given.ok ? ok({ to: `${PATH}/${visit.params.id}?done=standing` }) : given
  },
  showOne,
)

const revoke = act(
  '/campaigns/recurring/:id/approval/removal',
  async (visit) => {
    const revoked = await revokeRecurrence(visit.scope, visit.params.id!)
    return revoked.ok ? ok({ to: `${PATH}/${visit.params.id}?done=ladder_state` }) : revoked
  },
  showOne,
)

export const recurringPages = [overview, ...exportsOf(list), state, approve, revoke, one]

async function toLine(scope: Scope, one: Recurrence): Promise<Line> {
  const goes = one.state !== 'ended'
  const standing = await standingOf(scope, one)
  return {
    ...one,
    words: ruleInWords(one),
    nextAt: (goes && nextOccurrences(one, scope.now, 1)[0]?.at.toISOString()) || null,
    run: standing && grouped(standing.capRunMinor),
  }
}

function standingOf(scope: Scope, one: Recurrence) {
  return findStanding(scope, one.id, digestOfRecurrence(one.id, one.version, one))
}

async function showOne(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const found = await findRecurrence(scope, visit.params.id!)
  if (!found.ok) return found
  const recurrence = found.value
  const standing = await standingOf(scope, recurrence)
  const nameOf = await actorNames(scope, standing ? [standing.approver] : [])
  const request = pageRequest(visit, MOMENT)
  const runs = await listOccurrences(scope, recurrence.id, request)
  const names = await campaignNames(
    scope,
    runs.items.flatMap(({ campaignId }) => campaignId ?? []),
  )
  const path = `${PATH}/${recurrence.id}`
  return ok({
    name: 'recurring-one',
    section: 'campaigns',
    title: recurrence.name,
    data: {
      recurrence,
      words: ruleInWords(recurrence),
      times: recurrence.state === 'ended' ? [] : timesOf(recurrence, scope.now),
      ...(await partsOf(scope, recurrence)),
      path,
      standing: standing && { ...standing, who: nameOf(standing.approver) },
      goes: recurrence.state !== 'active' && recurrence.state !== 'ended',
      stops: recurrence.state === 'active',
      ends: recurrence.state !== 'ended',
      runs: runs.items.map((run) => ({
        ...run,
        campaign: run.campaignId && names.get(run.campaignId),
        why: run.reason && sayOr(`remind.${run.reason}`, run.reason),
      })),
      first: request.after === undefined ? undefined : path,
      next: runs.next && pageHref(path, { after: runs.next }),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

/** What it is made of, by name. */
async function partsOf(scope: Scope, { templateId, listId, senderId }: Recurrence) {
  const template = await findTemplate(scope, templateId)
  const sender = await findSender(scope, senderId)
  return {
    template: template.ok ? template.value : undefined,
    list: await findListName(scope, listId),
    sender: sender.ok ? sender.value : undefined,
  }
}

/** The next times, each with its day of the week, on the clock of the rule. */
export function timesOf(one: Parameters<typeof nextOccurrences>[0], now: Date): string[] {
  return nextOccurrences(one, now, TIMES_SHOWN).map(({ at }) => {
    const { weekday } = DateTime.fromJSDate(at, { zone: one.timeZone })
    return `${say(`day.${weekday}`)}, ${moment(at.toISOString(), one.timeZone)}`
  })
}
