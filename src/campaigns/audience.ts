import { DateTime } from 'luxon'
import type postgres from 'postgres'
import { inTwo, listOf } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import {
  type Category,
  type Channel,
  type ChargeOn,
  findMarketRows,
  findRateRows,
  MARKET_PREFIX_DIGITS,
  type ModelName,
  priceGroups,
  type RateRow,
} from '../pricing/index.ts'
import type { OpenTemplate } from '../templates/index.ts'
import { allVariables, doubtByColumns, missingVariable, unsendable } from './fitness.ts'
import { type Care, findCare, momentFor } from './quiet-hours.ts'
import type { Schedule } from './schedule.ts'
import { smsSizes } from './sms-sizes.ts'
import { possibleZones } from './zones.ts'

/** What an audience is priced by. */
export type AudienceRequest = {
  channel: Channel
  listId: string
  category: Category
  currency: string
  accountZone: string
  schedule: Schedule
  template: OpenTemplate
  /** Only these contacts of the list; each is priced as it would be among all. */
  among?: readonly bigint[] | undefined
}

/** Contacts that share a number's lead and a zone share a market, a price and a moment. */
type Group = { prefix: string; zone: string | null; count: number; doubtful: number; sample: string }

type Terms = Group & {
  market: string
  row: RateRow | undefined
  dueAt: Date | undefined
  /** The zones whose clocks the window is kept by; null where there is no window. */
  windowZone: string | null
  /** Why it is not known when quiet hours end, if it is not. */
  held: string | null
}

export type Audience = {
  /** One row for each contact of the list: all a run needs, `market`, and why it is `excluded`, if it is. */
  query: postgres.PendingQuery<postgres.Row[]>
  models: ModelName[]
  /** When the prices in use are owed: on delivery, on acceptance, or, by market, on either. */
  chargeMoments: ChargeOn[]
  /** The newest price in use; null where nobody can be priced. */
  rateCardAsOf: string | null
  /** The day whose prices count, in the account's zone: the first day of sending. */
  priceDay: string
  cards: readonly RateRow[]
  firstDueAt: Date | undefined
  lastDueAt: Date | undefined
}

/**
 * Prices a list in two set-based passes: one groups the contacts by what decides price and moment, the other, which
 * is returned as a query, gives each contact its terms or the reason why it is left out.
 */
export async function priceAudience(scope: Scope, request: AudienceRequest): Promise<Audience> {
  await inTwo(scope.sql)
  const cards = await findRateRows(scope, request.currency, request.channel)
  const care = await findCare(scope, request.listId)
  const terms = await termsOfGroups(scope, request, cards, care)
  const fit = await fitnessOf(scope, request, terms)
  const priced = terms.filter((group) => group.row !== undefined && group.dueAt !== undefined)
  const moments = priced.map((group) => group.dueAt!.getTime())
  const days = priced.map((group) => dayOf(group.dueAt!, request.accountZone)).sort()
  return {
    query: contactsWithTerms(scope, request, terms, fit, care),
    models: [...new Set(priced.map((group) => group.row!.model))],
    chargeMoments: [...new Set(priced.map((group) => group.row!.chargeOn))],
    rateCardAsOf:
      priced
        .map((group) => group.row!.effectiveFrom)
        .sort()
        .at(-1) ?? null,
    priceDay: days[0] ?? dayOf(scope.now, request.accountZone),
    cards,
    firstDueAt: moments.length > 0 ? new Date(moments.reduce((a, b) => Math.min(a, b))) : undefined,
    lastDueAt: moments.length > 0 ? new Date(moments.reduce((a, b) => Math.max(a, b))) : undefined,
  }
}

/** Who cannot be sent this, and of an SMS in how many parts each of the others gets it; one part for who is not named. */
type Fitness = { unfit: ReadonlyMap<bigint, string>; parts: ReadonlyMap<bigint, number> }

