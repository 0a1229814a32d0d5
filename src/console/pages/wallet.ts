import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { listCampaigns } from '../../campaigns/index.ts'
import { formatAmount } from '../../platform/money.ts'
import type { PageRequest } from '../../platform/page.ts'
import { ok, type Result } from '../../platform/result.ts'
import { auditWorkspace, readSpend, type Spend, writeStatement } from '../../reports/index.ts'
import {
  listTransfers,
  readBalance,
  TRANSFER_KINDS,
  type Transfer,
  type TransferPlace,
  topUp,
} from '../../wallet/index.ts'
import { findWorkspace } from '../../workspaces/index.ts'
import { type Asked, exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import {
  type Again,
  act,
  errorsOf,
  mustMay,
  page,
  type StreamVisit,
  stream,
  type View,
  type Visit,
} from '../page.ts'
import { actorNames, campaignNames } from '../recorded.ts'
import { sentence } from '../sentences.ts'
import { groupDigits, percentOf } from '../show.ts'
import { say, sayOr } from '../view.ts'

const PATH = '/wallet'
const ROWS = 50
const PLACE = /^(\d{1,19})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const MOST_NAMED = 1_000
const REFERENCE_MAX_CHARS = 200
const AMOUNT_MAX_CHARS = 30

type Line = Transfer & { readonly campaign: string | null; readonly by: string }

const ledger: List<Line, TransferPlace> = {
  path: PATH,
  permission: 'wallet.read',
  fileName: 'ledger',
  filters: ['kind'],
  read: readLedger,
  columns: ({ workspace: { currency, timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: `${say('col.when')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
      { heading: say('col.what'), cell: ({ kind }) => sayOr(`transfer.${kind}`, kind) },
      {
        heading: say('col.from_to'),
        cell: ({ from, to }) => `${sayOr(`account.${from}`, from)} → ${sayOr(`account.${to}`, to)}`,
      },
      { heading: `${say('col.amount')} (${currency})`, cell: ({ amountMinor }) => formatAmount(amountMinor) },
      { heading: say('nav.campaigns'), cell: ({ campaign }) => campaign },
      { heading: say('wallet.reference'), cell: ({ reference }) => reference },
      { heading: say('field.reason'), cell: ({ reason }) => reason },
      { heading: say('audit.who'), cell: ({ by }) => by },
    ]
  },
}

const wallet = page(PATH, (visit) => showWallet(visit))

const credit = act(
  '/wallet/top-ups',
  async (visit, form) => {
    const amount = (form.fields.amount ?? '').trim()
    const reference = (form.fields.reference ?? '').trim()
    const faults = faultsOf(amount, reference)
    if (faults.length > 0)
      return {
        ok: false,
        reason: 'validation_failed',
        message: say('refused.check_fields'),
        facts: { errors: faults },
      }
    const { currency } = visit.workspace
    const credited = await topUp(visit.scope, { amount: { amount, currency }, reference })
    return credited.ok ? ok({ to: `${PATH}?done=topped_up` }) : credited
  },
  showWallet,
)

const books = page('/wallet/books', async (visit) => {
  const refusal = mustMay(visit, 'audit.read')
  if (refusal) return refusal
  const audit = await auditWorkspace(visit.scope)
  const checks = audit.checks.map((check) => ({
    ...check,
    says: sentence(`check.${check.name}`, check.says),
    figures: Object.entries(check.figures).map(([name, value]) => ({
      name: name.replaceAll('_', ' '),
      value: groupDigits(String(value)),
    })),
  }))
  return ok({
    name: 'books',
    section: 'wallet' as const,
    title: say('books.title'),
    data: { ok: audit.ok, checks, at: visit.scope.now.toISOString() },
  })
})

const statement = stream('/wallet/statement.xlsx', async (visit) => {
  const { timeZone } = await visit.within((scope) => findWorkspace(scope))
  visit.response.attachment('statement.xlsx').type(WORKBOOK)
  const workbook = writeStatement(transfersOf(visit), { timeZone })
  try {
    await pipeline(Readable.fromWeb(workbook as ReadableStream<Uint8Array>), visit.response)
  } catch (error) {
    // Whoever turns away while a file is on its way has not found a fault.
    if ((error as { code?: string }).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  return undefined
})

export const walletPages = [wallet, ...exportsOf(ledger), credit, books, statement]

const WORKBOOK = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const STATEMENT_ROWS_AT_ONCE = 1_000
const SPEND_DAYS = 30
const DAY_MS = 24 * 60 * 60 * 1000

/** A page in a transaction: a long ledger keeps none of them open for long. */
async function* transfersOf(visit: StreamVisit): AsyncGenerator<Transfer> {
  let after: TransferPlace | undefined
  do {
    const request = { limit: STATEMENT_ROWS_AT_ONCE, after }
    const page = await visit.within((scope) => listTransfers(scope, request))
    yield* page.items
    after = page.next
  } while (after !== undefined)
}

/** What was spent on each of the last thirty days, as bars, and in each category. */
async function spendOf({ scope, workspace }: Visit) {
  const { timeZone } = workspace
  const spent = await readSpend(scope, { days: SPEND_DAYS, timeZone })
  const day = new Intl.DateTimeFormat('sv-SE', { timeZone })
  const days = Array.from({ length: SPEND_DAYS }, (_, back) =>
    day.format(new Date(scope.now.getTime() - (SPEND_DAYS - 1 - back) * DAY_MS)),
  )
  const sums = days.map((on) => sumOf(spent.filter((one) => one.day === on)))
  let most = 0n
  for (const sum of sums) if (sum > most) most = sum
  const categories = [...new Set(spent.map(({ category }) => category))]
  return {
    any: spent.length > 0,
    from: days[0],
    to: days.at(-1),
    most,
    bars: sums.map((sum, at) => ({
      x: at * 10,
      height: percentOf(sum, most),
      y: 100 - percentOf(sum, most),
    })),
    categories: categories.map((category) => {
      const own = spent.filter((one) => one.category === category)
      return { category, minor: sumOf(own), messages: own.reduce((sum, { messages }) => sum + messages, 0) }
    }),
  }
}

function sumOf(spent: readonly Spend[]): bigint {
  return spent.reduce((sum, { amountMinor }) => sum + amountMinor, 0n as bigint)
}

async function showWallet(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const after = placeOf(visit.query('after'))
  const read = await lookThrough(visit, ledger, { limit: ROWS, after })
  if (!read.ok) return read
  const kind = kindOf(visit)
  return ok({
    name: 'wallet',
    section: 'wallet',
    title: say('wallet.title'),
    data: {
      balance: await readBalance(scope),
      spend: await spendOf(visit),
      transfers: read.value.items,
      kinds: TRANSFER_KINDS.map((one) => ({ kind: one, chosen: one === kind })),
      ...read.value.facts,
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, { 'amount.amount': 'amount' }),
      again,
    },
  })
}

/** The ledger with the names of what it speaks of; campaigns are sought by their names. */
async function readLedger(asked: Asked, request: PageRequest<TransferPlace>) {
  const { scope } = asked
  const words = soughtWords(asked)
  const named = words === undefined ? [] : (await listCampaigns(scope, { limit: MOST_NAMED, words })).items
  const orCampaignIds = named.map(({ id }) => id)
  const sifted = { ...request, kind: kindOf(asked), words, orCampaignIds }
  const { items, next } = await listTransfers(scope, sifted)
  const names = await campaignNames(scope, [...new Set(items.flatMap(({ campaignId }) => campaignId ?? []))])
  const nameOf = await actorNames(
    scope,
    items.map(({ actor }) => actor),
  )
  const lines = items.map((transfer) => ({
    ...transfer,
    campaign: transfer.campaignId && (names.get(transfer.campaignId) ?? transfer.campaignId),
    by: nameOf(transfer.actor),
  }))
  return ok({ items: lines, next })
}

function kindOf({ query }: Pick<Asked, 'query'>): Transfer['kind'] | undefined {
  return TRANSFER_KINDS.find((one) => one === query('kind'))
}

function placeOf(word: string | undefined): TransferPlace | undefined {
  const match = PLACE.exec(word ?? '')
  return match ? [match[1]!, match[2]!] : undefined
}

/** What the verb is not asked, because no payment looks like it. */
function faultsOf(amount: string, reference: string) {
  const faults = []
  if (amount === '' || amount.length > AMOUNT_MAX_CHARS || !/^\d+(\.\d{1,4})?$/.test(amount))
    faults.push({ path: 'amount', code: 'invalid_amount', message: say('wallet.amount.fault') })
  if (reference === '' || reference.length > REFERENCE_MAX_CHARS)
    faults.push({
      path: 'reference',
      code: 'required',
      message: say('wallet.reference.fault', { n: REFERENCE_MAX_CHARS }),
    })
  return faults
}
