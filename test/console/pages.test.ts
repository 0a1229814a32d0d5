import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../src/console/words/en.ts'
import type { Role } from '../../src/platform/scope.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, hidden, openConsole, type Visitor } from './door.ts'

let house: Console
let stage: Stage
const people = {} as Record<Role, Visitor>
const ROLES: readonly Role[] = ['owner', 'admin', 'approver', 'marketer', 'viewer']

beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house, '900000.00')
  for (const role of ROLES) people[role] = await house.signIn(stage.keys[role])
})
afterAll(() => house.close())

/** A campaign of the marketer's that is priced. */
async function quoted(changes: object = {}): Promise<string> {
  const { id } = await draft(house, stage, changes)
  await house.ask('POST', `/v1/campaigns/${id}/quote`, { key: stage.keys.marketer })
  return id
}

/** One that waits for approval: three messages of 356.65 are more than one. */
async function pending(changes: object = {}): Promise<string> {
  await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: { max_recipients: 1 } })
  const id = await quoted(changes)
  await submitThroughPage(id)
  return id
}

async function submitThroughPage(id: string) {
  const action = `/campaigns/${id}/submission`
  const { text } = await people.marketer.see(`/campaigns/${id}`)
  const fields = { once: hidden(text, action, 'once'), quote_id: hidden(text, action, 'quote_id') }
  return people.marketer.send(action, fields)
}

async function walletOf() {
  const { body } = await house.ask('GET', '/v1/wallet', { key: stage.keys.viewer })
  return body as { available: { amount: string }; held: { amount: string } }
}

async function campaign(id: string) {
  return (await house.ask('GET', `/v1/campaigns/${id}`, { key: stage.keys.viewer })).body
}

