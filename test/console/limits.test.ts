import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openRateLimit } from '../../src/platform/rate-limit.ts'
import { type Console, openConsole } from './door.ts'
import { address, join } from './people.ts'

let house: Console
beforeAll(async () => {
  house = await openConsole()
})
afterAll(() => house.close())

/** For as long as `work` takes, so many requests a minute and no more. */
async function limited<T>(perMinute: number, work: () => Promise<T>): Promise<T> {
  const strict = openRateLimit(perMinute)
  house.limit.take = (subject) => strict.take(subject)
  try {
    return await work()
  } finally {
    house.limit.take = async () => 0
  }
}

describe('too many requests', () => {
  it('of one key are answered with when to come again; another key from elsewhere goes on', async () => {
    const { keys } = await house.openFirm()
    await limited(5, async () => {
      const answers = []
      for (let n = 0; n < 6; n++) answers.push(await house.ask('GET', '/v1/wallet', { key: keys.owner }))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429])
      expect(answers[5]!.body.code).toBe('rate_limited')
      expect(Number(answers[5]!.headers.get('retry-after'))).toBeGreaterThan(0)
    })
  })

  it('of one address without any key are refused too, whatever they guess', async () => {
    await limited(3, async () => {
      const statuses = []
      for (let n = 0; n < 5; n++)
        statuses.push((await house.ask('GET', '/v1/wallet', { key: `guess-${n}` })).status)
      expect(statuses).toEqual([401, 401, 401, 429, 429])
    })
  })

  it('of a member at the console get a page that says so', async () => {
    const { workspaceId } = await house.openFirm()
    const member = await join(house, workspaceId, address('hasty'), 'viewer')
    await limited(2, async () => {
      await member.see('/campaigns')
      await member.see('/campaigns')
      const seen = await member.see('/campaigns')
      expect([seen.status, seen.text.includes('Too many requests')]).toEqual([429, true])
      expect(seen.headers.get('retry-after')).not.toBeNull()
      expect((await house.browser().send('/sign-in', { key: 'x' })).status).toBe(429)
    })
  })

  it('are never so many that a webhook is refused for it', async () => {
    await limited(1, async () => {
      const path = '/webhooks/whatsapp/00000000-0000-7000-8000-000000000000'
      const statuses = []
      for (let n = 0; n < 4; n++)
        statuses.push((await fetch(`${house.url}${path}`, { method: 'POST', body: '{}' })).status)
      expect(statuses).not.toContain(429)
      expect((await fetch(`${house.url}/healthz`)).status).toBe(200)
    })
  })
})
