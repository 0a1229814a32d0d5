import type { Browser } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { LANGUAGES, type Language } from '../../src/console/language.ts'
import { en, type Words } from '../../src/console/words/en.ts'
import { es } from '../../src/console/words/es.ts'
import { id } from '../../src/console/words/id.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { openBrowser, openWindow, telling, violationsOf, type Window } from './browser.ts'
import { clinicSheet, waitForState } from './cast.ts'

const browser: Browser | undefined = await openBrowser()
afterAll(() => browser?.close())

describe.skipIf(browser === undefined)('a clinic reminds its patients, in a browser', () => {
  it.each(LANGUAGES)(
    'from the first start to the settled statement, in %s',
    { timeout: 180_000 },
    async (language) => {
      const stack = await startStack()
      try {
        const window = await openWindow(browser!, stack.url, { language })
        await telling(window, () => story(window, stack, language))
      } finally {
        await stack.stop()
      }
    },
  )
})

const PASSWORD = 'four blue doors open'
const WORDS: Readonly<Record<Language, Words>> = { en, id, es }

async function story(
  { page: first, complaints, context }: Window,
  stack: Stack,
  language: Language,
): Promise<void> {
  const words = WORDS[language]
  let page = first
  const press = (name: string) => page.getByRole('button', { name, exact: true }).click()
  const follow = (name: string) => page.getByRole('link', { name, exact: true }).first().click()
  const sound = async () => expect(await violationsOf(page), page.url()).toEqual([])

  /** The owner invites a colleague, who opens the link and chooses a password. */
  const joins = async (email: string, role: string): Promise<Window> => {
    await first.goto('/settings/members')
    await first.locator('#email').fill(email)
    await first.locator('#role').selectOption(role)
    await first.getByRole('button', { name: words['members.invite.do'], exact: true }).click()
    const link = await first.locator('pre.source').textContent()
    expect(await violationsOf(first), first.url()).toEqual([])
    const window = await openWindow(browser!, stack.url, { language })
    await window.page.goto(link!.trim())
    expect(await violationsOf(window.page), window.page.url()).toEqual([])
    await window.page.locator('#name').fill(email.split('@')[0]!)
    await window.page.locator('#password').fill(PASSWORD)
    await window.page.getByRole('button', { name: words['invitation.do'], exact: true }).click()
    await window.page.getByRole('heading', { name: words['today.title'] }).waitFor()
    return window
  }

  await page.goto('/')
  await page.getByRole('heading', { name: words['set_up.heading'] }).waitFor()
  await sound()
  await page.locator('#workspace_name').fill('Klinik Sehat')
  await page.locator('#currency').fill('IDR')
  await page.locator('#name').fill('Ratna')
  await page.locator('#email').fill('ratna@example.com')
  await page.locator('#password').fill(PASSWORD)
  await press(words['set_up.do'])
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
  const budi = await joins('budi@example.com', 'marketer')
  const sari = await joins('sari@example.com', 'approver')
  page = budi.page
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
  expect([...complaints, ...budi.complaints, ...sari.complaints]).toEqual([])
  for (const one of [context, budi.context, sari.context]) await one.close()
}
