import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole } from './door.ts'

const MOST_BYTES = 120 * 1024

let house: Console
let stage: Stage
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house)
})
afterAll(() => house.close())

describe('what a page loads', () => {
  it('is at most 120 KB of script and style over the wire, all of it our own and kept for good', async () => {
    const owner = await house.signIn(stage.keys.owner)
    const loaded = new Set<string>()
    for (const path of ['/', '/campaigns', '/templates/new', '/wallet', '/settings', '/contacts'])
      for (const url of assetsOf((await owner.see(path)).text)) loaded.add(url)
    // The heaviest page has a plot: its two files are named by the template alone until a campaign runs.
    let bytes = 0
    for (const url of loaded) {
      const response = await fetch(`${house.url}${url}`, { headers: { 'accept-encoding': 'gzip' } })
      expect([url, response.status]).toEqual([url, 200])
      expect(response.headers.get('cache-control')).toContain('immutable')
      const body = await response.arrayBuffer()
      if (body.byteLength > 2_000)
        expect([url, response.headers.get('content-encoding')]).toEqual([url, 'gzip'])
      bytes += body.byteLength
    }
    expect(loaded.size).toBeGreaterThan(1)
    expect(bytes).toBeLessThan(MOST_BYTES)
  })

  it('is compressed, and runs nothing that is written into the page', async () => {
    const owner = await house.signIn(stage.keys.owner)
    const seen = await owner.see('/wallet', { 'accept-encoding': 'gzip' })
    expect(seen.headers.get('content-encoding')).toBe('gzip')
    const policy = seen.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(seen.text).not.toMatch(/<script(?![^>]* src=)|\son[a-z]+="|style="/)
  })
})

function assetsOf(html: string): string[] {
  return [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+\.(?:js|css))"/g)].map(([, url]) => url!)
}
