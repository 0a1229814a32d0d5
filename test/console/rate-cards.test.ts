import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utils, write } from 'xlsx'
import { en } from '../../src/console/words/en.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'
import { address, join, PASSWORD } from './people.ts'

const HEADING = 'model,currency,market,category,effective_from,price_per_unit'
const UNDATED = 'model,currency,market,category,price_per_unit'
const PATH = '/settings/rate-cards'

let house: Console
let stage: Stage
let owner: Visitor & { cookie: string }
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house)
  owner = await house.signIn(stage.keys.owner)
}, 60_000)
afterAll(() => house.close())

type Sent = { status: number; to: string | null; text: string }

async function upload(
  who: { cookie: string },
  file: string | Buffer,
  fields: Record<string, string> = {},
  name = 'card.csv',
): Promise<Sent> {
  const form = new FormData()
  for (const [field, value] of Object.entries(fields)) form.append(field, value)
  form.append('file', new Blob([typeof file === 'string' ? file : new Uint8Array(file)]), name)
  const response = await fetch(`${house.url}${PATH}/imports`, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: who.cookie, 'sec-fetch-site': 'same-origin', accept: 'text/html' },
    body: form,
  })
  return { status: response.status, to: response.headers.get('location'), text: await response.text() }
}

function workbook(rows: readonly unknown[][]): Buffer {
  const book = utils.book_new()
  utils.book_append_sheet(book, utils.aoa_to_sheet(rows as unknown[][], { UTC: true }))
  return write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer
}

async function rowsOf(workspaceId: string): Promise<string[]> {
  const rows = await house.scratch.owner.sql<{ row: string }[]>`
    SELECT concat_ws(' ', currency, market, category, effective_from, price) AS row FROM rate_rows
     WHERE workspace_id = ${workspaceId} ORDER BY 1`
  return rows.map(({ row }) => row)
}

