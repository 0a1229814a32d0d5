import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
let neighbour: Firm
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
  neighbour = await server.openFirm()
})
afterAll(() => server.close())

const ask = (method: string, path: string, body?: unknown, key = firm.keys.admin) =>
  server.ask(method, `/v1/decency${path}`, { key, ...(body === undefined ? {} : { body }) })

const RULE = {
  hours: [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }],
  holidays: 'kept',
  source: 'Our own house rule',
  as_of: '2026-11-01',
}

describe('decency', () => {
  test('is shipped with sources, and says that nothing of it is your own', async () => {
    const { body } = await ask('GET', '', undefined, firm.keys.viewer)
    expect(body.settings).toEqual({ campaigns: null, cap: null })
    const indonesia = body.rules.find((r: { country: string; purpose: string }) => r.country === 'ID')
    expect(indonesia).toMatchObject({
      purpose: 'collection',
      hours: [{ days: [1, 2, 3, 4, 5, 6], from: '08:00', to: '20:00' }],
      holidays: 'kept',
      own: false,
    })
    expect(indonesia.source).toContain('POJK 22/2023')
    expect(body.rules.filter((r: { country: string }) => r.country === 'default')).toHaveLength(3)
    expect(body.calendars).toContainEqual(expect.objectContaining({ country: 'ID', year: 2027, days: 26 }))
  })

  test('is edited for one workspace alone, and goes back to what is shipped', async () => {
    const set = await ask('PUT', '/rules/ID/collection', RULE)
    expect(set).toMatchObject({ status: 200, body: { country: 'ID', own: true, hours: RULE.hours } })
    const find = async (key: string) =>
      (await ask('GET', '', undefined, key)).body.rules.find(
        (r: { country: string; purpose: string }) => r.country === 'ID' && r.purpose === 'collection',
      )
    expect(await find(firm.keys.viewer)).toEqual(set.body)
    expect(await find(neighbour.keys.viewer)).toMatchObject({ own: false })
    expect((await ask('DELETE', '/rules/ID/collection')).status).toBe(204)
    expect(await find(firm.keys.viewer)).toMatchObject({ own: false })
    expect((await ask('DELETE', '/rules/ID/collection')).status).toBe(404)
  })

  test('takes a rule for all countries without one', async () => {
    expect((await ask('PUT', '/rules/default/marketing', RULE)).body).toMatchObject({ country: 'default' })
  })

  test.each([
    ['/rules/ID/collection', { ...RULE, hours: [] }, 400],
    ['/rules/ID/collection', { ...RULE, hours: [{ days: [], from: '09:00', to: '17:00' }] }, 400],
    ['/rules/ID/collection', { ...RULE, hours: [{ days: [1], from: '17:00', to: '09:00' }] }, 400],
    ['/rules/ID/collection', { ...RULE, hours: [{ days: [8], from: '09:00', to: '17:00' }] }, 400],
    ['/rules/ID/collection', { ...RULE, hours: [{ days: [1], from: '9:00', to: '17:00' }] }, 400],
    ['/rules/ID/collection', { ...RULE, source: '' }, 400],
    ['/rules/id/collection', RULE, 404],
    ['/rules/ID/selling', RULE, 404],
    ['/calendars/ID/27', { source: 'x', days: [] }, 404],
    ['/calendars/ID/2028', { source: 'x' }, 400],
    ['/calendars/ID/2028', { source: 'x', calendar: 'no calendar' }, 400],
    ['', { campaigns: 'selling', cap: null }, 400],
    ['', { campaigns: null, cap: { messages: 0, days: 7 } }, 400],
  ])('that is wrong is refused: %s %#', async (path, body, status) => {
    expect((await ask('PUT', path, body)).status).toBe(status)
  })

  test('imports a calendar from iCalendar, and shows it', async () => {
    const calendar = [
      'BEGIN:VCALENDAR',
      'VERSION:2.0',
      'BEGIN:VEVENT',
      'UID:1',
      'DTSTART;VALUE=DATE:20280226',
      'SUMMARY:Idul Fitri 1449',
      'END:VEVENT',
      'END:VCALENDAR',
    ].join('\r\n')
    expect((await ask('GET', '/calendars/ID/2028')).status).toBe(404)
    const set = await ask('PUT', '/calendars/ID/2028', { source: 'SKB 2027', calendar })
    expect(set).toMatchObject({
      status: 200,
      body: { days: [{ day: '2028-02-26', name: 'Idul Fitri 1449' }] },
    })
    expect((await ask('GET', '/calendars/ID/2028')).body).toEqual(set.body)
    expect((await ask('GET', '/calendars/ID/2028', undefined, neighbour.keys.viewer)).status).toBe(404)
    expect((await ask('DELETE', '/calendars/ID/2028')).status).toBe(204)
    expect((await ask('GET', '/calendars/ID/2028')).status).toBe(404)
  })

  test('is changed by managers only', async () => {
    const settings = { campaigns: 'reminder', cap: { messages: 3, days: 7 } }
    expect((await ask('PUT', '', settings, firm.keys.marketer)).status).toBe(403)
    expect((await ask('PUT', '', settings)).body).toEqual(settings)
    expect((await ask('GET', '')).body.settings).toEqual(settings)
  })
})
