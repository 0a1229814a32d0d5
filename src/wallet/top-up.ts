import { formatAmount, type MoneyJson, moneyJson, parseAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { MOST_AMOUNT_MINOR, MOST_TOPPED_UP_MINOR, topUpId } from './ledger.ts'
import { lockAvailable, move } from './move.ts'

export type TopUp = { id: string; amount: MoneyJson; reference: string; repeated: boolean }
export type TopUpRefusal = 'forbidden' | 'validation_failed' | 'currency_mismatch' | 'reference_reused'

/**
 * Credits the wallet once for each reference. The same reference with the same amount is the same top-up; with
 * another amount it is refused, since one payment cannot have two sizes.
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
  if (written) {
    await recordEvent(scope, 'wallet.topped_up', id, { amount: request.amount, reference: request.reference })
    return ok({ id, amount: moneyJson(amountMinor, currency), reference: request.reference, repeated: false })
  }
  return sameTopUp(scope, id, amountMinor, currency, request.reference)
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
  const [earlier] = await scope.sql<{ amount: bigint }[]>`
    SELECT amount FROM transfers WHERE id = ${id} AND workspace_id = ${scope.workspaceId}`
  if (earlier?.amount !== amountMinor) {
    return refuse(
      'reference_reused',
      `The reference ${reference} already stands for a top-up of ${formatAmount(earlier?.amount ?? 0n)} ${currency}. Use the payment's own reference.`,
    )
  }
  return ok({ id, amount: moneyJson(amountMinor, currency), reference, repeated: true })
}
