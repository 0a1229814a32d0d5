import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openConsoleLink } from '../../src/console/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Console, openConsole } from './door.ts'

let house: Console
beforeAll(async () => {
  house = await openConsole()
})
afterAll(() => house.close())

const HOUR_MS = 60 * 60 * 1000

async function linkFor(workspaceId: string, serverUrl = house.url) {
  const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId: 'test' } as const
  const opened = await house.scratch.database.within(cause, (scope) => openConsoleLink(scope, { serverUrl }))
  return new URL(unwrap(opened).url).pathname
}

describe('signing in', () => {
  it('is asked of everybody who has no session', async () => {
    await house.openFirm()
    for (const path of ['/', '/campaigns', '/wallet/books', '/settings', '/approvals']) {
      const seen = await house.browser().see(path)
      expect([seen.status, seen.to]).toEqual([303, '/sign-in'])
    }
    const seen = await house.browser('duecast_session=made-up').see('/')
    expect([seen.status, seen.to]).toEqual([303, '/sign-in?ended=1'])
  })

  it('takes an API key and gives a cookie that no script can read', async () => {
    const { keys } = await house.openFirm()
    const signed = await house.browser().send('/sign-in', { key: ` ${keys.viewer} ` })
    expect([signed.status, signed.to]).toEqual([303, '/'])
    const cookie = signed.headers.get('set-cookie')!
    expect(cookie).toMatch(/^duecast_session=[\w-]{43}; .*HttpOnly; SameSite=Lax/)
    const today = await house.browser(cookie.split(';')[0]).see('/')
    expect(today.status).toBe(200)
    expect(today.text).toContain('Warung Sari')
    expect(today.text).not.toContain(keys.viewer)
  })

  it('over https gives a cookie for this host alone', async () => {
    const secure = await openConsole('https://duecast.example')
    const { keys } = await secure.openFirm()
    const signed = await secure.browser().send('/sign-in', { key: keys.owner })
    expect(signed.headers.get('set-cookie')).toMatch(/^__Host-duecast_session=.*Path=\/; .*Secure/)
    await secure.close()
  })

  it('says nothing of a wrong key but that it is wrong, and is slower after each', async () => {
    const other = await openConsole()
    const { keys } = await other.openFirm()
    const wrong = `${keys.owner.slice(0, -1)}${keys.owner.endsWith('a') ? 'b' : 'a'}`
    for (const key of [wrong, 'nonsense', wrong]) {
      const seen = await other.browser().send('/sign-in', { key })
      expect(seen.status).toBe(401)
      expect(seen.text).toContain('This key is not known, or it was revoked.')
      expect(seen.headers.get('set-cookie')).toBeNull()
    }
    const waiting = await other.browser().send('/sign-in', { key: keys.owner })
    expect([waiting.status, waiting.headers.get('retry-after')]).toEqual([429, '1'])
    const now = other.clock.now()
    other.clock.now = () => new Date(now.getTime() + 2_000)
    expect((await other.browser().send('/sign-in', { key: keys.owner })).status).toBe(303)
    await other.close()
  })

  it('by a printed link works once, and only from the page that it opens', async () => {
    const { workspaceId } = await house.openFirm()
    const path = await linkFor(workspaceId)
    const opened = await house.browser().see(path)
    expect(opened.status).toBe(200)
    expect(opened.headers.get('set-cookie')).toBeNull()
    const token = path.split('/').at(-1)!
    expect(opened.text).toContain(`name="token" value="${token}"`)
    const both = await Promise.all([
      house.browser().send('/sign-in', { token }),
      house.browser().send('/sign-in', { token }),
    ])
    expect(both.map(({ status }) => status).sort()).toEqual([303, 401])
  })

  it('by a printed link ends after ten minutes', async () => {
    const other = await openConsole()
    const { workspaceId } = await other.openFirm()
    const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId: 'test' } as const
    const opened = await other.scratch.database.within(cause, (scope) =>
      openConsoleLink(scope, { serverUrl: other.url }),
    )
    const { url, expiresAt } = unwrap(opened)
    other.clock.now = () => new Date(expiresAt)
    const late = await other.browser().send('/sign-in', { token: url.split('/').at(-1)! })
    expect(late.status).toBe(401)
    await other.close()
  })
})

