import { isCalendarDay } from '../../platform/calendar.ts'
import { ok, type Refusal, type Result, refuse } from '../../platform/result.ts'
import {
  type CardKey,
  type CardPrice,
  type Category,
  cardDay,
  findRateCard,
  listCardPrices,
  listRateCards,
  type PricePlace,
  publishRates,
  RATE_CARD_MAX_BYTES,
  RATE_COLUMNS,
  type RateCard,
  type RowProblem,
  readCardFile,
} from '../../pricing/index.ts'
import { allow, readAccount } from '../../workspaces/index.ts'
import {
  type Again,
  errand,
  may,
  page,
  pageHref,
  pageRequest,
  peopleOf,
  type View,
  type Visit,
} from '../page.ts'
import { dayOf, groupDigits } from '../show.ts'
import { say } from '../view.ts'
import { missingFile } from './contacts.ts'

/** What messages cost: the cards of this workspace, which its managers import, and those of the installation. */

const PATH = '/settings/rate-cards'
const MINOR_UNITS = 10_000n
const CARDS_SHOWN = 200
const FAULTS_SHOWN = 100
const BYTES_IN_MB = 1024 * 1024
const MARKET_MAX_CHARS = 80
const PRICE_PLACE = /^[^|]{1,80}\|[a-z_]{1,40}$/
const CARD = /^(own|common)-(whatsapp|sms)-([A-Z]{3})-(\d{4}-\d{2}-\d{2})$/
const CATEGORIES: readonly Category[] = [
  'marketing',
  'utility',
  'authentication',
  'authentication_international',
  'service',
]
/** Beside which field it is said why a card was not taken; what stands in its rows, and all else, beside the file. */
const FIELD_OF: Readonly<Record<string, string>> = { invalid_markup: 'markup', invalid_day: 'effective_from' }

const list = page(PATH, (visit) => showCards(visit))

const publish = errand(
  '/settings/rate-cards/imports',
  async ({ within }, { fields, file }) => {
    const refusal = await within(async ({ actor }) => allow(actor, 'rates.write'))
    if (refusal) return refusal
    if (!file || file.sizeBytes === 0) return missingFile()
    const table = await readCardFile(file.path)
    if (!table.ok) return table
    const published = await within((scope) =>
      publishRates(scope, {
        table: table.value,
        fileName: file.name,
        markupPercent: fields.markup?.trim() || undefined,
        effectiveFrom: fields.effective_from?.trim() || undefined,
      }),
    )
    return published.ok ? ok({ to: `${PATH}?done=rates` }) : published
  },
  showCards,
)

const one = page('/settings/rate-cards/:id', async (visit): Promise<Result<View>> => {
  const key = readKey(visit.params.id!)
  const today = todayOf(visit)
  const card = key && (await findRateCard(visit.scope, today, key))
  if (!card) return refuse('not_found', say('rates.none_such'))
  const request = pageRequest(visit, PRICE_PLACE)
  const market = visit.query('market')?.trim().slice(0, MARKET_MAX_CHARS) || undefined
  const category = CATEGORIES.find((known) => known === visit.query('category'))
  const after = request.after?.split('|') as unknown as PricePlace | undefined
  const prices = await listCardPrices(visit.scope, today, card, {
    market,
    category,
    limit: request.limit,
    after,
  })
  const path = `${PATH}/${visit.params.id}`
  return ok({
    name: 'rate-card',
    section: 'settings',
    title: cardTitle(card),
    data: {
      card: shown(card),
      ...priceRows(prices.items),
      market,
      categories: CATEGORIES.map((name) => ({ name, chosen: name === category })),
      isSearched: market !== undefined || category !== undefined,
      path,
      first: request.after === undefined ? undefined : pageHref(path, { market, category }),
      next: prices.next && pageHref(path, { market, category, after: prices.next.join('|') }),
    },
  })
})

/** What is the same of all that is shown is said once; prices stand under each other to the last digit. */
function priceRows(prices: readonly CardPrice[]) {
  const places = prices.some(({ priceMinor }) => priceMinor % 100n !== 0n) ? 4 : 2
  const models = new Set(prices.map(({ model, chargeOn }) => `${model} ${chargeOn}`))
  const sources = new Set(prices.map(({ source }) => source))
  return {
    prices: prices.map((price) => ({ ...price, amount: amountOf(price.priceMinor, places) })),
    sameModel: models.size === 1 ? prices[0] : undefined,
    sameSource: sources.size === 1 ? prices[0]!.source : undefined,
  }
}

function amountOf(minor: bigint, places: number): string {
  const whole = minor / MINOR_UNITS
  const rest = String(minor % MINOR_UNITS).padStart(4, '0')
  return groupDigits(`${whole}.${rest.slice(0, places)}`)
}

export const rateCardsPages = [list, publish, one]

async function showCards(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope, session } = visit
  const cards = await listRateCards(scope, todayOf(visit), CARDS_SHOWN)
  // A file does not survive the question who sends it, so the proof is asked for along with it.
  const mustProve = scope.actor.mustConfirm === true && session.member !== undefined
  const person = mustProve ? await readAccount(peopleOf(visit), session.member!.personId) : undefined
  return ok({
    name: 'rate-cards',
    section: 'settings',
    title: say('rates.title'),
    data: {
      own: cards.filter(({ owner }) => owner === 'workspace').map(shown),
      common: cards.filter(({ owner }) => owner === 'install').map(shown),
      mayImport: may(visit, 'rates.write'),
      mustProve,
      isOn: person ? person.totpSecret !== null : false,
      columns: [...RATE_COLUMNS.required, ...RATE_COLUMNS.optional].join(','),
      example: `per_message,${visit.workspace.currency},Indonesia,utility,2026-12-01,367.25,delivered`,
      mostMb: RATE_CARD_MAX_BYTES / BYTES_IN_MB,
      values: again?.fields,
      errors: again && { ...again.errors, ...besides(again.refusal) },
      faults: again && rowFaults(again.refusal).slice(0, FAULTS_SHOWN),
      faultsInAll: again && rowFaults(again.refusal).length,
      again,
    },
  })
}

function besides(refusal: Refusal): Record<string, string> {
  if (refusal.reason === 'validation_failed' || refusal.reason === 'forbidden') return {}
  return { [FIELD_OF[refusal.reason] ?? 'file']: refusal.message }
}

function rowFaults(refusal: Refusal): readonly RowProblem[] {
  return refusal.reason === 'invalid_rate_card' ? (refusal.facts?.errors as readonly RowProblem[]) : []
}

function todayOf({ scope, workspace }: Visit) {
  return cardDay(scope.now, workspace.timeZone)
}

function readKey(id: string): CardKey | undefined {
  const [, owner, channel, currency, from] = CARD.exec(id) ?? []
  if (owner === undefined || !isCalendarDay(from!)) return undefined
  return {
    owner: owner === 'own' ? 'workspace' : 'install',
    channel: channel as CardKey['channel'],
    currency: currency!,
    from: from!,
  }
}

function shown(card: RateCard) {
  const { owner, channel, currency, from } = card
  const state = card.inForce > 0 ? 'card_in_force' : card.isAhead ? 'card_ahead' : 'card_over'
  return {
    ...card,
    href: `${PATH}/${owner === 'workspace' ? 'own' : 'common'}-${channel}-${currency}-${from}`,
    title: cardTitle(card),
    state,
    look: { card_in_force: 'good', card_ahead: 'wait', card_over: 'idle' }[state],
  }
}

function cardTitle({ channel, currency, from }: CardKey): string {
  return say('rates.card', { channel: say(`rates.channel.${channel}`), currency, from: dayOf(from) })
}