describe('every page', () => {
  it('is shown to every role that may read it, with no text missing and none left over', async () => {
    const id = await pending()
    const paths = [
      '/',
      '/campaigns',
      '/campaigns?state=pending_approval',
      '/campaigns?state=nonsense&after=nonsense',
      `/campaigns/${id}`,
      `/campaigns/${id}/recipients`,
      `/campaigns/${id}/recipients?state=queued&after=0.1`,
      `/campaigns/${id}/cancel`,
      '/approvals',
      `/approvals/${id}`,
      '/contacts',
      '/templates',
      `/templates/${stage.templateId}`,
      '/templates/starters',
      '/templates/starters?language=id',
      '/templates/new',
      '/wallet',
      '/settings',
      '/settings/workspace',
      '/settings/senders',
      '/settings/rate-cards',
      '/settings/rate-cards/common-whatsapp-IDR-2026-07-01',
      `/settings/senders/${stage.senderId}`,
    ]
    for (const role of ROLES) {
      for (const path of paths) {
        const { status, text } = await people[role].see(path)
        expect([role, path, status]).toEqual([role, path, 200])
        expect(text).toMatch(/<h1>[^<]+<\/h1>/)
        expect(text, `${path} as ${role}`).not.toMatch(/\[object|undefined|NaN/)
      }
    }
    expect(Object.values<string>(en).filter((text) => text.trim() !== text || text === '')).toEqual([])
  })

  it('is 404 for what belongs to another workspace', async () => {
    const stranger = await house.signIn((await house.openFirm()).keys.owner)
    const id = await pending()
    for (const path of [
      `/campaigns/${id}`,
      `/campaigns/${id}/recipients`,
      `/campaigns/${id}/cancel`,
      `/campaigns/${id}/report.xlsx`,
      `/campaigns/${id}/events`,
      `/approvals/${id}`,
      `/templates/${stage.templateId}`,
      `/contacts/imports/${id}`,
      `/contacts/imports/${id}/problems.xlsx`,
      '/campaigns/nonsense',
    ]) {
      expect([path, (await stranger.see(path)).status]).toEqual([path, 404])
    }
    for (const path of ['submission', 'pause', 'resume', 'cancel', 'quote'].map(
      (act) => `/campaigns/${id}/${act}`,
    ))
      expect([path, (await stranger.send(path, {})).status]).toEqual([path, 404])
    expect((await stranger.send(`/approvals/${id}`, { decision: 'approve' })).status).toBe(404)
    expect((await campaign(id)).state).toBe('pending_approval')
    expect((await stranger.see('/campaigns')).text).not.toContain(id)
  })

  it('shows names as they are written, and never as markup', async () => {
    const name = '<script>alert("x")</script>\'&'
    const id = await pending({ name })
    for (const path of [
      '/',
      '/campaigns',
      `/campaigns/${id}`,
      `/campaigns/${id}/cancel`,
      '/approvals',
      `/approvals/${id}`,
      '/wallet',
    ]) {
      const { text } = await people.owner.see(path)
      expect(text, path).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#x27;&amp;')
      expect(text, path).not.toContain('<script>alert')
    }
  })
})

describe('what a role may do', () => {
  const BUTTONS: readonly [
    Role,
    { submit: boolean; cancel: boolean; decide: boolean; topUp: boolean; keys: boolean; make: boolean },
  ][] = [
    ['owner', { submit: true, cancel: true, decide: true, topUp: true, keys: true, make: true }],
    ['admin', { submit: true, cancel: true, decide: true, topUp: true, keys: true, make: true }],
    ['approver', { submit: false, cancel: true, decide: true, topUp: false, keys: false, make: false }],
    ['marketer', { submit: true, cancel: true, decide: false, topUp: false, keys: false, make: true }],
    ['viewer', { submit: false, cancel: false, decide: false, topUp: false, keys: false, make: false }],
  ]

  it.each(BUTTONS)('as %s stands on the pages', async (role, may) => {
    const waiting = await pending()
    const priced = await quoted()
    const seen = async (path: string, text: string) => (await people[role].see(path)).text.includes(text)
    expect({
      submit: await seen(`/campaigns/${priced}`, `action="/campaigns/${priced}/submission"`),
      cancel: await seen(`/campaigns/${priced}`, `href="/campaigns/${priced}/cancel"`),
      decide: await seen(`/approvals/${waiting}`, 'value="approve"'),
      topUp: await seen('/wallet', 'action="/wallet/top-ups"'),
      keys: await seen('/settings/keys', 'action="/settings/keys"'),
      make: await seen('/campaigns', 'href="/campaigns/new"'),
    }).toEqual(may)
  })

  it('is refused by the verbs where somebody sends the form all the same', async () => {
    const id = await pending()
    const refused: [Role, string, Record<string, string>][] = [
      ['viewer', `/campaigns/${id}/cancel`, {}],
      ['viewer', '/contacts/imports', {}],
      ['marketer', `/approvals/${id}`, { decision: 'approve' }],
      ['approver', '/wallet/top-ups', { amount: '1.00', reference: 'mine' }],
      ['marketer', '/settings/keys', { key_name: 'more', role: 'owner' }],
      ['approver', '/templates/starters', { key: 'friendly', language: 'en' }],
      ['marketer', '/settings/policy', {}],
      ['viewer', '/settings/senders/new', { kind: 'simulator', sender_name: 'mine' }],
    ]
    for (const [role, path, fields] of refused) {
      const seen = await people[role].send(path, fields)
      expect([role, path, seen.status]).toEqual([role, path, path === '/contacts/imports' ? 422 : 403])
    }
    for (const role of ['approver', 'viewer'] as const)
      expect((await people[role].see('/campaigns/new')).status).toBe(403)
    for (const role of ['marketer', 'viewer'] as const)
      expect((await people[role].see('/wallet/books')).status).toBe(403)
    expect((await campaign(id)).state).toBe('pending_approval')
  })

  it('is not to approve one’s own, and the page says so', async () => {
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: { max_recipients: 1 } })
    const { id } = await draft(house, stage, {}, stage.keys.owner)
    const { body } = await house.ask('POST', `/v1/campaigns/${id}/quote`, { key: stage.keys.owner })
    await people.owner.send(`/campaigns/${id}/submission`, { quote_id: body.id })
    const { text } = await people.owner.see(`/approvals/${id}`)
    expect(text).toContain(en['approval.own'])
    expect(text).not.toContain('value="approve"')
    const sent = await people.owner.send(`/approvals/${id}`, { decision: 'approve' })
    expect(sent.status).toBe(403)
    expect((await people.approver.see(`/approvals/${id}`)).text).toContain('value="approve"')
  })
})

