import { afterAll, beforeAll, expect, it } from 'vitest'
import { diceOf } from '../crash/dice.ts'
import { allAttacks, everyRoute } from './attacks.ts'
import { type Ground, openGround } from './ground.ts'
import { besiege } from './siege.ts'

const SEED = Number(process.env.HOSTILE_SEED ?? 1)
/** Of all attacks; `npm run hostile` makes every one of them, and judges memory and loop. */
const SHARE = Number(process.env.HOSTILE_SHARE ?? 0.04)

let ground: Ground
beforeAll(async () => {
  ground = await openGround()
}, 180_000)
afterAll(() => ground?.close())

it('every route answers what nobody should send with a refusal and its code', async () => {
  const dice = diceOf(SEED)
  const siege = await besiege(ground, allAttacks(ground, dice, { times: 1, share: SHARE }))
  expect(siege.faults, `HOSTILE_SEED=${SEED}`).toEqual([])
  expect(siege.refused).toBeGreaterThan(400)
  const attacked = [...everyRoute()].filter((route) => !siege.routes.has(route))
  expect(attacked, 'not attacked').toEqual([])
}, 600_000)
