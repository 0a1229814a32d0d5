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

async function submit(name: string, templateId?: string): Promise<string> {
  const maker = { key: stage.keys.marketer }
  const { id } = await draft(house, stage, { name, ...(templateId && { template_id: templateId }) })
  const quote = await house.ask('POST', `/v1/campaigns/${id}/quote`, maker)
  const body = { quote_id: quote.body.id }
  await house.ask('POST', `/v1/campaigns/${id}/submission`, { ...maker, body })
  return id
}

describe('the page on which a campaign is decided', () => {
  it('says what is other than the last time, and shows the longest and one of the dearest messages', async () => {
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
    expect(second).toContain(
      'The same as then: template, wording, category, list, sender, recipients, money.',
    )
    expect(second).toContain(`/campaigns/${first}`)
  })

  it('sets other words of the same name beside those that were approved, and no words that were turned down', async () => {
    const body = 'Hello {{name}}, please pay by Monday.'
    const words = { name: 'Payment due', language: 'en', category: 'utility', body }
    const maker = { key: stage.keys.marketer }
    const template = await house.ask('POST', '/v1/templates', { ...maker, body: words })
    const turnedDown = await submit('Turned down')
    const approver = await house.signIn(stage.keys.approver)
    await approver.send(`/approvals/${turnedDown}`, { decision: 'reject' })
    const page = (await approver.see(`/approvals/${await submit('Other words', template.body.id)}`)).text
    expect(page).toContain(en['differs.words'])
    expect(page).toContain('please pay by Monday')
    expect(page).not.toContain('Turned down')
  })

  it('says which rule asked, who has approved and what is still needed, and takes each one’s word once', async () => {
    const policy = { categories: ['utility'], quorum: 2, expires_after_hours: 24 }
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: policy })
    const id = await submit('January')
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: {} })
    const approver = await house.signIn(stage.keys.approver)
    const admin = await house.signIn(stage.keys.admin)
    const queue = (await approver.see('/approvals')).text
    expect(queue).toContain('0 of 2 approved')
    const asked = (await approver.see(`/approvals/${id}`)).text
    expect(asked).toContain(en['needs.category'])
    expect(asked).toContain('charged as utility. 2 different people must approve within 24 hours.')
    expect(asked).toContain('After you one more person must approve.')
    expect(asked).toContain(en['approval.lapses'])
    const digest = /name="digest" value="([0-9a-f]{64})"/.exec(asked)![1]!
    const stale = await approver.send(`/approvals/${id}`, { decision: 'approve', digest: 'ff' })
    expect(stale.status).toBe(409)
    const given = await approver.send(`/approvals/${id}`, {
      decision: 'approve',
      digest,
      reason: 'fine by me',
    })
    expect(given.to).toBe(`/approvals/${id}?done=approval_given`)
    const after = (await approver.see(given.to!)).text
    expect(after).toContain('1 of 2 approved')
    expect(after).toContain('fine by me')
    expect(after).toContain(en['approval.answered'])
    expect(after).not.toContain('value="approve"')
    expect((await approver.send(`/approvals/${id}`, { decision: 'approve' })).status).toBe(409)
    expect((await approver.see('/approvals')).text).toContain(en['approvals.answered'])
    expect((await admin.see(`/approvals/${id}`)).text).not.toContain('more person must approve')
    const last = await admin.send(`/approvals/${id}`, { decision: 'approve', digest })
    expect(last.to).toBe(`/campaigns/${id}?done=approved`)
  })
})

describe('the approval policy', () => {
  it('is changed in plain sentences, and every version is kept with who set it', async () => {
    const admin = await house.signIn(stage.keys.admin)
    const words = {
      max_amount: '1000',
      max_share: '',
      max_recipients: '',
      category_marketing: '1',
      first_of_maker: '1',
      quorum: '2',
      expires_after_hours: '48',
    }
    expect((await admin.send('/settings/policy', words)).to).toBe('/settings/policy?done=policy')
    const page = (await admin.see('/settings/policy')).text
    expect(page).toContain(
      'above IDR 1,000.00; charged as marketing; of whoever has had none approved or sent yet. 2 different people must approve within 48 hours.',
    )
    expect(page).toMatch(/name="category_marketing" value="1" checked/)
    expect(page).toMatch(/<option value="2" selected/)
    expect(page).toContain('(owner)')
    expect(page).toContain('(admin)')
    const { body } = await house.ask('GET', '/v1/approval-policy', { key: stage.keys.viewer })
    expect(body).toMatchObject({ categories: ['marketing'], first_of_maker: true, expires_after_hours: 48 })
    const viewer = await house.signIn(stage.keys.viewer)
    const seen = (await viewer.see('/settings/policy')).text
    expect(seen).toContain(en['policy.versions'])
    expect(seen).not.toContain('action="/settings/policy"')
    expect((await viewer.see('/settings')).text).toContain('charged as marketing')
    const stranger = await house.signIn((await house.openFirm()).keys.owner)
    expect((await stranger.see('/settings/policy')).text).not.toContain('charged as marketing')
  })

  it.each([
    [{ quorum: '6' }, en['policy.quorum.fault']],
    [{ quorum: 'two' }, en['policy.quorum.fault']],
    [{ expires_after_hours: '721' }, en['policy.hours.fault']],
    [{ expires_after_hours: '1.5' }, en['policy.hours.fault']],
    [{ max_recipients: '-1' }, en['policy.recipients.fault']],
  ])('is not changed to %j, and says why beside the field', async (words, fault) => {
    const admin = await house.signIn(stage.keys.admin)
    const wrong = await admin.send('/settings/policy', { max_amount: '77', ...words })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain(fault)
    expect(wrong.text).toContain('value="77"')
  })
})

describe('blocked numbers', () => {
  it('are blocked, found and unblocked, and no number ever stands in an address', async () => {
    const marketer = await house.signIn(stage.keys.marketer)
    const block = { phone: '0812 3456 7801', scope: 'all', reason: 'asked on the phone' }
    expect((await marketer.send('/contacts/suppressions', block)).to).toBe(
      '/contacts/suppressions?done=blocked',
    )
    const search = async (words: string) => {
      const { to } = await marketer.send('/search', { at: '/contacts/suppressions', words })
      expect(to).not.toMatch(/3456/)
      return marketer.see(to!)
    }
    const found = await search('+62 812-3456-7801')
    expect(found.text).toContain('asked on the phone')
    expect((await search('on the PHONE')).text).toContain('+6281234567801')
    expect((await search('0812 3456 7809')).text).toContain(en['suppressions.none_so'])
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