describe('rate cards', () => {
  it('of the installation are listed with their days and how many of their prices count', async () => {
    const { text } = await owner.see(PATH)
    expect(text).toContain(`href="${PATH}/common-whatsapp-IDR-2026-07-01"`)
    expect(text).toContain(`href="${PATH}/common-whatsapp-USD-2026-10-01"`)
    expect(text).toContain(en['rates.own.none'])
    const card = (await owner.see(`${PATH}/common-whatsapp-IDR-2023-06-01`)).text
    expect(card).toContain('per conversation of 24 hours')
    expect(card).toContain(en['rates.card_over'])
  })

  it('show their prices, which are searched by market and category, page by page', async () => {
    const path = `${PATH}/common-whatsapp-USD-2026-10-01`
    const first = (await owner.see(path)).text
    const next = /href="([^"]+)" rel="next"/
      .exec(first)![1]!
      .replaceAll('&amp;', '&')
      .replaceAll('&#x3D;', '=')
    expect((await owner.see(next)).status).toBe(200)
    const markets = (text: string) =>
      [...text.matchAll(/<th scope="row">([^<]+)<\/th><td[^>]*>([^<]+)</g)].map(
        ([, market, category]) => `${market} ${category}`,
      )
    expect(markets(first).length).toBe(50)
    expect(markets((await owner.see(next)).text)).not.toContain(markets(first)[0])
    const found = markets((await owner.see(`${path}?market=INDONES&category=utility`)).text)
    expect(found).toEqual(['Indonesia utility'])
    expect((await owner.see(`${path}?market=%25`)).text).toContain(en['rates.none_so'])
    expect((await owner.see(`${path}?market=%27%3B&after=nonsense&category=x`)).status).toBe(200)
  })

  it.each([
    'nonsense',
    'common-whatsapp-IDR-2026-02-30',
    'common-whatsapp-IDR-2019-01-01',
    'common-sms-IDR-2026-07-01',
    'own-whatsapp-IDR-2026-07-01',
  ])('that are not there are not found: %s', async (id) => {
    expect((await owner.see(`${PATH}/${id}`)).status).toBe(404)
  })

  it('are imported from CSV by a manager, count before the installation’s, and nobody else sees them', async () => {
    const before = await priceOf()
    const seen = await upload(owner, `${HEADING}\nper_message,IDR,Indonesia,utility,2026-11-01,411.5`)
    expect([seen.status, seen.to]).toEqual([303, `${PATH}?done=rates`])
    expect(await rowsOf(stage.workspaceId)).toEqual(['IDR Indonesia utility 2026-11-01 4115000'])
    expect([before, await priceOf()]).toEqual([expect.not.stringMatching('411.50'), '411.50'])
    const { text } = await owner.see(`${PATH}/own-whatsapp-IDR-2026-11-01`)
    expect(text).toContain('411.50')
    expect(text).toContain('1 price in force')
    const other = await house.signIn((await house.openFirm()).keys.owner)
    expect((await other.see(`${PATH}/own-whatsapp-IDR-2026-11-01`)).status).toBe(404)
    const { body } = await house.ask('GET', '/v1/audit-events?about=rates', { key: stage.keys.owner })
    expect(body.data[0]).toMatchObject({ action: 'rates.published', facts: { rows: 1, file: 'card.csv' } })
  })

  it('are imported from a workbook, with one day for all rows that name none and a markup', async () => {
    const { workspaceId, keys } = await house.openFirm()
    const rows = [
      ['model', 'currency', 'market', 'category', 'effective_from', 'price_per_unit'],
      ['per_message', 'IDR', 'Indonesia', 'utility', '', 300],
      ['per_message', 'IDR', 'Malaysia', 'utility', new Date(Date.UTC(2026, 6, 1)), 318.25],
      ['per_message', 'IDR', 'India', 'utility', 46_204, 0.3],
    ]
    const fields = { effective_from: '2027-01-01', markup: '10' }
    const seen = await upload(await house.signIn(keys.admin), workbook(rows), fields, 'card.xlsx')
    expect([seen.status, seen.to], seen.text).toEqual([303, `${PATH}?done=rates`])
    expect(await rowsOf(workspaceId)).toEqual([
      'IDR India utility 2026-07-01 3300',
      'IDR Indonesia utility 2027-01-01 3300000',
      'IDR Malaysia utility 2026-07-01 3500750',
    ])
  })

  it.each([
    ['markup', { markup: 'ten' }, `${HEADING}\nper_message,IDR,India,utility,2026-11-01,1`],
    ['effective_from', { effective_from: '2026-02-30' }, `${UNDATED}\nper_message,IDR,India,utility,1`],
    ['file', {}, `${UNDATED}\nper_message,IDR,India,utility,1`],
    ['file', {}, `${HEADING},colour\nper_message,IDR,India,utility,2026-11-01,1,red`],
    ['file', {}, `${HEADING}\nper_message,IDR,"India,utility`],
    ['file', {}, ''],
    ['file', {}, Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x41])],
    ['file', {}, Buffer.from('PK\u0003\u0004 no workbook')],
  ] as const)(
    'are refused beside %s where it is wrong, and nothing else is lost',
    async (field, fields, file) => {
      const before = await rowsOf(stage.workspaceId)
      const seen = await upload(owner, file as string, { markup: '7.5', ...fields })
      expect(seen.status).toBe(422)
      expect(seen.text).toContain(`id="${field}-fault"`)
      if (!('markup' in fields)) expect(seen.text).toContain('value="7.5"')
      expect(await rowsOf(stage.workspaceId)).toEqual(before)
    },
  )

  it('are refused with every faulty row, by its number in the file', async () => {
    const card = [
      HEADING,
      'per_message,IDR,India,utility,2026-11-01,1',
      'per_message,IDR,Atlantis,utility,2026-11-01,1',
      'per_message,IDR,India,utility,1 Nov,-1',
      'per_message,IDR,India,utility,2026-11-01,2',
    ].join('\n')
    const seen = await upload(owner, card)
    expect(seen.status).toBe(422)
    expect(seen.text).toContain('id="file-fault"')
    for (const [row, column, value] of [
      [3, 'market', 'Atlantis'],
      [4, 'effective_from', '1 Nov'],
      [4, 'price_per_unit', '-1'],
      [5, 'effective_from', '2026-11-01'],
    ])
      expect(seen.text).toMatch(
        new RegExp(`>${row}</th><td[^>]*><code>${column}</code></td><td[^>]*><code>${value}</code>`),
      )
    const spoken = await fetch(`${house.url}${PATH}/imports`, {
      method: 'POST',
      headers: { cookie: owner.cookie, 'sec-fetch-site': 'same-origin', 'accept-language': 'id' },
      body: formWith(card),
    })
    expect(await spoken.text()).toContain('Tidak ada kode negara yang termasuk pasar bernama ini')
  })

  it('are imported by nobody whose role may not, and a member proves who they are along with the file', async () => {
    const card = `${HEADING}\nper_message,IDR,India,service,2026-11-01,1`
    for (const role of ['marketer', 'approver', 'viewer'] as const) {
      const visitor = await house.signIn(stage.keys[role])
      expect((await visitor.see(PATH)).text).not.toContain(`action="${PATH}/imports"`)
      expect((await upload(visitor, card)).status).toBe(403)
    }
    const admin = await join(house, stage.workspaceId, address('rates'), 'admin')
    const { now } = house.clock
    house.clock.now = () => new Date(now().getTime() + 11 * 60_000)
    try {
      expect((await admin.see(PATH)).text).toContain('name="confirm_password"')
      const before = await rowsOf(stage.workspaceId)
      expect((await upload(admin, card)).status).toBe(403)
      expect(await rowsOf(stage.workspaceId)).toEqual(before)
      expect((await upload(admin, card, { confirm_password: PASSWORD })).to).toBe(`${PATH}?done=rates`)
    } finally {
      house.clock.now = now
    }
  })
})

function formWith(card: string): FormData {
  const form = new FormData()
  form.append('file', new Blob([card]), 'card.csv')
  return form
}

/** What a message to Indonesia costs in a quote of now. */
async function priceOf(): Promise<string> {
  const { id } = await draft(house, stage)
  const quoted = await house.ask('POST', `/v1/campaigns/${id}/quote`, { key: stage.keys.marketer })
  return quoted.body.lines[0].unit_price.amount
}
