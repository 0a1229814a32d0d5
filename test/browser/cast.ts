import type { Page } from 'playwright-core'
import { workbook } from '../support/sheet.ts'
import type { Stack } from '../support/stack.ts'

/** Nine people of a clinic in Jakarta: seven who can be reminded, one twice, one without a number. */
export async function clinicSheet(): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const head = ['Nama', 'No HP', 'No Invoice', 'Jumlah', 'Jatuh Tempo']
  const rows = Array.from({ length: 7 }, (_, n) => [
    `Pasien ${n + 1}`,
    `0812345678${n + 1}0`,
    `INV-${n + 1}`,
    150_000 + n * 1_000,
    '2026-12-01',
  ])
  const doubled = ['Pasien 1', '081234567810', 'INV-1', 150_000, '2026-12-01']
  const without = ['Pasien 9', '12', 'INV-9', 150_000, '2026-12-01']
  const book = workbook([head, ...rows, doubled, without])
  return {
    name: 'tagihan-desember.xlsx',
    mimeType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    buffer: Buffer.from(await book.arrayBuffer()),
  }
}

/** The cookie of somebody who signs in with a key, without a browser. */
export async function cookieOf(stack: Stack, key: string): Promise<string> {
  const response = await fetch(`${stack.url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ key }),
  })
  const cookie = response.headers.get('set-cookie')?.split(';')[0]
  if (cookie === undefined) throw new Error(`not signed in: ${response.status}`)
  return cookie
}

/** Waits until the live page itself says so: nobody reloads it. */
export async function waitForState(page: Page, state: string, timeoutMs = 60_000): Promise<void> {
  await page.locator(`#live[data-state="${state}"]`).waitFor({ timeout: timeoutMs })
}
