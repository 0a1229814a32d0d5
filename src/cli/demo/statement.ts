import { formatAmount, type MoneyJson, parseAmount } from '../../platform/money.ts'
import type { Audit, Campaign, Message, Wallet } from './shapes.ts'

/** What is known when a campaign has settled: its own figures, each message's, the wallet's and the audit's. */
export type Settled = {
  readonly toppedUp: MoneyJson
  readonly quoted: MoneyJson
  readonly campaign: Campaign
  readonly messages: readonly Message[]
  readonly wallet: Wallet
  readonly audit: Audit
}

/** A sum that must come out; `left` and `right` are decimals of the same currency. */
export type BookCheck = {
  readonly says: string
  readonly left: string
  readonly right: string
  readonly ok: boolean
}

/** Compares the books with each other to the last digit. They balance if every check is ok and so is the audit. */
export function checkBooks({ toppedUp, quoted, campaign, messages, wallet }: Settled): BookCheck[] {
  const { held, captured, released, remaining } = campaign.money
  const charges = messages.reduce((sum, { charged }) => sum + minor(charged), 0n)
  return [
    compare('reserved = quoted', minor(held), minor(quoted)),
    compare('reserved = charged + released', minor(held), minor(captured) + minor(released)),
    compare('charged = the sum over all messages', minor(captured), charges),
    compare('nothing is left in the hold', minor(remaining), 0n),
    compare(
      'wallet: available = topped up − charged',
      minor(wallet.available),
      minor(toppedUp) - minor(captured),
    ),
    compare('wallet: spent = charged', minor(wallet.spent), minor(captured)),
    compare('wallet: held = nothing', minor(wallet.held), 0n),
  ]
}

/** Whether the campaign has settled, the sums come out and the audit holds. */
export function booksBalance(settled: Settled): boolean {
  return settled.campaign.state === 'settled' && settled.audit.ok && checkBooks(settled).every(({ ok }) => ok)
}

function compare(says: string, left: bigint, right: bigint): BookCheck {
  return { says, left: formatAmount(left), right: formatAmount(right), ok: left === right }
}

function minor(money: MoneyJson): bigint {
  const amount = parseAmount(money.amount)
  if (amount === undefined) throw new Error(`${money.amount} is not an amount`)
  return amount
}
