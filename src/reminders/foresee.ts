import { DateTime } from 'luxon'
import { listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import {
  type Category,
  findMarketRows,
  findRateRows,
  MARKET_PREFIX_DIGITS,
  type MarketRow,
  type PrefixGroup,
  priceGroups,
  type RateRow,
} from '../pricing/index.ts'
import { findTemplate, type Template } from '../templates/index.ts'
import { readBalance } from '../wallet/index.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { listRecurrences, type Recurrence, recurrenceDigest } from './find-recurrence.ts'
import { digestOfSequence, findStanding, listSequences, type Sequence } from './find-sequence.ts'
import { balanceOver, type ForeseenDay, type ForeseenRun } from './foresight.ts'
import { type Candidate, candidatesOf, type Ground, groundOf, placeOf, plusDays } from './place.ts'
import { occurrencesBetween } from './recurrence.ts'
import { purposeOf, type Step, unfitFor } from './sequence.ts'

/** What is coming, day by day, against what is available. Amounts in 1/10,000 of a unit of `currency`. */
export type Foresight = {
  readonly currency: string
  readonly availableMinor: bigint
  /** Only days on which something goes; the first is today at the earliest. */
  readonly days: readonly ForeseenDay[]
  /** Invoices whose step has no day that is known, by reason. */
  readonly unknown: readonly { readonly reason: string; readonly invoices: number }[]
}

export const MOST_DAYS_FORESEEN = 62
const MOST_SEQUENCES = 1_000
const MOST_OCCURRENCES = 100

/**
 * The runs of the coming days as they would be if nobody paid and nothing changed: what they cost by the prices of
 * their days, and whether the balance carries them. Nothing is written.
 * @param days how far to look, today included; at most MOST_DAYS_FORESEEN
 */
export async function foresee(scope: Scope, { days }: { days: number }): Promise<Foresight> {
  const ground = await groundOf(scope)
  const { currency } = await findWorkspace(scope)
  const until = plusDays(ground.today, Math.min(days, MOST_DAYS_FORESEEN) - 1)
  const outlook: Outlook = { ground, currency, until, markets: await findMarketRows(scope.sql) }
  const { items } = await listSequences(scope, { limit: MOST_SEQUENCES, after: undefined })
  const unknown = new Map<string, number>()
  const runs: ForeseenRun[] = await scheduledRuns(scope, outlook)
  for (const sequence of items.filter(({ state }) => state === 'active'))
    runs.push(...(await runsOf(scope, outlook, sequence, unknown)))
  const recurring = await listRecurrences(scope, { limit: MOST_SEQUENCES, after: undefined })
  for (const recurrence of recurring.items.filter(({ state }) => state === 'active'))
    runs.push(...(await recurringRuns(scope, outlook, recurrence)))
  const { availableMinor } = await readBalance(scope)
  return {
    currency,
    availableMinor,
    days: balanceOver(runs, availableMinor),
    unknown: [...unknown].map(([reason, invoices]) => ({ reason, invoices })),
  }
}

type Outlook = {
  readonly ground: Ground
  readonly currency: string
  /** ISO day, the last that is looked at. */
  readonly until: string
  readonly markets: readonly MarketRow[]
}

/** Campaigns that have their day already: what is held for them is no longer available, what waits for money is asked for. */
async function scheduledRuns(scope: Scope, { ground, until }: Outlook): Promise<ForeseenRun[]> {
  const rows = await scope.sql<
    { id: string; name: string; day: string; messages: number; total: bigint; held: boolean }[]
  >`
    SELECT c.id, c.name, to_char(greatest(c.starts_at, ${scope.now.toISOString()}::timestamptz) AT TIME ZONE ${ground.timeZone}, 'YYYY-MM-DD') AS day,
           q.recipients AS messages, q.total, c.state <> 'waiting_for_funds' AS held
      FROM campaigns c JOIN quotes q ON q.id = c.quote_id AND q.workspace_id = c.workspace_id
     WHERE c.workspace_id = ${scope.workspaceId} AND c.state IN ('scheduled','waiting_for_funds','pending_approval') AND c.starts_at IS NOT NULL
       AND c.starts_at < ((${until}::text::date + 1)::timestamp AT TIME ZONE ${ground.timeZone})
     ORDER BY c.starts_at, c.id LIMIT ${MOST_SEQUENCES}`
  return rows.map(({ id, name, day, messages, total, held }) => ({
    day,
    name,
    subject: { campaignId: id },
    invoices: 0,
    messages,
    costMinor: total,
    unpriced: 0,
    standing: held ? 'held' : 'counted',
  }))
}

async function runsOf(
  scope: Scope,
  outlook: Outlook,
  sequence: Sequence,
  unknown: Map<string, number>,
): Promise<ForeseenRun[]> {
  const standing = await findStanding(scope, sequence.id, digestOfSequence(sequence))
  const runs: ForeseenRun[] = []
  for (const step of sequence.steps) {
    const template = await findTemplate(scope, step.templateId)
    if (!template.ok) continue
    const going = await goingOf(scope, outlook, sequence, step, template.value, unknown)
    const { category, channel } = template.value
    const cards = going.size === 0 ? [] : await findRateRows(scope, outlook.currency, channel)
    for (const [day, candidates] of going) {
      const priced = priceOf(outlook, cards, category, day, prefixesOf(candidates, sequence.onePerDebtor))
      const isOverCap = standing !== undefined && priced.costMinor > standing.capRunMinor
      runs.push({
        day,
        name: sequence.name,
        subject: { sequenceId: sequence.id, stepKey: step.key },
        invoices: candidates.length,
        ...priced,
        standing: standing === undefined ? 'unapproved' : isOverCap ? 'over_cap' : 'counted',
      })
    }
  }
  return runs
}

/** What comes again by a rule, to its list as it is now. */
async function recurringRuns(scope: Scope, outlook: Outlook, recurrence: Recurrence): Promise<ForeseenRun[]> {
  const { ground, until } = outlook
  const template = await findTemplate(scope, recurrence.templateId)
  if (!template.ok) return []
  const since = new Date(
    Math.max(scope.now.getTime(), Date.parse(recurrence.plannedTo ?? recurrence.activeSince!)),
  )
  const end = DateTime.fromISO(until, { zone: ground.timeZone }).endOf('day').toJSDate()
  const times = occurrencesBetween(recurrence, since, end, MOST_OCCURRENCES)
  if (times.length === 0) return []
  const standing = await findStanding(scope, recurrence.id, recurrenceDigest(recurrence))
  const members = await scope.sql<{ prefix: string; count: number }[]>`
    SELECT substr(c.phone, 2, ${MARKET_PREFIX_DIGITS}::int) AS prefix, count(*)::int AS count
      FROM list_members l JOIN contacts c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
     WHERE l.list_id = ${recurrence.listId} AND l.workspace_id = ${scope.workspaceId} AND c.phone IS NOT NULL GROUP BY 1`
  const cards = await findRateRows(scope, outlook.currency, template.value.channel)
  return times.map(({ at }) => {
    const day = DateTime.fromJSDate(at, { zone: ground.timeZone }).toISODate()!
    const priced = priceOf(outlook, cards, template.value.category, day, members)
    const isOverCap = standing !== undefined && priced.costMinor > standing.capRunMinor
    return {
      day,
      name: recurrence.name,
      subject: { recurrenceId: recurrence.id },
      invoices: 0,
      ...priced,
      standing: standing === undefined ? 'unapproved' : isOverCap ? 'over_cap' : 'counted',
    }
  })
}

/** The invoices that a step would go for, by the day on the debtor's clock. */
async function goingOf(
  scope: Scope,
  { ground, until }: Outlook,
  sequence: Sequence,
  step: Step,
  template: Template,
  unknown: Map<string, number>,
): Promise<Map<string, Candidate[]>> {
  const purpose = purposeOf(step, template.category)
  const between = { from: ground.today, to: until }
  const candidates = await candidatesOf(scope, sequence.id, step, between, false)
  const stopped = await suppressedAmong(scope, candidates, template.category)
  const byDay = new Map<string, Candidate[]>()
  for (const of of candidates) {
    if (stopped.has(of.contact_id)) continue
    const place = placeOf(ground, sequence, step, purpose, of)
    if (place.kind !== 'slot') {
      if (place.nominal >= ground.today && place.nominal <= until)
        unknown.set(place.reason, (unknown.get(place.reason) ?? 0) + 1)
      continue
    }
    const { sendDay, closesAt } = place.slot
    const since = [of.created_at, sequence.activeSince!].map((at) => new Date(at).getTime())
    if (closesAt <= scope.now || closesAt.getTime() <= Math.max(...since)) continue
    if (sendDay > until || place.isOvertaken || isSilent(of, sendDay)) continue
    if (unfitFor(step, factsOf(of), sequence.mostMessages)) continue
    byDay.set(sendDay, [...(byDay.get(sendDay) ?? []), of])
  }
  return byDay
}

function factsOf({ amount, paid, tags, messages, answered }: Candidate) {
  return { owedMinor: amount - paid, tags, messages, answered }
}

function isSilent({ state, promised_until: promisedUntil }: Candidate, sendDay: string): boolean {
  return state === 'disputed' || (promisedUntil !== null && promisedUntil >= sendDay)
}

async function suppressedAmong(
  scope: Scope,
  candidates: readonly Candidate[],
  category: string,
): Promise<ReadonlySet<bigint>> {
  if (candidates.length === 0) return new Set()
  const rows = await scope.sql<{ id: bigint }[]>`
    SELECT c.id FROM unnest(${listOf(candidates.map((one) => one.contact_id))}::bigint[]) AS wanted(id)
      JOIN contacts c ON c.id = wanted.id AND c.workspace_id = ${scope.workspaceId}
      JOIN suppressions s ON s.workspace_id = c.workspace_id AND s.phone = c.phone
     WHERE (s.scope = 'all' OR ${category} = 'marketing')
       AND (s.expires_at IS NULL OR s.expires_at > ${scope.now.toISOString()}::timestamptz)`
  return new Set(rows.map(({ id }) => id))
}

/** How many messages go to numbers that begin alike; one a debtor where the ladder says so. */
function prefixesOf(candidates: readonly Candidate[], onePerDebtor: boolean): PrefixGroup[] {
  const counts = new Map<string, number>()
  const seen = new Set<bigint>()
  for (const { phone, contact_id: contactId } of candidates) {
    if (onePerDebtor && seen.has(contactId)) continue
    seen.add(contactId)
    const prefix = phone.slice(1, 1 + MARKET_PREFIX_DIGITS)
    counts.set(prefix, (counts.get(prefix) ?? 0) + 1)
  }
  return [...counts].map(([prefix, count]) => ({ prefix, count }))
}

/** By the prices of the day itself: a card that begins until then counts. An SMS counts as one part. */
function priceOf(
  { currency, markets }: Outlook,
  cards: readonly RateRow[],
  category: Category,
  on: string,
  groups: readonly PrefixGroup[],
): { messages: number; costMinor: bigint; unpriced: number } {
  const priced = priceGroups(groups, { category, currency, on, cards, markets })
  return priced.reduce(
    (sum, { count, row }) => ({
      messages: sum.messages + count,
      costMinor: sum.costMinor + BigInt(count) * (row?.priceMinor ?? 0n),
      unpriced: sum.unpriced + (row ? 0 : count),
    }),
    { messages: 0, costMinor: 0n, unpriced: 0 },
  )
}
