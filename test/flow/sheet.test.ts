import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  allMessages,
  booksOf,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { openKlinikSehat } from '../support/cast.ts'
import { follow } from '../support/follow.ts'
import { upload, workbook } from '../support/sheet.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

const TAGIHAN = {
  name: 'Tagihan',
  language: 'id',
  category: 'utility',
  body: 'Halo {{name}}, tagihan {{invoice}} sebesar {{amount}} jatuh tempo {{due_date}}. Terima kasih.',
}

const HEADINGS = ['Nama', 'No HP', 'No Tagihan', 'Jumlah', 'Jatuh Tempo']

describe('from a marketer’s sheet to a settled campaign', () => {
  it('reaches each good row once, and says what is wrong with the others', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '100000.00', 'transfer-1')
    const sheet = workbook([
      HEADINGS,
      ['Ani', '0812-0000-0001', 'INV-1', 150000, '2026-12-01'],
      ['Bagus', 6281200000002, 'INV-2', 250000.5, '2026-12-02'],
      ['Citra', '+62 812 0000 0003', 'INV-3', 75000, '2026-12-03'],
      ['Ani lagi', '62 812 0000 0001', 'INV-4', 1, '2026-12-01'],
      ['Dodi', 'bukan nomor', 'INV-5', 1, '2026-12-01'],
      ['=1+1', 81200000006, 'INV-6', 99000, '2026-12-06'],
    ])
    const read = await upload(firm.budi, sheet, { default_country: 'ID', locale: 'id' })
    expect(read).toMatchObject({ state: 'done', rows: 6, accepted: 4, duplicates: 1, rejected: 1 })
    const { data } = expectStatus(await firm.budi.get(`/v1/imports/${read.id}/problems`), 200)
    expect(data.map(({ row }: { row: number }) => row)).toContain(6)

    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const template_id = await makeTemplate(firm.budi, TAGIHAN)
    const { id, quote } = await launch(firm.budi, { list_id: read.list_id, sender_id, template_id })
    expect(quote).toMatchObject({ recipients: 4, total: { amount: '1426.60' }, excluded: [] })
    const { events } = await follow(stack, firm.joko, id)
    expect(events.at(-1)).toMatchObject({ state: 'settled', money: { captured: { amount: '1426.60' } } })
    const phones = (await allMessages(firm.joko, id)).map(({ phone }) => phone).sort()
    expect(phones).toEqual(['+6281200000001', '+6281200000002', '+6281200000003', '+6281200000006'])
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 4, recipients: 4 })
    expect(await walletOf(firm)).toEqual({ available: '98573.40', held: '0.00', spent: '1426.60' })
    expect(await booksOf(firm)).toEqual([])
  })
})