async function fitnessOf(scope: Scope, request: AudienceRequest, terms: readonly Terms[]): Promise<Fitness> {
  const { channel, listId, template } = request
  const among = amongThem(scope, request, 'c.id')
  if (channel === 'sms') return smsSizes(scope, listId, template, among)
  const isDoubtful = terms.some((group) => group.doubtful > 0)
  return {
    unfit: isDoubtful ? await unsendable(scope, listId, template, among) : new Map(),
    parts: new Map(),
  }
}

async function termsOfGroups(
  scope: Scope,
  request: AudienceRequest,
  cards: readonly RateRow[],
  care: Care,
): Promise<Terms[]> {
  const doubt = doubtByColumns(scope.sql, request.template)
  // OFFSET keeps the two apart: every value is taken out once, and what is grouped are a few narrow columns.
  const groups = await scope.sql<Group[]>`
    SELECT prefix, zone, count(*)::int AS count, min(phone COLLATE "C") AS sample, (count(*) FILTER (WHERE ${doubt.condition}))::int AS doubtful
      FROM (SELECT substr(c.phone, 2, ${MARKET_PREFIX_DIGITS}::int) AS prefix, c.time_zone AS zone, c.phone, ${doubt.columns}
              FROM list_members l JOIN contacts c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
             WHERE l.list_id = ${request.listId} AND l.workspace_id = ${scope.workspaceId} AND c.phone IS NOT NULL ${amongThem(scope, request, 'l.contact_id')} OFFSET 0) member
     GROUP BY 1, 2 ORDER BY 1, 2`
  const markets = await findMarketRows(scope.sql)
  const timed = groups.map((group) => ({ ...group, ...momentOf(request.schedule, group, care, scope.now) }))
  return byDay(timed, request.accountZone, scope.now).flatMap(([on, sameDay]) => {
    const priced = priceGroups(sameDay, {
      category: request.category,
      currency: request.currency,
      on,
      cards,
      markets,
    })
    return sameDay.map((group, index) => ({
      ...group,
      market: priced[index]!.market,
      row: priced[index]!.row,
    }))
  })
}

function momentOf(schedule: Schedule, group: Group, care: Care, now: Date) {
  const person = { phone: group.sample, zones: possibleZones(group.sample, group.zone) }
  return momentFor(schedule, person, care, now)
}

/** Prices change at midnight of the account's zone, so that one campaign may span two price days. */
function byDay<T extends { dueAt: Date | undefined }>(
  groups: readonly T[],
  zone: string,
  now: Date,
): [string, T[]][] {
  const days = new Map<string, T[]>()
  for (const group of groups) {
    const day = dayOf(group.dueAt ?? now, zone)
    const known = days.get(day)
    if (known) known.push(group)
    else days.set(day, [group])
  }
  return [...days]
}

function dayOf(at: Date, zone: string): string {
  return DateTime.fromJSDate(at, { zone }).toISODate()!
}

