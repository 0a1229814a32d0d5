import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, utils } from 'xlsx'
import { en } from '../../src/console/words/en.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole } from './door.ts'

let house: Console
let stage: Stage
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house, '900000.00')
})
afterAll(() => house.close())

describe('the audit trail', () => {
  it('shows who did what, sifted as it is asked for, and whether its chain holds', async () => {
    const owner = await house.signIn(stage.keys.owner)
    expect((await owner.see('/settings/audit')).text).toContain('template.saved')
    const about = (await owner.see('/settings/audit?about=sender')).text
    expect(about).toContain('sender.added')
    expect(about).not.toContain('template.saved')
    expect((await owner.see('/settings/audit?until=2020-01-01')).text).toContain(en['audit.none_so'])
    expect((await owner.see('/settings/audit?about=%27&until=nonsense&after=nonsense')).status).toBe(200)
    expect((await owner.see('/settings/audit?chain=1')).text).toContain('The chain holds')
  })

  it('is not for every role, nor for another workspace', async () => {
    const viewer = await house.signIn(stage.keys.viewer)
    expect((await viewer.see('/settings/audit')).status).toBe(403)
    const stranger = await house.signIn((await house.openFirm()).keys.owner)
    expect((await stranger.see('/settings/audit')).text).not.toContain('template.saved')
  })
})

describe('the page on which a campaign is decided', () => {
  it('says what is other than the last time, and shows the longest and one of the dearest messages', async () => {
    const maker = { key: stage.keys.marketer }
    const submit = async (name: string) => {
      const { id } = await draft(house, stage, { name })
      const quote = await house.ask('POST', `/v1/campaigns/${id}/quote`, maker)
      await house.ask('POST', `/v1/campaigns/${id}/submission`, {
        ...maker,
        body: { quote_id: quote.body.id },
      })
      return id
    }
    const policy = { key: stage.keys.owner, body: { max_recipients: 0 } }
    expect((await house.ask('PUT', '/v1/approval-policy', policy)).status).toBe(200)
    const approver = await house.signIn(stage.keys.approver)
    const first = await submit('November')
    const page = (await approver.see(`/approvals/${first}`)).text
    expect(page).not.toContain(en['differs.heading'])
    expect(page).toContain('The longest, of the first 5,000')
    expect(page).toMatch(/One of the dearest: IDR [\d.,]+/)
    await approver.send(`/approvals/${first}`, { decision: 'approve' })
    const second = (await approver.see(`/approvals/${await submit('December')}`)).text
    expect(second).toContain(en['differs.heading'])
    expect(second).toContain('The same as then: template, category, list, sender, recipients, money.')
    expect(second).toContain(`/campaigns/${first}`)
  })
})

describe('blocked numbers', () => {
  it('are blocked, found and unblocked, and no number ever stands in an address', async () => {
    const marketer = await house.signIn(stage.keys.marketer)
    const block = { phone: '0812 3456 7801', scope: 'all', reason: 'asked on the phone' }
    expect((await marketer.send('/contacts/suppressions', block)).to).toBe(
      '/contacts/suppressions?done=blocked',
    )
    const found = await marketer.send('/contacts/suppressions/search', { search: '+62 812-3456-7801' })
    expect(found.text).toContain('asked on the phone')
    const none = await marketer.send('/contacts/suppressions/search', { search: '0812 3456 7809' })
    expect(none.text).toContain(en['suppressions.none_so'])
    const id = /suppressions\/([0-9a-f-]{36})\/removal/.exec(found.text)![1]!
    expect((await marketer.send(`/contacts/suppressions/${id}/removal`)).to).toContain('done=unblocked')
    expect((await marketer.see('/contacts/suppressions')).text).toContain(en['suppressions.none'])
    const wrong = await marketer.send('/contacts/suppressions', { ...block, phone: 'nobody', reason: '' })
    expect([wrong.status, wrong.text.includes('id="phone-fault"')]).toEqual([422, true])
  })

  it('are not for viewers to change', async () => {
    const viewer = await house.signIn(stage.keys.viewer)
    const answer = await viewer.send('/contacts/suppressions', { phone: '+6281234567801', reason: 'x' })
    expect(answer.status).toBe(403)
  })
})

describe('the preview of a template', () => {
  const preview = async (fields: Record<string, string>, language = 'en') => {
    const marketer = await house.signIn(stage.keys.marketer)
    return marketer.send(
      '/templates/preview',
      { language: 'en', category: 'utility', ...fields },
      {
        'sec-fetch-site': 'same-origin',
        'accept-language': language,
      },
    )
  }

  it('fills what has no sample with its name, counts against the limits, and says what it costs', async () => {
    const { status, text } = await preview({
      body: 'Hi {{name}}, {{money amount "IDR"}} is due {{date due_date}}.',
      samples: 'name = <b>Siti</b>',
    })
    expect(status).toBe(200)
    expect(text).toContain('Hi &lt;b&gt;Siti&lt;/b&gt;, ')
    expect(text).toContain('150,000')
    expect(text).toMatch(/\d+ of 1,024 characters/)
    expect(text).toContain('IDR 356.65')
    expect(text).not.toContain('<html')
  })

  it('says what is wrong while it is being typed, and never fails', async () => {
    expect((await preview({ body: 'Hi {{name' })).text).toContain('class="fault"')
    for (const body of ['', '{{#if}}', '{{constructor}}', 'x'.repeat(5_000), '{{name}}'.repeat(400)])
      expect((await preview({ body })).status).toBe(200)
  })
})

describe('the wallet', () => {
  it('comes as a workbook whose texts are texts', async () => {
    const owner = await house.signIn(stage.keys.owner)
    const reference = '=HYPERLINK("http://evil.example")'
    expect((await owner.send('/wallet/top-ups', { amount: '1.00', reference })).status).toBe(303)
    const response = await fetch(`${house.url}/wallet/statement.xlsx`, { headers: { cookie: owner.cookie } })
    const book = read(Buffer.from(await response.arrayBuffer()))
    const sheet = book.Sheets[book.SheetNames[0]!]!
    const rows = utils.sheet_to_json<string[]>(sheet, { header: 1 })
    expect(rows.flat()).toContain(reference)
    expect(Object.values(sheet).filter((cell) => (cell as { f?: string }).f !== undefined)).toEqual([])
    const answer = await house.ask('GET', '/v1/wallet/spend?days=7', { key: stage.keys.viewer })
    expect(answer).toMatchObject({ status: 200, body: { data: [] } })
  })
})

describe('what the rooms say', () => {
  it('is said in the reader’s language', async () => {
    const marketer = await house.signIn(stage.keys.marketer)
    const spanish = { 'sec-fetch-site': 'same-origin', 'accept-language': 'es' }
    const wrong = await marketer.send('/contacts/suppressions', { phone: '12', reason: 'x' }, spanish)
    expect(wrong.text).toMatch(/Al número le faltan cifras|Este no es un número en uso/)
    const id = '00000000-0000-7000-8000-000000000000'
    expect((await marketer.see(`/campaigns/${id}`, spanish)).text).toContain('Esto no existe en su espacio')
  })
})
