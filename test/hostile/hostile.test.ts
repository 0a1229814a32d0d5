import { expect, it } from 'vitest'
import { read } from 'xlsx'
import { diceOf } from '../crash/dice.ts'
import { readAll, rowsOf } from './read.ts'
import { hostileSheets, mutated } from './sheets.ts'
import { hostileTemplates, saveAll } from './templates.ts'

const SEED = Number(process.env.HOSTILE_SEED ?? Date.now() % 1_000_000)
const MUTATED = 300

function fileNamed(what: string): Buffer {
  const file = hostileSheets().find((one) => one.what === what)
  if (!file) throw new Error(`there is no ${what} in the corpus`)
  return file.bytes
}

it('every hostile file is read or refused with a code, and so is what chance makes of them', async () => {
  const corpus = hostileSheets()
  expect(corpus.length).toBeGreaterThanOrEqual(60)
  expect((await readAll(corpus)).faults).toEqual([])
  const dice = diceOf(SEED)
  const files = Array.from({ length: MUTATED }, () => mutated(dice, corpus))
  expect((await readAll(files)).faults, `HOSTILE_SEED=${SEED}`).toEqual([])
}, 180_000)

it('a workbook under a password is known as such, also to the library that reads old ones', async () => {
  const book = fileNamed('a workbook under a password')
  expect(() => read(book)).toThrow(/password/i)
  await expect(rowsOf(book)).rejects.toMatchObject({ code: 'encrypted' })
})

it('of merged and hidden cells each is read once, where it stands, and hidden rows are told apart', async () => {
  const rows = await rowsOf(fileNamed('a sheet of merged and hidden'))
  expect(rows.map(({ rowNo, hidden }) => [rowNo, hidden])).toEqual([
    [1, false],
    [2, false],
    [3, true],
    [4, false],
  ])
})

it('every hostile template is taken or refused with a code', () => {
  const templates = hostileTemplates()
  expect(templates.length).toBeGreaterThanOrEqual(200)
  const { faults, taken, refused } = saveAll(templates)
  expect(faults.filter((fault) => !fault.includes('took'))).toEqual([])
  expect(taken + refused).toBe(templates.length)
})
