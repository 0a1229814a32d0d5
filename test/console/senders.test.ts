import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../src/console/words/en.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, hidden, openConsole, type Visitor } from './door.ts'
import { address, join, PASSWORD } from './people.ts'

const TOKEN = 'EAAGtokenOfASystemUser'
const APP_SECRET = '0123456789abcdef0123456789abcdef'
const CLOUD = {
  kind: 'whatsapp_cloud',
  sender_name: 'Front desk',
  phone_number_id: '106540352242922',
  business_account_id: '102290129340398',
  secret_access_token: TOKEN,
  secret_app_secret: APP_SECRET,
  secret_verify_token: 'green house',
}
const GATEWAY = {
  kind: 'http_gateway',
  sender_name: 'Local gateway',
  url: 'https://gateway.example/send',
  method: 'POST',
  headers: 'Authorization = Bearer {{secret.key}}\nX-Client = sari',
  body_kind: 'json',
  body: '{"to":"{{to_digits}}","text":"{{text}}","callback":"{{callback_url}}"}',
  secret_secrets: 'key = long and = secret\nsigning = other',
  answer_id: '/data/0/id',
  answer_status: '/data/0/state',
  answer_accepted: 'OK, QUEUED',
  errors: '501 = campaign\n505 = retry',
  callback_format: 'json',
  callback_status: '/status',
  callback_statuses: 'DELIVRD = delivered\nUNDELIV = failed',
  signature: 'hmac_sha256',
  signature_header: 'X-Signature',
  signature_encoding: 'hex',
  signature_secret: 'signing',
  messages_per_second: '5',
}

let house: Console
let stage: Stage
let owner: Visitor
beforeAll(async () => {
  house = await openConsole('https://reminders.example')
  stage = await setStage(house)
  owner = await house.signIn(stage.keys.owner)
}, 60_000)
afterAll(() => house.close())

async function connect(fields: Record<string, string>): Promise<string> {
  const made = await owner.send('/settings/senders/new', fields)
  const id = /\/settings\/senders\/([0-9a-f-]{36})/.exec(made.to ?? made.text)?.[1]
  expect([made.status, id], made.text).toEqual([expect.any(Number), expect.any(String)])
  return id!
}

async function stored(id: string) {
  return (await house.ask('GET', `/v1/senders/${id}`, { key: stage.keys.owner })).body
}

async function challenge(id: string, token: string): Promise<number> {
  const query = new URLSearchParams({
    'hub.mode': 'subscribe',
    'hub.verify_token': token,
    'hub.challenge': '7',
  })
  return (await fetch(`${house.url}/webhooks/whatsapp/${id}?${query}`)).status
}

async function replace(id: string, fields: Record<string, string>): Promise<void> {
  const replaced = await owner.send(`/settings/senders/${id}/secrets`, fields)
  expect(replaced.to).toBe(`/settings/senders/${id}?done=secrets`)
}

