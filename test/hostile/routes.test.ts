import { afterAll, beforeAll, expect, it } from 'vitest'
import { diceOf } from '../crash/dice.ts'
import { allAttacks, everyRoute } from './attacks.ts'
import { type Ground, openGround } from './ground.ts'
import { besiege } from './siege.ts'

const SEED = Number(process.env.HOSTILE_SEED ?? 1)
/** Of all attacks; `npm run hostile` makes every one of them. */
const SHARE = Number(process.env.HOSTILE_SHARE ?? 0.04)
const MOST_GROWN_BYTES = 50 * 1024 * 1024

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
}, 180_000)
afterAll(() => ground?.close())

it('every route answers what nobody should send with a refusal and its code, and holds no more memory', async () => {
  const dice = diceOf(SEED)
  // What is loaded, compiled and pooled for good is there after the first round.
  await besiege(ground, allAttacks(ground, dice, { times: 1, share: 0.01 }))
  const siege = await besiege(ground, allAttacks(ground, dice, { times: 1, share: SHARE }))
  expect(siege.faults, `HOSTILE_SEED=${SEED}`).toEqual([])
  expect(siege.refused).toBeGreaterThan(400)
  expect(siege.grownBytes, `HOSTILE_SEED=${SEED}`).toBeLessThan(MOST_GROWN_BYTES)
  const attacked = [...everyRoute()].filter((route) => !siege.routes.has(route))
  expect(attacked, 'not attacked').toEqual([])
}, 600_000)
