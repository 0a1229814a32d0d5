import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startStack } from '../support/stack.ts'
import { openBrowser, openWindow } from './browser.ts'
import { cookieOf } from './cast.ts'
import { furnish, keyOf } from './furnished.ts'

/**
 * `npm run shots -- [language] [part of a page's name]`: every page of a clinic at work, photographed on a phone and on
 * a desk, by day and by night, into `shots/`, to be looked at.
 */
const FOLDER = fileURLToPath(new URL('../../shots/', import.meta.url))
const LOOKS = [
  { name: '1440-light', widthPx: 1440, scheme: 'light' },
  { name: '1440-dark', widthPx: 1440, scheme: 'dark' },
  { name: '375-light', widthPx: 375, heightPx: 812, scheme: 'light' },
  { name: '375-dark', widthPx: 375, heightPx: 812, scheme: 'dark' },
] as const

const [language = 'en', wanted = ''] = process.argv.slice(2)
const browser = await openBrowser()
if (!browser) process.exit(1)
const stack = await startStack()
try {
  const furnished = await furnish(stack)
  mkdirSync(FOLDER, { recursive: true })
  const cookies = new Map<string, string>()
  for (const who of ['owner', 'approver', 'newcomer'] as const)
    cookies.set(who, await cookieOf(stack, keyOf(furnished, who)))
  for (const look of LOOKS) {
    for (const [who, cookie] of [...cookies, ['stranger', undefined] as const]) {
      const window = await openWindow(browser, stack.url, { ...look, language, ...(cookie && { cookie }) })
      for (const [name, path] of furnished.pages.filter(
        ([page, , by]) => by === who && page.includes(wanted),
      )) {
        await window.page.goto(path)
        await window.page.screenshot({ path: `${FOLDER}${name}.${look.name}.png`, fullPage: true })
      }
      for (const complaint of window.complaints) process.stderr.write(`${complaint}\n`)
      await window.context.close()
    }
  }
  process.stdout.write(`${furnished.pages.length} pages, ${LOOKS.length} looks: see ${FOLDER}\n`)
} finally {
  await browser.close()
  await stack.stop()
}