describe('a sender', () => {
  it('of WhatsApp is connected by a form, and shows where it is to report to but none of its secrets', async () => {
    const id = await connect(CLOUD)
    expect(await stored(id)).toMatchObject({
      provider: 'whatsapp_cloud',
      config: { phone_number_id: '106540352242922', business_account_id: '102290129340398' },
    })
    for (const path of [`/settings/senders/${id}`, `/settings/senders/${id}/edit`, '/settings/senders']) {
      const { text, status } = await owner.see(path)
      expect(status).toBe(200)
      expect(text).toContain('Front desk')
      for (const secret of [TOKEN, APP_SECRET, 'green house']) expect(text).not.toContain(secret)
    }
    const { text } = await owner.see(`/settings/senders/${id}`)
    expect(text).toContain(`https://reminders.example/webhooks/whatsapp/${id}`)
    expect(await challenge(id, 'green house')).toBe(200)
  })

  it('has a verify token made up where none is typed, and it is shown once', async () => {
    const { secret_verify_token: _typed, ...fields } = CLOUD
    const { text: form } = await owner.see('/settings/senders/new?kind=whatsapp_cloud')
    const once = hidden(form, '/settings/senders/new', 'once')
    const made = await owner.send('/settings/senders/new', { ...fields, once })
    const token = /<pre[^>]*>([\w-]{32})<\/pre>/.exec(made.text)?.[1]
    const id = /webhooks\/whatsapp\/([0-9a-f-]{36})/.exec(made.text)![1]!
    expect(await challenge(id, token!)).toBe(200)
    const again = await owner.send('/settings/senders/new', { ...fields, once })
    expect([again.status, again.to]).toEqual([303, `/settings/senders/${id}?done=sender`])
    expect((await owner.see(`/settings/senders/${id}`)).text).not.toContain(token!)
  })

  it('of Twilio is connected, with a number or with a messaging service and not with both', async () => {
    const fields = {
      kind: 'twilio',
      sender_name: 'SMS',
      account_sid: `AC${'0'.repeat(32)}`,
      secret_auth_token: 'x'.repeat(32),
      from: '+15005550006',
    }
    const id = await connect(fields)
    expect((await stored(id)).config).toEqual({ account_sid: fields.account_sid, from: fields.from })
    const both = { ...fields, messaging_service_sid: `MG${'0'.repeat(32)}` }
    const refused = await owner.send('/settings/senders/new', both)
    expect(refused.status).toBe(422)
    expect(refused.text).toContain('id="from-fault"')
  })

  it('of any gateway is described by a form, which says the same when it is opened again', async () => {
    const id = await connect(GATEWAY)
    expect((await stored(id)).config).toEqual({
      url: GATEWAY.url,
      method: 'POST',
      headers: { Authorization: 'Bearer {{secret.key}}', 'X-Client': 'sari' },
      body: { json: { to: '{{to_digits}}', text: '{{text}}', callback: '{{callback_url}}' } },
      answer: { id: '/data/0/id', status: '/data/0/state', accepted: ['OK', 'QUEUED'] },
      errors: { 501: 'campaign', 505: 'retry' },
      callback: {
        format: 'json',
        status: '/status',
        statuses: { DELIVRD: 'delivered', UNDELIV: 'failed' },
        signature: { scheme: 'hmac_sha256', header: 'X-Signature', encoding: 'hex', secret: 'signing' },
      },
      messages_per_second: 5,
    })
    const before = await stored(id)
    const { text } = await owner.see(`/settings/senders/${id}/edit`)
    expect(text).not.toContain('long and')
    const changed = await owner.send(`/settings/senders/${id}/edit`, { ...formOf(text), url: GATEWAY.url })
    expect(changed.to, changed.text).toBe(`/settings/senders/${id}?done=sender_changed`)
    expect(await stored(id)).toEqual(before)
    const opened = formOf((await owner.see(`/settings/senders/${id}/edit`)).text)
    const bare = await owner.send(`/settings/senders/${id}/edit`, {
      ...opened,
      callback_format: 'none',
      messages_per_second: '',
    })
    expect(bare.status).toBe(303)
    expect((await stored(id)).config).not.toHaveProperty('callback')
    expect(await stored(id)).toMatchObject({ messages_per_second: 10 })
  })

  it.each([
    ['phone_number_id', { phone_number_id: '+62 812' }, en['sender.phone_number_id.fault']],
    ['secret_access_token', { secret_access_token: '' }, en['sender.access_token']],
    ['api_base_url', { api_base_url: 'http://evil.example' }, en['sender.api_base_url.fault']],
    ['messages_per_second', { messages_per_second: 'many' }, en['sender.messages_per_second.fault']],
    ['sender_name', { sender_name: '' }, '200'],
  ])(
    'whose %s is wrong is refused beside it, and loses nothing that was typed',
    async (field, wrong, says) => {
      const refused = await owner.send('/settings/senders/new', { ...CLOUD, sender_name: 'Kept', ...wrong })
      expect(refused.status).toBe(422)
      expect(refused.text).toContain(`id="${field}-fault"`)
      expect(refused.text).toContain(says)
      expect(refused.text).toContain('102290129340398')
      for (const secret of [APP_SECRET, TOKEN]) expect(refused.text).not.toContain(secret)
    },
  )

  it.each([
    ['headers', { headers: 'no value here' }],
    ['headers', { headers: 'Host = evil' }],
    ['body', { body: '{"to":' }],
    ['body', { body: '{"to":"{{nobody}}"}' }],
    ['secret_secrets', { secret_secrets: 'other = x' }],
    ['answer_id', { answer_id: 'data.id' }],
    ['answer_accepted', { answer_accepted: '' }],
    ['callback_status', { callback_status: '' }],
    ['errors', { errors: '501 = explode' }],
  ])('of a gateway is refused beside %s: %o', async (field, wrong) => {
    const refused = await owner.send('/settings/senders/new', { ...GATEWAY, ...wrong })
    expect(refused.status).toBe(422)
    expect(refused.text).toContain(`id="${field}-fault"`)
  })

  it('keeps the secrets of a refused form sealed, for whoever typed them and for nobody else', async () => {
    const wrong = { ...CLOUD, phone_number_id: 'not one', sender_name: 'Sealed' }
    const refused = await owner.send('/settings/senders/new', wrong)
    const kept = hidden(refused.text, '/settings/senders/new', 'kept')
    expect(refused.text).toContain(en['sender.kept'])
    const mended = {
      ...CLOUD,
      sender_name: 'Sealed',
      secret_access_token: '',
      secret_app_secret: '',
      secret_verify_token: '',
      kept,
    }
    const admin = await house.signIn(stage.keys.admin)
    expect((await admin.send('/settings/senders/new', mended)).status).toBe(422)
    const id = await connect(mended)
    expect(await challenge(id, 'green house')).toBe(200)
  })

  it('asks a member to prove who they are, without showing the secrets on the way', async () => {
    const member = await join(house, stage.workspaceId, address('sender'), 'admin')
    const { now } = house.clock
    house.clock.now = () => new Date(now().getTime() + 11 * 60_000)
    try {
      const asked = await member.send('/settings/senders/new', { ...CLOUD, sender_name: 'Proved' })
      expect([asked.status, asked.text.includes(TOKEN)]).toEqual([403, false])
      expect(asked.text).toContain('confirm_password')
      const fields = { ...formOf(asked.text), confirm_password: PASSWORD }
      const made = await member.send('/settings/senders/new', fields)
      expect([made.status, made.to]).toEqual([303, expect.stringContaining('?done=sender')])
    } finally {
      house.clock.now = now
    }
  })

  // The webhooks' door remembers a sender for some seconds, so each of these asks it about one of its own.
  it('has its secrets replaced, and two are valid at a time', async () => {
    const id = await connect(CLOUD)
    await replace(id, { secret_verify_token: 'red house', keep_hours: '720' })
    expect([await challenge(id, 'red house'), await challenge(id, 'green house')]).toEqual([200, 200])
    const { text } = await owner.see(`/settings/senders/${id}`)
    expect(text).toContain(en['sender.secrets.until'])
    expect(text).not.toContain('red house')
  })

  it('gives up its old secrets at once', async () => {
    const id = await connect(CLOUD)
    await replace(id, { secret_verify_token: 'red house', keep_hours: '720' })
    const retired = await owner.send(`/settings/senders/${id}/previous-secrets`)
    expect(retired.to).toBe(`/settings/senders/${id}?done=secrets_retired`)
    expect([await challenge(id, 'red house'), await challenge(id, 'green house')]).toEqual([200, 403])
    expect((await owner.see(`/settings/senders/${id}`)).text).not.toContain(en['sender.secrets.until'])
  })

  it('has a new verify token made up, and the old one is taken no longer than was asked for', async () => {
    const id = await connect(CLOUD)
    const made = await owner.send(`/settings/senders/${id}/secrets`, { new_token: 'true', keep_hours: '0' })
    const token = /<pre[^>]*>([\w-]{32})<\/pre>/.exec(made.text)![1]!
    expect([await challenge(id, token), await challenge(id, 'green house')]).toEqual([200, 403])
  })

  it('is stopped with a reason and goes on again, with its campaigns', async () => {
    const id = (await draft(house, stage)).id
    const path = `/settings/senders/${stage.senderId}`
    const stopped = await owner.send(`${path}/pause`, { reason: 'the number is being moved' })
    expect(stopped.to).toBe(`${path}?done=sender_stopped`)
    const { text } = await owner.see(path)
    expect(text).toContain('the number is being moved')
    expect(await stored(stage.senderId)).toMatchObject({ state: 'stopped' })
    expect((await house.ask('GET', `/v1/campaigns/${id}`, { key: stage.keys.owner })).status).toBe(200)
    expect((await owner.send(`${path}/resume`)).to).toBe(`${path}?done=sender_resumed`)
    expect(await stored(stage.senderId)).toMatchObject({ state: 'active', stop_reason: null })
  })

  it('is checked on its own page: what nothing answers is said with what to do', async () => {
    const id = await connect({ ...CLOUD, api_base_url: 'http://127.0.0.1:9' })
    const seen = await owner.send(`/settings/senders/${id}/check`)
    expect(seen.status).toBe(200)
    expect(seen.text).toContain('Check the network')
    expect(seen.text).toContain(en['check.access token'])
    expect(seen.text).toContain(en['sender.check.again'])
    expect(seen.text).not.toContain(TOKEN)
  })

  it('is told nothing that is not there', async () => {
    for (const path of ['/settings/senders/nonsense', `/settings/senders/${stage.workspaceId}`])
      expect((await owner.see(path)).status).toBe(404)
    expect((await owner.see('/settings/senders/new?kind=carrier_pigeon')).text).toContain(
      en['sender.kind.say'],
    )
    expect((await owner.send('/settings/senders/new', { kind: 'carrier_pigeon' })).status).toBe(422)
  })
})

/** What a browser would send of the page's form with that much in it, changed by nobody. */
function formOf(page: string): Record<string, string> {
  const form = page
    .split('<form')
    .find((part) => part.includes('name="once"') || part.includes('name="kept"'))!
  const fields: Record<string, string> = {}
  for (const [tag, name] of form.matchAll(/<input[^>]*? name="([^"]+)"[^>]*>/g))
    fields[name!] = unescaped(/ value="([^"]*)"/.exec(tag)?.[1] ?? '')
  for (const [, name, text] of form.matchAll(/<textarea[^>]*? name="([^"]+)"[^>]*>([^<]*)</g))
    fields[name!] = unescaped(text!)
  for (const [, name, options] of form.matchAll(/<select[^>]*? name="([^"]+)"[^>]*>(.*?)<\/select>/gs))
    fields[name!] = (/value="([^"]*)" selected/.exec(options!) ?? /value="([^"]*)"/.exec(options!))![1]!
  return fields
}

function unescaped(text: string): string {
  const words: Record<string, string> = { quot: '"', amp: '&', lt: '<', gt: '>', '#x27': "'", '#x3D': '=' }
  return text.replace(/&(#?\w+);/g, (whole, name: string) => words[name] ?? whole)
}
