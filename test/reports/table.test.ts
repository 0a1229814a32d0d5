import { describe, expect, it } from 'vitest'
import { TABLE_FORMATS, writeTable } from '../../src/reports/index.ts'

const COLUMNS = [
  { heading: 'phone', cell: (row: string[]) => row[0] ?? null },
  { heading: 'name', cell: (row: string[]) => row[1] ?? null },
]

async function csvOf(rows: readonly string[][]): Promise<string> {
  let text = ''
  for await (const piece of writeTable('csv', COLUMNS, inTurn(rows))) text += piece
  return text
}

async function* inTurn<Row>(rows: readonly Row[]) {
  yield* rows
}

describe('a list as comma-separated values', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1'])('runs no %j', async (name) => {
    const text = await csvOf([['1', name]])
    const cell = text.slice(text.indexOf('1,') + 2).replace(/\r\n$/, '')
    expect(cell.replace(/^"|"$/g, '')).toBe(`'${name}`)
  })

  it('quotes what would end a cell, and says that it is UTF-8', async () => {
    expect(
      await csvOf([
        ['1', 'a "b", c'],
        ['2', 'd\ne'],
        ['3', 'é'],
      ]),
    ).toBe('\ufeffphone,name\r\n1,"a ""b"", c"\r\n2,"d\ne"\r\n3,é\r\n')
  })

  it('leaves what is nothing empty', async () => {
    expect(await csvOf([[]])).toBe('\ufeffphone,name\r\n,\r\n')
  })
})

describe('a list of any length', () => {
  it.each(TABLE_FORMATS)('as %s is read no faster than it is taken', async (format) => {
    let read = 0
    async function* endless() {
      for (;;) yield [String(++read), `Somebody whose name is ${read}`]
    }
    let taken = 0
    for await (const _piece of writeTable(format, COLUMNS, endless())) if (++taken === 20) break
    // A workbook is compressed, so that a piece of it is many rows; nothing is read ahead of it by far.
    expect(read).toBeGreaterThan(0)
    expect(read).toBeLessThan(100_000)
    const before = read
    await new Promise((resolve) => setImmediate(resolve))
    expect(read).toBe(before)
  })
})
