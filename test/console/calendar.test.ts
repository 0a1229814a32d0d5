import { afterAll, beforeAll, expect, it } from 'vitest'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'

let house: Console
let stage: Stage
let owner: Visitor
let campaignId: string
let ladderId: string
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house)
  owner = await house.signIn(stage.keys.owner)
  campaignId = (await draft(house, stage)).id
  const steps = [{ key: 'due', offset: 0, template_id: stage.templateId }]
  const body = { name: 'Ladder', sender_id: stage.senderId, steps }
  ladderId = (await house.ask('POST', '/v1/sequences', { key: stage.keys.owner, body })).body.id
})
afterAll(() => house.close())

const NOWHERE = '00000000-0000-7000-8000-000000000000'
/** No day, or none that the price of anything could be asked for. */
const IMPOSSIBLE = ['2026-02-30', '0000-01-01', '9999-12-31', '10000-01-01', '2026-13-01']

it.each(IMPOSSIBLE)('what a campaign would cost on %s is not asked: the page says why', async (day) => {
  const seen = await owner.see(`/campaigns/${campaignId}/what-if?day=${day}`)
  expect(seen.status).toBe(200)
  expect(seen.text).toContain('aria-invalid="true"')
})

it.each(['/reminders/invoices?number', '/contacts?phone', '/campaigns?state', '/templates?after'])(
  'a word of %s that no database could be asked for is none',
  async (path) => {
    expect((await owner.see(`${path}=a%00b`)).status).toBe(200)
  },
)

it.each(IMPOSSIBLE)('a campaign is not sent on %s', async (day) => {
  const fields = { when: 'later', at: `${day}T09:00`, time_zone: 'Asia/Jakarta' }
  expect((await owner.send(`/campaigns/${campaignId}/schedule`, fields)).status).toBe(422)
})

it.each(['2026-02-30', '0000-01-01', '10000-01-01'])('an invoice is not due on %s', async (day) => {
  const fields = { number: `INV-${day}`, phone: '+6281234567801', amount: '150000', due_date: day }
  expect((await owner.send('/reminders/invoices/new', fields)).status).toBe(422)
})

it.each([...IMPOSSIBLE, '0001-01-01'])('the audit trail until %s is shown', async (day) => {
  expect((await owner.see(`/settings/audit?until=${day}`)).status).toBe(200)
})

it.each(['0000-01-01', '2026-02-30'])('a place at %s in the reminders of a ladder is none', async (day) => {
  expect((await owner.see(`/reminders/ladders/${ladderId}?after=${day}.${NOWHERE}.due`)).status).toBe(200)
})
