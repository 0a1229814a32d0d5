import { expect, it } from 'vitest'
import { crash } from './run.ts'

const KILLS = 12
/** Throw the same dice again with CRASH_SEED. */
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1_000_000)

it('a worker killed again and again while it sends sends nothing twice, charges every delivery and no other, and loses nothing', async () => {
  const said: string[] = []
  const { verdict, faults } = await crash({
    kills: KILLS,
    faults: ['worker'],
    seed: SEED,
    messages: 4_000,
    messagesPerSecond: 500,
    say: (line) => void said.push(line),
  })
  process.stdout.write(`${said.at(-1)}\n`)
  expect(faults, said.join('\n')).toEqual([])
  expect(verdict).toMatchObject({ kills: KILLS, sentTwice: 0, chargedWrongly: 0, lost: 0, state: 'settled' })
  expect(verdict.inFlightAtKills, 'no kill hit anything in flight').toBeGreaterThan(KILLS)
}, 240_000)