describe('a doubled click', () => {
  it('on submit reserves once and leads to the same page', async () => {
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: {} })
    const id = await quoted()
    const before = (await walletOf()).held.amount
    const action = `/campaigns/${id}/submission`
    const { text } = await people.marketer.see(`/campaigns/${id}`)
    const fields = { once: hidden(text, action, 'once'), quote_id: hidden(text, action, 'quote_id') }
    const both = await Promise.all([
      people.marketer.send(action, fields),
      people.marketer.send(action, fields),
    ])
    expect(both.map(({ status, to }) => [status, to])).toEqual(
      Array(2).fill([303, `/campaigns/${id}?done=submitted`]),
    )
    expect(Number((await walletOf()).held.amount) - Number(before)).toBeCloseTo(3 * 356.65)
    expect((await campaign(id)).state).toBe('scheduled')
    const late = await people.marketer.send(action, { quote_id: fields.quote_id })
    expect(late.status).toBe(409)
    expect(late.text).toContain('cannot become scheduled')
  })

  it('on approve decides once; who comes later is told how it was decided', async () => {
    const id = await pending()
    const { text } = await people.approver.see(`/approvals/${id}`)
    const fields = { once: hidden(text, `/approvals/${id}`, 'once'), decision: 'approve', reason: '' }
    const send = () => people.approver.send(`/approvals/${id}`, fields)
    const both = await Promise.all([send(), send()])
    expect(both.map(({ status }) => status)).toEqual([303, 303])
    const late = await people.admin.send(`/approvals/${id}`, { decision: 'reject' })
    expect(late.status).toBe(409)
    expect(late.text).toContain('scheduled')
    expect((await campaign(id)).state).toBe('scheduled')
  })

  it('on top-up credits once, also where the form is filled in again', async () => {
    const before = Number((await walletOf()).available.amount)
    const { text } = await people.owner.see('/wallet')
    const fields = {
      once: hidden(text, '/wallet/top-ups', 'once'),
      amount: '250.50',
      reference: 'transfer-77',
    }
    const send = () => people.owner.send('/wallet/top-ups', fields)
    expect((await Promise.all([send(), send()])).map(({ status }) => status)).toEqual([303, 303])
    expect(
      (await people.owner.send('/wallet/top-ups', { amount: '250.50', reference: 'transfer-77' })).status,
    ).toBe(303)
    expect(Number((await walletOf()).available.amount)).toBeCloseTo(before + 250.5)
    const other = await people.owner.send('/wallet/top-ups', { amount: '99.00', reference: 'transfer-77' })
    expect(other.status).toBe(409)
    expect(other.text).toContain('already stands for a top-up of 250.50 IDR')
  })

  it('on a form with other words is not taken for the first', async () => {
    const { text } = await people.owner.see('/wallet')
    const once = hidden(text, '/wallet/top-ups', 'once')
    await people.owner.send('/wallet/top-ups', { once, amount: '1.00', reference: 'first' })
    const second = await people.owner.send('/wallet/top-ups', { once, amount: '2.00', reference: 'second' })
    expect(second.status).toBe(409)
    expect(second.text).toContain(en['refused.sent_before'])
  })
})

