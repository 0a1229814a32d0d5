import { expect, it } from 'vitest'
import { openSharedClock } from '../../src/platform/clock.ts'

const NINE = Date.UTC(2026, 11, 1, 9)
const MINUTE = 60_000

it.each([-10, -1, 0, 10])(
  'stands where the other clock does, on a machine that is %i minutes off',
  async (off) => {
    let machine = NINE + off * MINUTE
    const clock = openSharedClock(() => machine)
    expect(await clock.follow(async () => NINE)).toBe(0 - off * MINUTE)
    expect(clock.now().getTime()).toBe(NINE)
    machine += 90_000
    expect(clock.now().getTime()).toBe(NINE + 90_000)
  },
)

it('takes the answer for the moment half way, and keeps its place where there is none', async () => {
  let machine = NINE
  const clock = openSharedClock(() => machine)
  await clock.follow(async () => {
    machine += 400
    return NINE + 200 + MINUTE
  })
  expect(clock.now().getTime()).toBe(NINE + 400 + MINUTE)
  await expect(clock.follow(() => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect(clock.now().getTime()).toBe(NINE + 400 + MINUTE)
})
