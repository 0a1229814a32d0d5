/** What a person or a program reads on standard output. Colours only where somebody looks. */
export function printLine(text = ''): void {
  process.stdout.write(`${text}\n`)
}

/** One line of JSON; amounts that are bigint become decimal strings. */
export function printJson(value: unknown): void {
  printLine(
    JSON.stringify(value, (_key, member) => (typeof member === 'bigint' ? member.toString() : member)),
  )
}

export function isTerminal(): boolean {
  return process.stdout.isTTY === true && process.env.TERM !== 'dumb'
}

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const
export type Style = keyof typeof STYLES

/** Colours a text where the terminal shows colours and NO_COLOR is not set. */
export function paint(style: Style, text: string): string {
  const isShown = isTerminal() && !process.env.NO_COLOR
  return isShown ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text
}

export type Column = { readonly heading: string; readonly align?: 'right' }

/** Lines of a table in plain text: a heading, a rule, the rows, and a last row below a rule if there is one. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  last?: readonly string[],
): string[] {
  const all = [columns.map(({ heading }) => heading), ...rows, ...(last ? [last] : [])]
  const widths = columns.map((_, at) => Math.max(...all.map((row) => widthOf(row[at] ?? ''))))
  const line = (row: readonly string[]) =>
    columns
      .map((column, at) => padded(row[at] ?? '', widths[at]!, column.align))
      .join('  ')
      .trimEnd()
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return [line(all[0]!), rule, ...rows.map(line), ...(last ? [rule, line(last)] : [])]
}

function padded(text: string, width: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)))
  return align === 'right' ? space + text : text + space
}

function widthOf(text: string): number {
  return [...text].length
}

/** An amount as a person reads it: `1,234,567.89`; digits beyond the second decimal stay. */
export function grouped(amount: string): string {
  return amount.replace(/^(-?)(\d+)/, (_, sign: string, whole: string) => sign + groupDigits(whole))
}

function groupDigits(whole: string): string {
  return whole.replace(/\B(?=(\d{3})+$)/g, ',')
}
