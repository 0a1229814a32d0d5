import { expect, it } from 'vitest'
import { sharedRows } from '../../src/platform/db.ts'

type Row = [text: string | null, other: string | number | boolean | null]

const DIFFERENT: readonly Row[] = [
  ['a', 'b'],
  ['b', 'a'],
  ['a', null],
  ['a', 'null'],
  [null, 'a'],
  ['null', 'a'],
  ['', ''],
  [null, ''],
  ['', null],
  ['1', 1],
  ['1', '1'],
  ['t', true],
  ['t', 'true'],
  ['a,1:b', ''],
  ['a', '1:b,'],
  ['a,', 'b'],
  ['a', ',b'],
]

it('rows that are alike share a number, and no others do, whatever stands in them', () => {
  const shared = sharedRows<Row>()
  const first = DIFFERENT.map((row) => shared.numberOf(...row))
  expect(first).toEqual(DIFFERENT.map((_, at) => at + 1))
  expect(DIFFERENT.map((row) => shared.numberOf(...row))).toEqual(first)
})

it('a column holds what each number stands for, in their order', () => {
  const shared = sharedRows<Row>()
  for (const row of [['x', 1] as Row, ['y"', null] as Row, ['x', 1] as Row, ['NULL', true] as Row])
    shared.numberOf(...row)
  expect([shared.column(0), shared.column(1)]).toEqual(['{x,"y\\"","NULL"}', '{1,NULL,true}'])
})
