import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stack, startStack } from '../support/stack.ts'
import { openBrowser, openWindow, violationsOf, type Window } from './browser.ts'
import { cookieOf } from './cast.ts'
import { type Furnished, furnish, keyOf } from './furnished.ts'

const browser: Browser | undefined = await openBrowser()
let stack: Stack
let furnished: Furnished
const cookies = new Map<string, string>()

beforeAll(async () => {
  if (!browser) return
  stack = await startStack()
  furnished = await furnish(stack)
  for (const who of ['owner', 'approver', 'newcomer'] as const)
    cookies.set(who, await cookieOf(stack, keyOf(furnished, who)))
}, 120_000)
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

describe.skipIf(browser === undefined)('every page, as it is seen', () => {
  it.each([
    ['on a desk by day', { widthPx: 1440, scheme: 'light' }],
    ['on a phone by night', { widthPx: 375, heightPx: 812, scheme: 'dark' }],
  ] as const)(
    'can be used by everybody %s: axe finds nothing, nothing sticks out',
    { timeout: 180_000 },
    async (_name, look) => {
      const faults: unknown[] = []
      for (const who of ['owner', 'approver', 'newcomer', 'stranger'] as const) {
        const cookie = cookies.get(who)
        const window = await openWindow(browser!, stack.url, { ...look, ...(cookie && { cookie }) })
        for (const [name, path] of furnished.pages.filter(([, , by]) => by === who)) {
          await window.page.goto(path)
          for (const fault of await faultsOf(window)) faults.push([name, fault])
        }
        faults.push(...window.complaints)
        await window.context.close()
      }
      expect(faults).toEqual([])
    },
  )

  it('has letters: the browser has a font to show them in', async () => {
    const { page, context } = await openWindow(browser!, stack.url)
    await page.goto('/sign-in')
    const widthPx = await page.evaluate<number[]>(`
      const pen = document.createElement('canvas').getContext('2d')
      pen.font = getComputedStyle(document.body).font;
      ['iiii', 'MMMM'].map((text) => pen.measureText(text).width)`)
    expect(widthPx[0]).toBeGreaterThan(4)
    expect(widthPx[1]! / widthPx[0]!).toBeGreaterThan(1.5)
    await context.close()
  })
})

async function faultsOf({ page }: Window): Promise<unknown[]> {
  const beyondPx = await page.evaluate<number>(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
  return [...(await violationsOf(page)), ...(beyondPx > 0 ? [`sticks out by ${beyondPx} px`] : [])]
}
