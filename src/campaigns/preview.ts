import { ofSoughtContacts, type SoughtContacts, seekContacts } from '../contacts/index.ts'
import { instantOf } from '../delivery/index.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { previewTemplate, type ShownTemplate, type Variables } from '../templates/index.ts'
import { type AudienceRequest, priceAudience } from './audience.ts'
import { type Campaign, findCampaign } from './find-campaign.ts'
import { EDITABLE } from './lifecycle.ts'
import { wrongState } from './move.ts'
import { campaignParts } from './quote.ts'
import { RECIPIENT_ZONE, type Schedule } from './schedule.ts'

/** Which contacts to see: all, those who will be sent to, those who will not or why, or later than asked for. */
export const PREVIEW_FILTERS = [
  'all',
  'sent',
  'excluded',
  'missing_variable',
  'too_long',
  'opted_out',
  'no_hour_fits',
  'no_price',
  'shifted',
  'free',
] as const
export type PreviewFilter = (typeof PREVIEW_FILTERS)[number]

/** What one contact of a campaign's list would be sent, as things stand. */
export type PreviewLine = {
  readonly contactId: string
  readonly phone: string | null
  readonly name: string | null
  readonly market: string | null
  /** What it will cost if it is delivered, in 1/10,000 units; null where nothing is sent. */
  readonly priceMinor: bigint | null
  readonly dueAt: string | null
  readonly excluded: string | null
  readonly message: ShownTemplate | null
  /** Why the words cannot be filled with this contact's values. */
  readonly fault: string | null
}

type Row = {
  contact_id: bigint
  phone: string | null
  market: string | null
  price: bigint | null
  due_at: string | null
  variables: Variables
  excluded: string | null
}

/**
 * Every message of a campaign that is not yet submitted, rendered with each contact's own values, in the order of the
 * contacts: what `quoteCampaign` prices, one by one, with who is left out and why.
 * Only the contacts that are looked at are priced, so that a page of a million costs what a page costs.
 * @param request.mostLooked so many contacts are looked at for one page, or nearly; it may then have fewer lines, and a next
 * @returns refused as `not_found`, or `wrong_state` once recipients are fixed
 */
export async function previewCampaign(
  scope: Scope,
  campaignId: string,
  request: PageRequest<string> & {
    readonly filter?: PreviewFilter | undefined
    /** In the name, address or number of the contact. */
    readonly words?: string | undefined
    readonly mostLooked?: number | undefined
  },
): Promise<Result<Page<PreviewLine, string>, 'not_found' | 'wrong_state'>> {
  const found = await findCampaign(scope, campaignId)
  if (!found.ok) return found
  const campaign = found.value
  if (!EDITABLE.includes(campaign.state)) return wrongState(campaign, 'draft')
  const { request: audience, words } = await campaignParts(scope, campaign)
  const { filter = 'all', limit, mostLooked = Number.POSITIVE_INFINITY } = request
  const sought = request.words === undefined ? undefined : await seekContacts(scope, request.words)
  const rows: Row[] = []
  let { after } = request
  let size = filter === 'all' ? limit + 1 : LOOKED_AT_FIRST
  for (let looked = 0; rows.length <= limit; looked += size, size *= GROWTH) {
    if (looked >= mostLooked) return ok({ items: rows.map((row) => toLine(row, words)), next: after })
    const among = await membersAfter(scope, campaign.listId, { sought, after, limit: size })
    if (among.length > 0) rows.push(...(await pricedRows(scope, campaign, { ...audience, among }, filter)))
    if (among.length < size) break
    after = among.at(-1)!.toString()
  }
  const { items, next } = pageOf(rows, limit, (row) => row.contact_id.toString())
  return ok({ items: items.map((row) => toLine(row, words)), next })
}

/** Where few of many are wanted, more are looked at each time: the whole list takes a handful of queries. */
const LOOKED_AT_FIRST = 2_000
const GROWTH = 4

/** The next members of a list, with words in their name, address or number where given. */
async function membersAfter(
  scope: Scope,
  listId: string,
  { after, sought, limit }: PageRequest<string> & { readonly sought: SoughtContacts | undefined },
): Promise<bigint[]> {
  const { sql, workspaceId } = scope
  const rows = await sql<{ id: bigint }[]>`
    SELECT contact_id AS id FROM list_members WHERE list_id = ${listId} AND workspace_id = ${workspaceId}
       ${after === undefined ? sql`` : sql`AND contact_id > ${after}::bigint`}
       ${sought === undefined ? sql`` : sql`AND ${ofSoughtContacts(scope, sought, 'list_members.contact_id')}`}
     ORDER BY contact_id LIMIT ${limit}`
  return rows.map(({ id }) => id)
}

async function pricedRows(
  scope: Scope,
  campaign: Campaign,
  audience: AudienceRequest,
  filter: PreviewFilter,
) {
  const { query } = await priceAudience(scope, audience)
  return scope.sql<Row[]>`
    SELECT * FROM (${query}) q WHERE ${condition(scope, campaign, filter)} ORDER BY contact_id`
}

function condition({ sql, now }: Scope, { schedule }: Campaign, filter: PreviewFilter) {
  switch (filter) {
    case 'all':
      return sql`true`
    case 'sent':
      return sql`excluded IS NULL`
    case 'excluded':
      return sql`excluded IS NOT NULL`
    case 'free':
      return sql`excluded IS NULL AND price = 0`
    case 'shifted': {
      const asked = askedFor(schedule, now)
      return asked ? sql`excluded IS NULL AND due_at > ${asked.toISOString()}::timestamptz` : sql`false`
    }
    default:
      return sql`excluded = ${filter}`
  }
}

/** The moment that the schedule names, where it is one and the same for everybody. */
function askedFor(schedule: Schedule, now: Date): Date | undefined {
  if ('now' in schedule) return now
  return schedule.timeZone === RECIPIENT_ZONE ? undefined : instantOf(schedule.at, schedule.timeZone)
}

function toLine(row: Row, words: Parameters<typeof previewTemplate>[0]): PreviewLine {
  const shown = previewTemplate(words, row.variables)
  return {
    contactId: row.contact_id.toString(),
    phone: row.phone,
    name: typeof row.variables.name === 'string' ? row.variables.name : null,
    market: row.market,
    priceMinor: row.excluded === null ? row.price : null,
    dueAt: row.excluded === null ? row.due_at : null,
    excluded: row.excluded,
    message: shown.ok ? shown.value : null,
    fault: shown.ok ? null : shown.message,
  }
}