describe('a session', () => {
  it('ends with signing out, also for a copy of its cookie', async () => {
    const { keys } = await house.openFirm()
    const ratna = await house.signIn(keys.owner)
    expect((await ratna.send('/sign-out')).to).toBe('/sign-in?left=1')
    expect((await ratna.see('/')).status).toBe(303)
  })

  it('ends with its key', async () => {
    const { keys } = await house.openFirm()
    const joko = await house.signIn(keys.viewer)
    const listed = await house.ask('GET', '/v1/keys', { key: keys.owner })
    const { id } = listed.body.data.find(({ role }: { role: string }) => role === 'viewer')
    await house.ask('DELETE', `/v1/keys/${id}`, { key: keys.owner })
    expect((await joko.see('/campaigns')).status).toBe(303)
  })

  it('ends when nobody has used it for twelve hours, and after a week in any case', async () => {
    const other = await openConsole()
    const start = other.clock.now().getTime()
    const { keys } = await other.openFirm()
    const ratna = await other.signIn(keys.owner)
    other.clock.now = () => new Date(start + 11 * HOUR_MS)
    expect((await ratna.see('/')).status).toBe(200)
    other.clock.now = () => new Date(start + 12 * HOUR_MS)
    expect((await ratna.see('/')).status).toBe(303)
    const seenNow = new Date(start + 168 * HOUR_MS).toISOString()
    await other.scratch.owner.sql`UPDATE console_sessions SET last_seen_at = ${seenNow}::timestamptz`
    other.clock.now = () => new Date(start + 168 * HOUR_MS - 1)
    expect((await ratna.see('/')).status).toBe(200)
    other.clock.now = () => new Date(start + 168 * HOUR_MS)
    expect((await ratna.see('/')).status).toBe(303)
    await other.close()
  })

  it('is nothing to the API, which asks for a key', async () => {
    const { keys } = await house.openFirm()
    const { cookie } = await house.signIn(keys.owner)
    const answered = await house.ask('GET', '/v1/wallet', { headers: { cookie } })
    expect(answered.status).toBe(401)
  })
})

describe('a form', () => {
  const FOREIGN: readonly [string, Record<string, string>][] = [
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
    ['from a neighbour on the same site', { 'sec-fetch-site': 'same-site' }],
    ['from another origin', { origin: 'https://evil.example' }],
    ['from nowhere', {}],
    ['from a page that hides where it is', { origin: 'null' }],
  ]

  it.each(FOREIGN)('%s is refused before anything is looked at', async (_from, headers) => {
    const { keys } = await house.openFirm()
    const ratna = await house.signIn(keys.owner)
    const fields = { amount: '100.00', reference: 'forged' }
    expect((await ratna.send('/wallet/top-ups', fields, headers)).status).toBe(403)
    expect((await house.browser().send('/sign-in', { key: keys.owner }, headers)).status).toBe(403)
    expect((await ratna.send('/sign-out', {}, headers)).status).toBe(403)
    expect((await ratna.see('/wallet')).text).not.toContain('forged')
  })

  it('from our own origin is taken, also of a browser that says no more than that', async () => {
    const { keys } = await house.openFirm()
    const ratna = await house.signIn(keys.owner)
    const fields = { amount: '100.00', reference: 'by hand' }
    expect((await ratna.send('/wallet/top-ups', fields, { origin: house.url })).status).toBe(303)
  })

  it('with a field twice, a NUL or more than it may hold is refused', async () => {
    const { keys } = await house.openFirm()
    const ratna = await house.signIn(keys.owner)
    expect((await ratna.send('/wallet/top-ups', { amount: '1\0', reference: 'x' })).status).toBe(400)
    expect(
      (await ratna.send('/wallet/top-ups', { amount: '1', reference: 'x'.repeat(300_000) })).status,
    ).toBe(400)
    const response = await fetch(`${house.url}/wallet/top-ups`, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        cookie: ratna.cookie,
        'sec-fetch-site': 'same-origin',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'amount=1&amount=2&reference=x',
    })
    expect(response.status).toBe(400)
  })
})

describe('a page', () => {
  it('runs nothing but our own script, and nothing of it is kept', async () => {
    const seen = await house.browser().see('/sign-in')
    expect(seen.headers.get('cache-control')).toBe('no-store')
    const policy = seen.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(seen.text).not.toMatch(/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/)
  })

  it('takes its style and script from addresses that change with them', async () => {
    const { text } = await house.browser().see('/sign-in')
    const urls = [...text.matchAll(/"(\/assets\/[0-9a-f]{16}\/[\w.]+)"/g)].map((match) => match[1]!)
    expect(urls).toHaveLength(3)
    for (const url of urls) {
      const seen = await house.browser().see(url)
      expect([seen.status, seen.headers.get('cache-control')]).toEqual([
        200,
        'public, max-age=31536000, immutable',
      ])
      expect((await house.browser().see(url.replace(/[0-9a-f]{16}/, '0'.repeat(16)))).status).toBe(404)
    }
  })

  it('is there for people where nothing is, and for programs the API’s own answer', async () => {
    const page = await house.browser().see('/nowhere')
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    const program = await house.browser().see('/nowhere', { accept: '*/*' })
    expect(program.headers.get('content-type')).toContain('application/problem+json')
    const api = await house.browser().see('/v1/nowhere')
    expect(api.headers.get('content-type')).toContain('application/problem+json')
  })
})
