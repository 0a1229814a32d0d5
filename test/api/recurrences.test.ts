import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setStage } from './cast.ts'
import { type Server, startServer } from './client.ts'

let server: Server
let sari: Stage
let words: Record<string, unknown>
beforeAll(async () => {
  server = await startServer()
  sari = await setStage(server)
  const { body } = await server.ask('GET', '/v1/lists', { key: sari.keys.owner })
  words = {
    name: 'Weekly',
    template_id: sari.templateId,
    sender_id: sari.senderId,
    list_id: body.data[0].id,
    rule: { rrule: 'FREQ=WEEKLY;BYDAY=MO' },
    starts_at: '2027-01-04T09:00:00',
    time_zone: 'Asia/Jakarta',
  }
})
afterAll(() => server.close())

const path = '/v1/recurring-campaigns'
const make = async (more: object = {}) =>
  server.ask('POST', path, { key: sari.keys.marketer, body: { ...words, ...more } })

describe('a recurring campaign', () => {
  it('is written, changed, approved by somebody else, set going and ended', async () => {
    const made = await make()
    expect([made.status, made.body.state, made.body.when_short]).toEqual([201, 'draft', 'block'])
    const one = `${path}/${made.body.id}`
    const changed = await server.ask('PATCH', one, {
      key: sari.keys.marketer,
      body: { rule: { cron: '0 9 * * 1' } },
    })
    expect(changed.body).toMatchObject({ version: 2, rule: { cron: '0 9 * * 1' }, name: 'Weekly' })
    const cap = { amount: '500.00', currency: 'IDR' }
    const caps = { caps: { run: cap, day: cap, month: cap } }
    const given = await server.ask('POST', `${one}/standing-approval`, {
      key: sari.keys.approver,
      body: caps,
    })
    expect([given.status, given.body.caps.run.amount]).toEqual([201, '500.00'])
    const set = (state: string) =>
      server.ask('PUT', `${one}/state`, { key: sari.keys.marketer, body: { state } })
    expect((await set('active')).body.state).toBe('active')
    expect((await set('ended')).body.state).toBe('ended')
    expect((await set('active')).status).toBe(409)
    expect((await server.ask('GET', `${one}/occurrences`, { key: sari.keys.viewer })).body.data).toEqual([])
  })

  it.each([
    ['no rule', { rule: { rrule: 'whenever' } }, 'rule'],
    ['too often', { rule: { cron: '* * * * *' } }, 'rule'],
    ['both rules', { rule: { cron: '0 9 * * 1', rrule: 'FREQ=DAILY' } }, 'rule'],
    ['an instant', { starts_at: '2027-01-04T09:00:00Z' }, 'starts_at'],
    ['no zone', { time_zone: 'Mars/Base' }, 'time_zone'],
    ['nobody’s list', { list_id: '00000000-0000-7000-8000-000000000000' }, 'list_id'],
    ['nobody’s template', { template_id: '00000000-0000-7000-8000-000000000000' }, 'template_id'],
    ['waiting', { when_short: 'wait' }, 'when_short'],
  ])('with %s is refused, and says where', async (_, wrong, at) => {
    const refused = await make(wrong)
    expect(refused.status).toBe(400)
    expect(refused.body.errors[0].path).toContain(at)
  })

  it('is nothing for who may not', async () => {
    expect((await server.ask('POST', path, { key: sari.keys.viewer, body: words })).status).toBe(403)
  })
})
