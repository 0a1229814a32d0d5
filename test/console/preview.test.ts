import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole } from './door.ts'

let house: Console
let stage: Stage
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house, '900000.00')
})
afterAll(() => house.close())

const ask = (path: string, key = stage.keys.viewer) => house.ask('GET', path, { key })
const whatIf = (id: string, body: object, key = stage.keys.viewer) =>
  house.ask('POST', `/v1/campaigns/${id}/what-if`, { key, body })

describe('the messages of a draft', () => {
  it('are all there, page by page, each as its contact will read it or with why it is left out', async () => {
    const { id } = await draft(house, stage)
    const first = await ask(`/v1/campaigns/${id}/preview?limit=3`)
    const second = await ask(`/v1/campaigns/${id}/preview?limit=3&cursor=${first.body.next_cursor}`)
    const lines = [...first.body.data, ...second.body.data]
    expect(lines.map(({ name }) => name)).toEqual(['Ayu', 'Budi', 'Citra', 'Dewi'])
    expect(lines[0]).toMatchObject({
      excluded: null,
      price: { amount: '356.65', currency: 'IDR' },
      due_at: '2026-12-01T02:00:00.000Z',
      market: 'Indonesia',
    })
    expect(lines[0].body).toContain('Hi Ayu, invoice INV-1 is due')
    expect(lines[3]).toMatchObject({ excluded: 'missing_variable', price: null, body: null })
    expect(lines[3].fault).toContain('invoice')
    expect(second.body.next_cursor).toBeNull()
  })

  it.each([
    ['sent', ['Ayu', 'Budi', 'Citra']],
    ['excluded', ['Dewi']],
    ['missing_variable', ['Dewi']],
    ['opted_out', []],
    ['shifted', []],
    ['free', []],
  ])('can be sifted: %s', async (filter, names) => {
    const { id } = await draft(house, stage)
    const { body } = await ask(`/v1/campaigns/${id}/preview?filter=${filter}`)
    expect(body.data.map(({ name }: { name: string }) => name)).toEqual(names)
  })

  it('say who is shifted by the hours that were chosen', async () => {
    const schedule = {
      at: '2026-12-01T09:00:00',
      time_zone: 'Asia/Jakarta',
      window: { from: '10:00', to: '12:00' },
    }
    const { id } = await draft(house, stage, { schedule })
    const { body } = await ask(`/v1/campaigns/${id}/preview?filter=shifted`)
    expect(body.data.map(({ due_at }: { due_at: string }) => due_at)).toEqual(
      Array.from({ length: 3 }, () => '2026-12-01T03:00:00.000Z'),
    )
  })

  it('are the workspace’s own, and only until the campaign is submitted', async () => {
    const { id } = await draft(house, stage)
    const stranger = (await house.openFirm()).keys.owner
    expect((await ask(`/v1/campaigns/${id}/preview`, stranger)).status).toBe(404)
    expect((await whatIf(id, {}, stranger)).status).toBe(404)
    const key = stage.keys.marketer
    const quoted = await house.ask('POST', `/v1/campaigns/${id}/quote`, { key })
    const body = { quote_id: quoted.body.id }
    expect((await house.ask('POST', `/v1/campaigns/${id}/submission`, { key, body })).status).toBe(201)
    expect((await ask(`/v1/campaigns/${id}/preview`)).body.code).toBe('wrong_state')
    expect((await whatIf(id, {})).body.code).toBe('wrong_state')
  })
})

describe('what if', () => {
  it('prices the same list in another category, beside its own, and changes nothing', async () => {
    const { id } = await draft(house, stage)
    const same = await whatIf(id, {})
    expect(same.body).toMatchObject({
      recipients: 3,
      excluded: 1,
      total: { amount: '1069.95' },
      difference: { amount: '0.00' },
    })
    const marketing = await whatIf(id, { category: 'marketing' })
    const difference = Number(marketing.body.total.amount) - 1069.95
    expect(difference).toBeGreaterThan(0)
    expect(Number(marketing.body.difference.amount)).toBeCloseTo(difference)
    expect((await ask(`/v1/campaigns/${id}`)).body).toMatchObject({ state: 'draft', quote_id: null })
  })
})
