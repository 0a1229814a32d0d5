import { formatAmount, type MoneyJson, moneyJson, parseAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { MOST_AMOUNT_MINOR, MOST_TOPPED_UP_MINOR, repayId, repaymentOf, topUpId } from './ledger.ts'
import { lockAvailable, move, readOwed } from './move.ts'

/** `repaid` is how much of it went to what late deliveries had left owed. */
export type TopUp = {
  id: string
  amount: MoneyJson
  repaid: MoneyJson
  reference: string
  repeated: boolean
}
export type TopUpRefusal = 'forbidden' | 'validation_failed' | 'currency_mismatch' | 'reference_reused'

/**
 * Credits the wallet once for each reference, and pays what is owed first. The same reference with the same amount is the
 * same top-up; with another amount it is refused, since one payment cannot have two sizes.
 */
export async function topUp(
  scope: Scope,
  request: { amount: MoneyJson; reference: string },
): Promise<Result<TopUp, TopUpRefusal>> {
  const refusal = allow(scope.actor, 'wallet.top_up')
  if (refusal) return refusal
  const amountMinor = parseAmount(request.amount.amount)
  if (amountMinor === undefined || amountMinor <= 0n || amountMinor > MOST_AMOUNT_MINOR) {
    return refuse('validation_failed', 'A top-up is a positive amount with at most four decimals.', {
      errors: [
        {
          path: 'amount.amount',
          code: 'invalid_amount',
          message: 'Write a positive decimal such as "500000.00".',
        },
      ],
    })
  }
  const { currency } = await lockAvailable(scope)
  if (request.amount.currency !== currency) {
    return refuse('currency_mismatch', `This wallet is in ${currency}: top it up in ${currency}.`)
  }
  const id = topUpId(scope.workspaceId, request.reference)
  if (await isTooMuch(scope, id, amountMinor)) return tooMuch()
  const written = await move(scope, {
    id,
    kind: 'top_up',
    from: 'funding',
    to: 'wallet',
    amountMinor,
    currency,
    reference: request.reference,
  })
  if (!written) return sameTopUp(scope, id, amountMinor, currency, request.reference)
  const { reference } = request
  const repaid = moneyJson(await repay(scope, { topUpId: id, amountMinor, currency, reference }), currency)
  await recordEvent(scope, 'wallet.topped_up', id, { amount: request.amount, reference, repaid })
  return ok({ id, amount: moneyJson(amountMinor, currency), repaid, reference, repeated: false })
}

/**
 * Pays what is owed out of a top-up that was just written. The wallet is locked, so that no late delivery changes it.
 * @returns how much, in 1/10,000 of a unit
 */
async function repay(
  scope: Scope,
  topUp: { topUpId: string; amountMinor: bigint; currency: string; reference: string },
): Promise<bigint> {
  const { topUpId, currency, reference } = topUp
  const amountMinor = repaymentOf(await readOwed(scope), topUp.amountMinor)
  if (amountMinor === 0n) return 0n
  const id = repayId(topUpId)
  const reason = 'what late deliveries had left owed'
  await move(scope, {
    id,
    kind: 'repay',
    from: 'wallet',
    to: 'receivable',
    amountMinor,
    currency,
    reference,
    reason,
  })
  return amountMinor
}

/** Whether the wallet would ever have taken more than it can count; what was written before is not counted twice. */
async function isTooMuch(scope: Scope, id: string, amountMinor: bigint): Promise<boolean> {
  const [row] = await scope.sql<{ topped_up: bigint; written: boolean }[]>`
    SELECT debits AS topped_up, EXISTS (SELECT 1 FROM transfers t WHERE t.id = ${id} AND t.workspace_id = a.workspace_id) AS written
      FROM accounts a WHERE workspace_id = ${scope.workspaceId} AND kind = 'funding'`
  return !row!.written && row!.topped_up + amountMinor > MOST_TOPPED_UP_MINOR
}

function tooMuch() {
  const message = `A wallet takes at most ${formatAmount(MOST_TOPPED_UP_MINOR)} all in all.`
  return refuse('validation_failed', message, {
    errors: [{ path: 'amount.amount', code: 'too_big', message }],
  })
}

async function sameTopUp(
  scope: Scope,
  id: string,
  amountMinor: bigint,
  currency: string,
  reference: string,
): Promise<Result<TopUp, TopUpRefusal>> {
  const [earlier] = await scope.sql<{ amount: bigint; repaid: bigint }[]>`
    SELECT amount, coalesce((SELECT r.amount FROM transfers r
             WHERE r.id = ${repayId(id)} AND r.workspace_id = t.workspace_id), 0) AS repaid
      FROM transfers t WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  if (earlier?.amount !== amountMinor) {
    return refuse(
      'reference_reused',
      `The reference ${reference} already stands for a top-up of ${formatAmount(earlier?.amount ?? 0n)} ${currency}. Use the payment's own reference.`,
    )
  }
  const repaid = moneyJson(earlier.repaid, currency)
  return ok({ id, amount: moneyJson(amountMinor, currency), repaid, reference, repeated: true })
}
