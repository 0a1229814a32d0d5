import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  firm = await server.openFirm()
})

const idr = (amount: string) => ({ amount, currency: 'IDR' })
const topUp = (amount: unknown, reference = 'transfer-1', key = firm.keys.admin) =>
  server.ask('POST', '/v1/wallet/top-ups', { key, body: { amount, reference } })
const wallet = async () => (await server.ask('GET', '/v1/wallet', { key: firm.keys.viewer })).body

describe('a wallet', () => {
  test('begins empty', async () => {
    const nothing = idr('0.00')
    expect(await wallet()).toEqual({
      currency: 'IDR',
      available: nothing,
      held: nothing,
      spent: nothing,
      owed: nothing,
    })
  })

  test('is credited once for each reference', async () => {
    const first = await topUp(idr('1000000.5'))
    const again = await topUp(idr('1000000.50'))
    expect(first).toMatchObject({ status: 201, body: { amount: idr('1000000.50'), reference: 'transfer-1' } })
    expect(again).toMatchObject({ status: 201, body: first.body })
    expect((await wallet()).available).toEqual(idr('1000000.50'))
    expect(await topUp(idr('2.00'))).toMatchObject({ status: 409, body: { code: 'reference_reused' } })
    expect((await topUp(idr('2.00'), 'transfer-2')).status).toBe(201)
    expect((await wallet()).available).toEqual(idr('1000002.50'))
  })

  test('is credited once by requests at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => topUp(idr('7.00'))))
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(201))
    expect((await wallet()).available).toEqual(idr('7.00'))
  })

  test.each([
    [{ amount: '0', currency: 'IDR' }, 'validation_failed'],
    [{ amount: '-1', currency: 'IDR' }, 'validation_failed'],
    [{ amount: '1e3', currency: 'IDR' }, 'validation_failed'],
    [{ amount: '1,000', currency: 'IDR' }, 'validation_failed'],
    [{ amount: '0.00001', currency: 'IDR' }, 'validation_failed'],
    [{ amount: '99999999999999', currency: 'IDR' }, 'validation_failed'],
    [{ amount: 100, currency: 'IDR' }, 'validation_failed'],
    [{ amount: '1', currency: 'rupiah' }, 'validation_failed'],
    [{ amount: '1', currency: 'USD' }, 'currency_mismatch'],
    ['1.00', 'validation_failed'],
  ])('refuses %j', async (amount, code) => {
    expect(await topUp(amount)).toMatchObject({ status: 400, body: { code } })
    expect((await wallet()).available).toEqual(idr('0.00'))
  })

  test('takes no more than it can count, and what it took before all the same', async () => {
    const most = '10000000000000'
    for (let n = 1; n <= 9; n++) expect((await topUp(idr(most), `large-${n}`)).status).toBe(201)
    const refused = await topUp(idr(most), 'one-more')
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'amount.amount', code: 'too_big' }] },
    })
    expect((await topUp(idr(most), 'large-1')).status).toBe(201)
    expect((await wallet()).available).toEqual(idr('90000000000000.00'))
  })

  test('is not credited without a reference', async () => {
    expect(await topUp(idr('1.00'), ' ')).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'reference' }] },
    })
  })
})

const NO_LIMITS = {
  max_amount: null,
  max_share_of_available: null,
  max_recipients: null,
  categories: [],
  first_of_maker: false,
  quorum: 1,
  expires_after_hours: null,
}

describe('the approval policy', () => {
  const put = (body: unknown, key = firm.keys.owner) =>
    server.ask('PUT', '/v1/approval-policy', { key, body })
  const policy = async () => (await server.ask('GET', '/v1/approval-policy', { key: firm.keys.viewer })).body

  test('of a new workspace asks above half of what is available', async () => {
    expect(await policy()).toEqual({ ...NO_LIMITS, max_share_of_available: 0.5 })
  })

  test('is replaced as a whole, and can be put back as it was read', async () => {
    const words = { max_amount: idr('500000.00'), max_share_of_available: 0.2575, max_recipients: 1000 }
    expect((await put(words)).body).toEqual({ ...NO_LIMITS, ...words })
    const more = { categories: ['marketing'], first_of_maker: true, quorum: 2, expires_after_hours: 24 }
    expect((await put({ ...words, ...more })).body).toEqual({ ...words, ...more })
    expect(await policy()).toEqual({ ...words, ...more })
    expect((await put(await policy())).body).toEqual({ ...words, ...more })
    expect((await put({})).body).toEqual(NO_LIMITS)
  })

  test('keeps every version, with who set it and when, newest first and page by page', async () => {
    await put({ quorum: 2, max_recipients: 5 })
    await put({ max_recipients: 6 }, firm.keys.admin)
    const versions = async (query: string, key = firm.keys.viewer) =>
      (await server.ask('GET', `/v1/approval-policy/versions${query}`, { key })).body
    const first = await versions('?limit=2')
    expect(first.data).toMatchObject([
      {
        ...NO_LIMITS,
        max_recipients: 6,
        version: expect.any(Number),
        created_by: expect.stringMatching(/^key:/),
      },
      { ...NO_LIMITS, max_recipients: 5, quorum: 2, created_at: expect.stringMatching(/^20/) },
    ])
    expect(first.data[0].created_by).not.toBe(first.data[1].created_by)
    const rest = await versions(`?limit=1000&cursor=${first.next_cursor}`)
    expect(rest.data.at(-1)).toMatchObject({ version: 1, max_share_of_available: 0.5 })
    expect(rest.next_cursor).toBeNull()
    expect((await versions('?cursor=nonsense')).status).toBe(400)
    const other = await server.openFirm('IDR')
    expect((await versions('', other.keys.owner)).data).toHaveLength(1)
  })

  test.each([
    [{ max_share_of_available: 1.1 }],
    [{ max_share_of_available: 0.00001 }],
    [{ max_share_of_available: '0.5' }],
    [{ max_recipients: -1 }],
    [{ max_recipients: 1.5 }],
    [{ max_recipients: 3_000_000_000 }],
    [{ max_amount: idr('-1.00') }],
    [{ max_amount: { amount: '1', currency: 'USD' } }],
    [{ quorum: 0 }],
    [{ quorum: 6 }],
    [{ quorum: null }],
    [{ expires_after_hours: 0 }],
    [{ expires_after_hours: 721 }],
    [{ categories: ['rumours'] }],
    [{ first_of_maker: 'yes' }],
    [{ policy: 'strict' }],
  ])('refuses %j', async (words) => {
    expect((await put(words)).status).toBe(400)
    expect((await policy()).max_share_of_available).toBe(0.5)
  })
})
