import { describe, expect, it } from 'vitest'
import { grouped, tableLines } from '../../src/cli/terminal.ts'

describe('what the command line prints', () => {
  it.each([
    ['0.00', '0.00'],
    ['999.5', '999.5'],
    ['1000', '1,000'],
    ['1234567.8901', '1,234,567.8901'],
    ['-1234.50', '-1,234.50'],
  ])('groups %s as %s', (amount, shown) => {
    expect(grouped(amount)).toBe(shown)
  })

  it('lays a table out in plain text', () => {
    const columns = [{ heading: 'Market' }, { heading: 'Price', align: 'right' }] as const
    expect(
      tableLines(
        columns,
        [
          ['Indonesia', '356.65'],
          ['Perú', '1.50'],
        ],
        ['Total', '358.15'],
      ),
    ).toEqual([
      'Market      Price',
      '─────────────────',
      'Indonesia  356.65',
      'Perú         1.50',
      '─────────────────',
      'Total      358.15',
    ])
  })
})
