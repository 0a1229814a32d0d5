import type { MoneyJson } from '../../platform/money.ts'
import { checkLines } from '../audit.ts'
import { grouped, paint, printLine, tableLines } from '../terminal.ts'
import type { Message, Problem, Quote, Wallet } from './shapes.ts'
import { booksBalance, checkBooks, type Settled } from './statement.ts'

/** What the demo prints, as lines. */
export function printStep(number: number, title: string): void {
  printLine()
  printLine(paint('bold', `${number}. ${title}`))
}

const PROBLEMS_SHOWN = 8

/** One problem of each kind, as far as there is room. */
export function problemLines(problems: readonly Problem[]): string[] {
  const wrong = problems.filter(({ code }) => code !== 'duplicate_in_sheet')
  const kinds = [...new Map(wrong.map((problem) => [problem.code, problem])).values()].slice(
    0,
    PROBLEMS_SHOWN,
  )
  const rows = kinds
    .sort((a, b) => a.row - b.row)
    .map(({ row, column, value, message }) => [
      `row ${row}`,
      column ?? '',
      JSON.stringify(value),
      firstSentence(message),
    ])
  const more = wrong.length - rows.length
  return [
    ...tableLines(
      [{ heading: 'Where' }, { heading: 'Column' }, { heading: 'Cell' }, { heading: 'Why' }],
      rows,
    ),
    ...(more > 0 ? [paint('dim', `and ${more} more, also as a workbook to mend and upload again`)] : []),
  ]
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/.exec(text)?.[0] ?? text
}

export function walletLine({ available, held, spent }: Wallet): string {
  return `  wallet    available ${shown(available)} · held ${shown(held)} · spent ${shown(spent)}`
}

/** The quote as a table, and who is left out of it. */
export function quoteLines(quote: Quote): string[] {
  const columns = [
    { heading: 'Market' },
    { heading: 'Category' },
    { heading: 'Recipients', align: 'right' },
    { heading: 'Unit price', align: 'right' },
    { heading: 'Subtotal', align: 'right' },
  ] as const
  const rows = quote.lines.map(({ market, category, count, unit_price, subtotal }) => [
    market,
    category,
    String(count),
    grouped(unit_price.amount),
    grouped(subtotal.amount),
  ])
  const total = ['Total', '', String(quote.recipients), '', shown(quote.total)]
  return [
    ...tableLines(columns, rows, total).map((line) => `  ${line}`),
    ...quote.excluded.map(({ reason, count }) => `  excluded  ${count}: ${reason.replaceAll('_', ' ')}`),
  ]
}

/** What was reserved, charged and released, what became of the messages, and whether the books agree. */
export function statementLines(settled: Settled): string[] {
  const { campaign, messages, audit } = settled
  const { held, captured, released } = campaign.money
  const money = tableLines(
    [{ heading: 'Statement' }, { heading: held.currency, align: 'right' }],
    [
      ['reserved', grouped(held.amount)],
      ['charged', grouped(captured.amount)],
      ['released', grouped(released.amount)],
    ],
  )
  const counts = Object.entries(campaign.counts).filter(([state, count]) => state !== 'total' && count > 0)
  const balances = booksBalance(settled)
  return [
    ...money.map((line) => `  ${line}`),
    '',
    `  messages  ${counts.map(([state, count]) => `${count} ${state}`).join(' · ')}, ${campaign.counts.total} in all`,
    ...exampleLines(messages),
    '',
    ...checkBooks(settled).map(
      ({ says, left, right, ok }) =>
        `  ${ok ? paint('green', 'holds ') : paint('red', 'BROKEN')}  ${says}: ${grouped(left)}${ok ? '' : ` and not ${grouped(right)}`}`,
    ),
    ...checkLines(audit.checks),
    '',
    balances ? paint('green', 'The books balance.') : paint('red', 'The books do NOT balance.'),
  ]
}

/** For every recipient one sentence says why: one of each kind. */
function exampleLines(messages: readonly Message[]): string[] {
  const kinds = [...new Map(messages.map((message) => [message.state, message])).values()]
  return kinds.map(({ state, explanation }) => `  ${state.padEnd(9)} ${paint('dim', explanation)}`)
}

export function shown({ amount, currency }: MoneyJson): string {
  return `${currency} ${grouped(amount)}`
}