describe('the way from a form to the money', () => {
  it('goes from a new campaign over its price to the reservation, and cancelling says what it gives back', async () => {
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: {} })
    const made = await people.marketer.send('/campaigns/new', {
      name: 'By hand',
      list_id: stage.listId,
      template_id: stage.templateId,
      sender_id: stage.senderId,
      funds: 'block',
    })
    expect(made.to).toMatch(/^\/campaigns\/[0-9a-f-]{36}\/messages\?done=drafted$/)
    const path = made.to!.split('/messages')[0]!
    const messages = (await people.marketer.see(`${path}/messages`)).text
    expect(messages).toContain('Hi Ayu, invoice INV-1 is due')
    expect(messages).toContain('Missing or blank: invoice, due_date.')
    expect((await people.marketer.see(`${path}/messages?filter=sent`)).text).not.toContain('Missing or blank')
    const timed = { when: 'later', at: '2026-12-01T09:00', zone: 'Asia/Jakarta' }
    const scheduled = await people.marketer.send(`${path}/schedule`, timed)
    expect(scheduled.to).toBe(`${path}?done=quoted`)
    const priced = (await people.marketer.see(path)).text
    expect(priced).toContain('1,069.95')
    expect(priced).toContain('a value that the template needs is missing')
    expect((await submitThroughPage(path.split('/').at(-1)!)).status).toBe(303)
    const asked = (await people.marketer.see(`${path}/cancel`)).text
    expect(asked).toContain('1,069.95')
    const before = Number((await walletOf()).available.amount)
    expect((await people.marketer.send(`${path}/cancel`, { reason: 'not today' })).status).toBe(303)
    expect(Number((await walletOf()).available.amount)).toBeCloseTo(before + 1069.95)
    expect((await people.viewer.see(path)).text).toContain('not today')
  })

  it('shows what is wrong next to each field, and what was written is still there', async () => {
    const form = { name: '', list_id: '', template_id: stage.templateId, sender_id: stage.senderId }
    const seen = await people.marketer.send('/campaigns/new', form)
    expect(seen.status).toBe(422)
    expect(seen.text).toContain(en['campaign_new.list_id.fault'])
    expect(seen.text).toContain(`value="${stage.templateId}" selected`)
    const { id } = await draft(house, stage)
    const when = { when: 'later', zone: 'Asia/Jakarta', from: '08:00', to: '08:00' }
    const never = await people.marketer.send(`/campaigns/${id}/schedule`, { ...when, at: '2026-02-31T09:00' })
    expect(never.status).toBe(422)
    for (const fault of ['campaign_new.at.fault', 'schedule.window.fault', 'schedule.days.fault'] as const)
      expect(never.text).toContain(en[fault])
    const past = await people.marketer.send(`/campaigns/${id}/schedule`, {
      when: 'later',
      zone: 'Asia/Jakarta',
      at: '2020-01-01T09:00',
    })
    expect(past.status).toBe(422)
    expect(past.text).toContain('That time has already passed')
    const money = await people.owner.send('/wallet/top-ups', { amount: '1.000,50', reference: '' })
    expect(money.status).toBe(422)
    expect(money.text).toContain('id="amount-fault"')
    expect(money.text).toContain('id="reference-fault"')
    expect(money.text).toContain('value="1.000,50"')
  })

  it('says what is missing where the money does not suffice, and reserves nothing', async () => {
    const poor = await setStage(house, '100.00')
    const rina = await house.signIn(poor.keys.marketer)
    const { id } = await draft(house, poor)
    const quote = await house.ask('POST', `/v1/campaigns/${id}/quote`, { key: poor.keys.marketer })
    const seen = await rina.send(`/campaigns/${id}/submission`, { quote_id: quote.body.id })
    expect(seen.status).toBe(402)
    expect(seen.text).toContain('top up at least 969.95')
    expect(seen.text).toContain('Nothing was reserved')
  })

  it('shows the approver the words that will be read, to the letter', async () => {
    const id = await pending()
    const { text } = await people.approver.see(`/approvals/${id}`)
    expect(text).toContain('Hi Ayu, invoice INV-1 is due December 1, 2026. Thank you!')
    expect(text).toContain('1,069.95')
  })

  it('gives the report and the live figures to who is signed in', async () => {
    const id = await pending()
    const report = await people.viewer.see(`/campaigns/${id}/report.xlsx`)
    expect([report.status, report.text.slice(0, 2)]).toEqual([200, 'PK'])
    await people.marketer.send(`/campaigns/${id}/cancel`, {})
    const events = await people.viewer.see(`/campaigns/${id}/events`)
    expect(events.headers.get('content-type')).toContain('text/event-stream')
    const live = JSON.parse(/^data: (.*)$/m.exec(events.text)![1]!)
    expect(live).toMatchObject({ state: 'cancelled', ended: true })
    expect(live.html).toContain('Released')
    expect((await house.browser().see(`/campaigns/${id}/events`)).status).toBe(401)
  })
})

