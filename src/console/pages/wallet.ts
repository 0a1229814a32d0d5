import { ok, type Result } from '../../platform/result.ts'
import { auditWorkspace } from '../../reports/index.ts'
import { listTransfers, readBalance, type TransferPlace, topUp } from '../../wallet/index.ts'
import { type Again, act, errorsOf, mustMay, page, pageHref, type View, type Visit } from '../page.ts'
import { actorNames, campaignNames } from '../recorded.ts'
import { groupDigits } from '../show.ts'
import { say } from '../view.ts'

const PATH = '/wallet'
const ROWS = 50
const PLACE = /^(\d{1,19})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/
const REFERENCE_MAX_CHARS = 200
const AMOUNT_MAX_CHARS = 30

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

export const walletPages = [wallet, credit, books]

async function showWallet(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const after = placeOf(visit.query('after'))
  const { items, next } = await listTransfers(scope, { limit: ROWS, after })
  const names = await campaignNames(scope, [...new Set(items.flatMap(({ campaignId }) => campaignId ?? []))])
  const nameOf = await actorNames(
    scope,
    items.map(({ actor }) => actor),
  )
  return ok({
    name: 'wallet',
    section: 'wallet',
    title: say('wallet.title'),
    data: {
      balance: await readBalance(scope),
      transfers: items.map((transfer) => ({
        ...transfer,
        campaign: transfer.campaignId && (names.get(transfer.campaignId) ?? transfer.campaignId),
        by: nameOf(transfer.actor),
      })),
      first: after === undefined ? undefined : PATH,
      next: next && pageHref(PATH, { after: next.join('.') }),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, { 'amount.amount': 'amount' }),
      again,
    },
  })
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
