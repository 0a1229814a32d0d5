import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LANGUAGES, type Language } from '../../src/console/language.ts'
import { en, type Words } from '../../src/console/words/en.ts'
import { es } from '../../src/console/words/es.ts'
import { id } from '../../src/console/words/id.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { openBrowser, openWindow, telling, violationsOf, type Window } from './browser.ts'
import { clinicSheet, cookieOf, ownersLink, waitForState } from './cast.ts'

const browser: Browser | undefined = await openBrowser()
let stack: Stack
beforeAll(async () => {
  if (browser) stack = await startStack()
})
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})

describe.skipIf(browser === undefined)('a clinic reminds its patients, in a browser', () => {
  it.each(LANGUAGES)(
    'from the first sign-in to the settled statement, in %s',
    { timeout: 180_000 },
    async (language) => {
      const firm = await openKlinikSehat(stack)
      const window = await openWindow(browser!, stack.url, { language })
      await telling(window, () => story(window, firm, language))
    },
  )
})

const WORDS: Readonly<Record<Language, Words>> = { en, id, es }

async function story({ page, complaints, context }: Window, firm: Firm, language: Language): Promise<void> {
  const words = WORDS[language]
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const follow = (name: string) => page.getByRole('link', { name, exact: true }).first().click()
  const sound = async () => expect(await violationsOf(page), page.url()).toEqual([])

  await page.goto(await ownersLink(stack, firm))
  await sound()
  await press(words['link.do'])
  await page.getByRole('heading', { name: words['today.title'] }).waitFor()
  await sound()

  await follow(words['step.money'])
  await page.locator('#amount').fill('4000')
  await page.getByLabel(words['wallet.reference'], { exact: true }).fill('transfer 1')
  await press(words['wallet.top_up.do'])
  await page.getByText(words['done.topped_up']).waitFor()
  await sound()

  await follow(words['nav.settings'])
  await follow(words['settings.senders'])
  await follow(words['sender.new'])
  await follow(words['provider.simulator'])
  await page.getByLabel(words['settings.sender.name'], { exact: true }).fill('Front desk')
  await sound()
  await press(words['settings.sender.do'])
  await page.getByText(words['done.sender']).waitFor()
  await sound()
  await press(words.sign_out)

  await page.getByLabel(words['sign_in.key'], { exact: true }).fill(firm.budi.key)
  await press(words['sign_in.key.do'])
  await follow(words['nav.contacts'])
  await page.setInputFiles('input[type=file]', await clinicSheet())
  await press(words['contacts.upload.do'])
  await waitForState(page, 'done')
  await sound()
  expect(await page.locator('.wallet').textContent()).toMatch(/9[\s\S]*7[\s\S]*1[\s\S]*1/)

  await follow(words['nav.templates'])
  await follow(words['templates.starters'])
  await sound()
  await page.locator('.gallery form:has(input[value=due_date]) button').click()
  await page.getByText(words['done.saved']).waitFor()
  await sound()

  await follow(words['nav.campaigns'])
  await follow(words['campaigns.new'])
  await page.getByLabel(words['campaign_new.name'], { exact: true }).fill('December')
  for (const field of ['list_id', 'template_id', 'sender_id'])
    await page.locator(`#${field}`).selectOption({ index: 1 })
  await sound()
  await press(words['campaign_new.do'])
  await page.getByRole('heading', { name: words['messages.heading'] }).waitFor()
  expect(await page.locator('.previews li').count()).toBe(7)
  await sound()
  await follow(words['messages.next'])
  await sound()
  await press(words['schedule.do'])
  await page.getByText(words['done.quoted']).waitFor()
  await sound()
  await page.getByRole('button', { name: words['act.submit'] }).click()
  await page.getByText(words['done.submitted']).waitFor()
  const campaignUrl = page.url().split('?')[0]!
  await waitForState(page, 'pending_approval')
  await sound()

  const sari = await openWindow(browser!, stack.url, {
    language,
    cookie: await cookieOf(stack, firm.sari.key),
  })
  await sari.page.goto('/')
  await sari.page.getByRole('link', { name: 'December' }).click()
  expect(await violationsOf(sari.page)).toEqual([])
  await sari.page.getByRole('button', { name: words['approval.approve'], exact: true }).click()
  await sari.page.waitForURL(/\/campaigns\//)

  expect(page.url().split('?')[0]).toBe(campaignUrl)
  await waitForState(page, 'settled')
  await sound()
  expect(await page.locator('.figures.money').textContent()).toMatch(/0[.,]00/)
  await page.locator(`a[href$="/recipients"]`).click()
  expect(await page.locator('tbody tr').count()).toBe(7)
  await sound()

  await sari.page.goto('/wallet/books')
  await sari.page.getByText(words['books.ok']).first().waitFor()
  expect(await violationsOf(sari.page)).toEqual([])
  expect([...complaints, ...sari.complaints]).toEqual([])
  await context.close()
  await sari.context.close()
}
