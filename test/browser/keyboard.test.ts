import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../src/console/words/en.ts'
import { makeSender, makeTemplate, topUp } from '../support/campaign.ts'
import { openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { openBrowser, openWindow, telling } from './browser.ts'
import { waitForState } from './cast.ts'

const MOST_STOPS = 120
const browser: Browser | undefined = await openBrowser()
let stack: Stack
beforeAll(async () => {
  if (browser) stack = await startStack()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

describe.skipIf(browser === undefined)('somebody who has no mouse', () => {
  it('signs in, makes a campaign, submits it and sees it settle', { timeout: 180_000 }, async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '60000.00', 'transfer 1')
    await makeList(stack, firm, patients(3))
    await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    await makeTemplate(firm.budi)
    const window = await openWindow(browser!, stack.url)
    await telling(window, () => story(window.page, firm.budi.key))
    expect(window.complaints).toEqual([])
    await window.context.close()
  })

  it('can leave the navigation behind with the first key, and always sees where they are', async () => {
    const { page, context } = await openWindow(browser!, stack.url)
    await page.goto('/sign-in')
    await page.keyboard.press('Tab')
    expect(await focused(page)).toMatchObject({ text: en.skip, visible: true })
    await page.keyboard.press('Enter')
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('main')
    await context.close()
  })
})

async function story(page: Page, key: string): Promise<void> {
  await page.goto('/sign-in')
  await tabTo(page, 'key')
  await page.keyboard.type(key)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: en['today.title'] }).waitFor()
  await tabTo(page, en['nav.campaigns'])
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: en['campaigns.title'] }).waitFor()
  await tabTo(page, en['campaigns.new'])
  await page.keyboard.press('Enter')
  await page.waitForURL('**/campaigns/new')
  await tabTo(page, 'name')
  await page.keyboard.type('By keyboard')
  for (const field of ['list_id', 'template_id', 'sender_id']) {
    await tabTo(page, field)
    await page.keyboard.press('ArrowDown')
  }
  await tabTo(page, en['campaign_new.do'])
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: en['messages.heading'] }).waitFor()
  await tabTo(page, en['messages.next'])
  await page.keyboard.press('Enter')
  await page.waitForURL('**/schedule')
  await tabTo(page, en['schedule.do'])
  await page.keyboard.press('Enter')
  await page.getByText(en['done.quoted']).waitFor()
  await tabTo(page, en['act.submit'])
  await page.keyboard.press('Enter')
  await waitForState(page, 'settled')
}

/** Presses Tab until the wanted thing has the focus; each stop on the way must be seen to have it. */
async function tabTo(page: Page, wanted: string): Promise<void> {
  for (let stops = 0; stops < MOST_STOPS; stops++) {
    await page.keyboard.press('Tab')
    const { id, text, visible } = await focused(page)
    if (!visible) throw new Error(`nobody can see that the focus is on ${id || text}`)
    if (id === wanted || text.startsWith(wanted)) return
  }
  throw new Error(`no way leads to ${wanted} by Tab`)
}

type Focused = { id: string; text: string; visible: boolean }

function focused(page: Page): Promise<Focused> {
  return page.evaluate<Focused>(`(() => {
    const one = document.activeElement
    const box = one.getBoundingClientRect()
    const style = getComputedStyle(one)
    const marked = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
    return {
      id: one.id,
      text: one.textContent.trim(),
      visible: one === document.body || (marked && box.width > 0 && box.height > 0 && box.right > 0 && box.bottom > 0),
    }
  })()`)
}
