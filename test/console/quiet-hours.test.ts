import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'

let house: Console
let stage: Stage
let owner: Visitor & { cookie: string }
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house)
  owner = await house.signIn(stage.keys.owner)
}, 60_000)
afterAll(() => house.close())

const PATH = '/settings/quiet-hours'
const book = async () => (await house.ask('GET', '/v1/decency', { key: stage.keys.viewer })).body
const RULE = { country: 'id', purpose: 'marketing', week_from: '09:00', week_to: '17:00', holidays: 'kept' }

describe('quiet hours', () => {
  it('show the rules that come with Duecast, the days and the holidays', async () => {
    const { status, text } = await owner.see(PATH)
    expect(status).toBe(200)
    expect(text).toContain('Mon–Sat')
    expect(text).toContain('everywhere else')
  })

  it('say by which rules campaigns go, and how often one person is written to', async () => {
    const half = await owner.send(PATH, { purpose: 'reminder', cap_messages: '3' })
    expect([half.status, half.text.includes('Give both')]).toEqual([422, true])
    expect((await owner.send(PATH, { purpose: 'reminder', cap_messages: '3', cap_days: '7' })).to).toContain(
      PATH,
    )
    expect((await book()).settings).toEqual({ campaigns: 'reminder', cap: { messages: 3, days: 7 } })
    expect((await owner.send(PATH, { purpose: '', cap_messages: '', cap_days: '' })).status).toBe(303)
    expect((await book()).settings).toEqual({ campaigns: null, cap: null })
  })

  it.each([
    ['3', '367'],
    ['10001', '7'],
    ['3', '0'],
    ['three', '7'],
  ])('refuse a cap of %s messages in %s days, and keep what was said', async (messages, days) => {
    const wrong = await owner.send(PATH, { purpose: 'reminder', cap_messages: messages, cap_days: days })
    expect([wrong.status, wrong.text.includes('Give both')]).toEqual([422, true])
    expect((await book()).settings).toEqual({ campaigns: null, cap: null })
  })

  it('take the highest cap that the API takes', async () => {
    const cap = { messages: 10_000, days: 366 }
    expect((await owner.send(PATH, { purpose: '', cap_messages: '10000', cap_days: '366' })).status).toBe(303)
    expect((await book()).settings.cap).toEqual(cap)
    expect((await owner.send(PATH, { purpose: '', cap_messages: '', cap_days: '' })).status).toBe(303)
  })

  it('take a rule of one’s own, refuse hours that are none, and go back', async () => {
    const own = async () =>
      (await book()).rules.filter((rule: { own: boolean }) => rule.own).map((rule: object) => rule)
    const wrong = await owner.send(`${PATH}/rules`, { ...RULE, week_to: '25:00' })
    expect([wrong.status, wrong.text.includes('Write both times')]).toEqual([422, true])
    const upside = await owner.send(`${PATH}/rules`, { ...RULE, week_to: '08:00' })
    expect([upside.status, upside.text.includes('class="fault">The second time')]).toEqual([422, true])
    const closed = await owner.send(`${PATH}/rules`, { ...RULE, week_from: '', week_to: '' })
    expect([closed.status, closed.text.includes('class="fault">Give hours')]).toEqual([422, true])
    expect((await owner.send(`${PATH}/rules`, { ...RULE, country: 'Indonesia' })).status).toBe(422)
    expect(await own()).toEqual([])
    expect((await owner.send(`${PATH}/rules`, RULE)).status).toBe(303)
    expect(await own()).toMatchObject([
      { country: 'ID', purpose: 'marketing', hours: [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }] },
    ])
    expect((await owner.send(`${PATH}/rules/removal`, RULE)).status).toBe(303)
    expect(await own()).toEqual([])
    expect((await owner.send(`${PATH}/rules/removal`, RULE)).status).toBe(404)
  })

  it('take a calendar from a file, and name what is wrong with it', async () => {
    const fields = { calendar_country: 'XK', calendar_year: '2027' }
    const none = await owner.send(`${PATH}/calendars`, fields)
    expect([none.status, none.text.includes('Choose a file')]).toEqual([422, true])
    const sent = async (csv: string) => {
      const form = new FormData()
      for (const [name, value] of Object.entries(fields)) form.append(name, value)
      form.append('file', new Blob([csv]), 'days.csv')
      const headers = { cookie: owner.cookie, 'sec-fetch-site': 'same-origin', accept: 'text/html' }
      const to = `${house.url}${PATH}/calendars`
      const response = await fetch(to, { method: 'POST', redirect: 'manual', headers, body: form })
      return { status: response.status, text: await response.text() }
    }
    expect((await sent('2026-01-01,New Year')).text).toContain('no day in 2027')
    const long = await sent(`2027-02-17,Independence\n${'#'.repeat(4_000_001)}`)
    expect([long.status, long.text.includes('at most 1 MB')]).toEqual([422, true])
    expect((await sent('2027-02-17,Independence')).status).toBe(303)
    expect((await book()).calendars).toContainEqual({
      country: 'XK',
      year: 2027,
      days: 1,
      source: 'days.csv',
      own: true,
    })
    expect((await owner.send(`${PATH}/calendars/removal`, fields)).status).toBe(303)
  })
})