function contactsWithTerms(
  scope: Scope,
  request: AudienceRequest,
  terms: readonly Terms[],
  fit: Fitness,
  care: Care,
) {
  const { sql } = scope
  const unfit = [...fit.unfit]
  const long = [...fit.parts]
  const segments = long.length > 0 ? sql`coalesce(z.segments, 1)` : sql`1`
  const price = sql`(t.price * ${segments})`
  return sql`
    SELECT c.id AS contact_id, c.phone, t.window_zone AS zone, t.market, ${price} AS price, ${segments} AS segments, t.due_at, l.rank, ${allVariables(sql)} AS variables,
           hash_record_extended(ROW(c.id, c.phone, c.name, c.email, c.variables, l.variables, ${price}), 1) AS mark,
           hash_record_extended(ROW(c.id, c.phone, c.name, c.email, c.variables, l.variables, ${price}), 2) AS other_mark,
           CASE WHEN c.erased_at IS NOT NULL THEN 'erased'
                WHEN s.phone IS NOT NULL THEN 'opted_out'
                WHEN ${missingVariable(sql, request.template)} THEN 'missing_variable'
                ${unfit.length > 0 ? sql`WHEN u.reason IS NOT NULL THEN u.reason` : sql``}
                WHEN t.price IS NULL THEN 'no_price'
                WHEN t.held IS NOT NULL THEN t.held
                WHEN t.due_at IS NULL THEN 'no_hour_fits'
                ${care.cap ? sql`WHEN o.contact_id IS NOT NULL THEN 'too_often'` : sql``} END AS excluded
      FROM list_members l
      JOIN contacts c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
      LEFT JOIN unnest(${terms.map((t) => t.prefix)}::text[], ${terms.map((t) => t.zone ?? '')}::text[],
             ${terms.map((t) => t.market)}::text[], ${listOf(terms.map((t) => t.row?.priceMinor ?? null))}::bigint[],
             ${terms.map((t) => t.dueAt?.toISOString() ?? null) as string[]}::text[]::timestamptz[],
             ${terms.map((t) => t.windowZone) as string[]}::text[], ${terms.map((t) => t.held) as string[]}::text[])
             AS t(prefix, own_zone, market, price, due_at, window_zone, held)
        ON t.prefix = substr(c.phone, 2, ${MARKET_PREFIX_DIGITS}::int) AND t.own_zone = coalesce(c.time_zone, '')
      LEFT JOIN (SELECT DISTINCT phone FROM suppressions
                  WHERE workspace_id = ${scope.workspaceId} AND (scope = 'all' OR scope = ${request.category})
                    AND (expires_at IS NULL OR expires_at > ${scope.now.toISOString()}::timestamptz)) s ON s.phone = c.phone
      ${unfit.length > 0 ? joinUnfit(scope, unfit) : sql``}
      ${long.length > 0 ? joinSegments(scope, long) : sql``}
      ${care.cap ? sql`LEFT JOIN (${writtenTooOften(scope, care.cap)}) o ON o.contact_id = c.id` : sql``}
     WHERE l.list_id = ${request.listId} AND l.workspace_id = ${scope.workspaceId} ${amongThem(scope, request, 'l.contact_id')}`
}

function amongThem({ sql }: Scope, { among }: AudienceRequest, column: 'c.id' | 'l.contact_id') {
  return among === undefined ? sql`` : sql`AND ${sql(column)} = ANY(${listOf(among)}::bigint[])`
}

function joinUnfit({ sql }: Scope, unfit: readonly [bigint, string][]) {
  return sql`
    LEFT JOIN unnest(${listOf(unfit.map(([id]) => id))}::bigint[], ${unfit.map(([, reason]) => reason)}::text[])
           AS u(contact_id, reason) ON u.contact_id = c.id`
}

function joinSegments({ sql }: Scope, long: readonly [bigint, number][]) {
  return sql`
    LEFT JOIN unnest(${listOf(long.map(([id]) => id))}::bigint[], ${listOf(long.map(([, parts]) => parts))}::int[])
           AS z(contact_id, segments) ON z.contact_id = c.id`
}

/** Who has had, or is owed, as many messages in the last days as the workspace allows, over all its campaigns. */
function writtenTooOften({ sql, workspaceId, now }: Scope, cap: NonNullable<Care['cap']>) {
  const since = new Date(now.getTime() - cap.days * DAY_MS).toISOString()
  return sql`
    SELECT m.contact_id FROM runs r JOIN messages m ON m.campaign_id = r.campaign_id AND m.workspace_id = r.workspace_id
     WHERE r.workspace_id = ${workspaceId} AND r.send_before > ${since}::timestamptz
       AND (m.sent_at > ${since}::timestamptz OR m.state IN ('queued','sending','uncertain'))
     GROUP BY m.contact_id HAVING count(*) >= ${cap.messages}::int`
}

const DAY_MS = 24 * 60 * 60 * 1_000