describe('sheets, templates and settings', () => {
  it('take a sheet in once, and say which file is missing', async () => {
    const marketer = await house.signIn(stage.keys.marketer)
    const page = (await marketer.see('/contacts')).text
    const once = hidden(page, '/contacts/imports', 'once')
    const upload = (withFile: boolean) => {
      const form = new FormData()
      form.set('once', once)
      form.set('list', '')
      form.set('default_country', 'ID')
      if (withFile) form.set('file', new Blob(['phone,name\n081234567899,Eka\n']), 'a <b>.csv')
      return fetch(`${house.url}/contacts/imports`, {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: marketer.cookie, 'sec-fetch-site': 'same-origin' },
        body: form,
      })
    }
    const missing = await upload(false)
    expect(missing.status).toBe(422)
    expect(await missing.text()).toContain(en['contacts.file.fault'])
    const both = await Promise.all([upload(true), upload(true)])
    const places = both.map((answer) => answer.headers.get('location'))
    expect(places[0]).toMatch(/^\/contacts\/imports\/[0-9a-f-]{36}\?done=received$/)
    expect(places[1]).toBe(places[0])
    expect((await marketer.see(places[0]!)).text).toContain('a &lt;b&gt;.csv')
  })

  it('save a ready-made template in the workspace’s own currency, and name every fault of one’s own', async () => {
    const saved = await people.marketer.send('/templates/starters', { key: 'overdue', language: 'id' })
    expect(saved.to).toMatch(/^\/templates\/[0-9a-f-]{36}\?done=saved$/)
    expect((await people.viewer.see(saved.to!)).status).toBe(200)
    const faulty = {
      name: 'Mine',
      language: 'en',
      category: 'utility',
      body: 'Hi {{name',
      header: '',
      footer: '{{x}}',
    }
    const seen = await people.marketer.send('/templates/new', faulty)
    expect(seen.status).toBe(422)
    expect(seen.text).toContain('id="body-fault"')
    expect(seen.text).toContain('id="footer-fault"')
    expect(seen.text).toContain('Hi {{name')
    const good = { ...faulty, body: 'Hi {{name}}', footer: '', samples: 'name = Siti & Co' }
    const own = await people.marketer.send('/templates/new', good)
    expect((await people.viewer.see(own.to!)).text).toContain('Hi Siti &amp; Co')
  })

  it('show a new key once', async () => {
    const { text } = await people.owner.see('/settings/keys')
    const fields = { once: hidden(text, '/settings/keys', 'once'), key_name: 'Till', role: 'viewer' }
    const first = await people.owner.send('/settings/keys', fields)
    expect(first.text).toMatch(/dck_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}/)
    const again = await people.owner.send('/settings/keys', fields)
    expect([again.status, again.to]).toEqual([303, '/settings/keys?done=key'])
    expect((await people.owner.see('/settings/keys')).text).not.toMatch(/dck_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}/)
  })

  it('change the policy, with nothing left between the lines', async () => {
    const fields = { max_amount: '0', max_share: '12.5', max_recipients: '' }
    expect((await people.admin.send('/settings/policy', fields)).to).toBe('/settings/policy?done=policy')
    const { body } = await house.ask('GET', '/v1/approval-policy', { key: stage.keys.viewer })
    expect(body).toMatchObject({
      max_amount: { amount: '0.00' },
      max_share_of_available: 0.125,
      max_recipients: null,
    })
    expect((await people.viewer.see('/approvals')).text).toContain('IDR 0.00')
    const wrong = await people.admin.send('/settings/policy', {
      max_amount: '',
      max_share: '101',
      max_recipients: '',
    })
    expect(wrong.text).toContain(en['policy.share.fault'])
  })

  it('tell a new workspace what to do first', async () => {
    const { keys } = await house.openFirm()
    const ratna = await house.signIn(keys.owner)
    expect((await ratna.see('/')).text).toContain(en['step.sender.say'])
    for (const [path, text] of [
      ['/campaigns', en['campaigns.none']],
      ['/campaigns/new', en['campaign_new.lacks']],
      ['/approvals', en['approvals.none']],
      ['/contacts', en['contacts.lists.none']],
      ['/templates', en['templates.none']],
      ['/wallet', en['wallet.none']],
      ['/settings/senders', en['settings.senders.none']],
    ] as const)
      expect((await ratna.see(path)).text, path).toContain(text)
    const books = await ratna.see('/wallet/books')
    expect(books.text).toContain(en['books.ok'])
  })
})
