import { expect, it } from 'vitest'
import { diceOf } from '../crash/dice.ts'
import { readAll } from './read.ts'
import { hostileSheets, mutated } from './sheets.ts'
import { hostileTemplates, saveAll } from './templates.ts'

const SEED = Number(process.env.HOSTILE_SEED ?? Date.now() % 1_000_000)
const MUTATED = 300

it('every hostile file is read or refused with a code, and so is what chance makes of them', async () => {
  const corpus = hostileSheets()
  expect(corpus.length).toBeGreaterThanOrEqual(60)
  expect((await readAll(corpus)).faults).toEqual([])
  const dice = diceOf(SEED)
  const files = Array.from({ length: MUTATED }, () => mutated(dice, corpus))
  expect((await readAll(files)).faults, `HOSTILE_SEED=${SEED}`).toEqual([])
}, 180_000)

it('every hostile template is taken or refused with a code', () => {
  const templates = hostileTemplates()
  expect(templates.length).toBeGreaterThanOrEqual(200)
  const { faults, taken, refused } = saveAll(templates)
  expect(faults.filter((fault) => !fault.includes('took'))).toEqual([])
  expect(taken + refused).toBe(templates.length)
})
