import { readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { OutgoingMessage, ProviderConnection } from '../../src/delivery/provider.ts'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'
import { mintToken, simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { ERROR_RULES } from '../../src/delivery/providers/whatsapp-cloud/errors.ts'
import { describeConformance, messageTo } from './conformance.ts'
import { answers, openScriptedPlatform, type Script, type ScriptedPlatform } from './scripted-platform.ts'

const { whatsapp_cloud: whatsappCloud } = PROVIDERS

const ACCOUNT = {
  phone_number_id: '106540352242922',
  business_account_id: '102290129340398',
  access_token: 'EAAGm0PX4ZCpsBA',
  app_secret: 'app-secret',
  verify_token: 'verify-me',
}

describeConformance({
  provider: whatsappCloud,
  connect: (orders, deps) => {
    const config = whatsappCloud.configSchema.parse({
      ...ACCOUNT,
      phone_number_id: simulatedPhoneNumberId(deps.webhookUrl),
      access_token: mintToken(orders, deps),
      app_secret: deps.appSecret,
      api_base_url: deps.simulatorUrl,
    })
    return whatsappCloud.connect(config, deps)
  },
})

let platform: ScriptedPlatform
let connection: ProviderConnection

beforeAll(async () => {
  platform = await openScriptedPlatform()
})
afterAll(() => platform.close())
beforeEach(() => {
  connection = connectTo({})
})
afterEach(() => connection.close())

type More = { api_base_url?: string; api_version?: string; messages_per_second?: number }

function connectTo(config: Partial<typeof ACCOUNT> & More, answerMs = 200) {
  return whatsappCloud.connect(
    whatsappCloud.configSchema.parse({ ...ACCOUNT, api_base_url: platform.url, ...config }),
    {
      simulatorUrl: 'http://127.0.0.1:9',
      webhookUrl: 'http://127.0.0.1:9/webhooks/whatsapp/snd_1',
      appSecret: 'unused',
      timeouts: { answerMs, connectMs: answerMs },
    },
  )
}

it('has as many calls under way as a thousand a second need of a platform that takes a quarter of a second', async () => {
  const fast = connectTo({ messages_per_second: 1_000 }, 30_000)
  const unanswered: (() => void)[] = []
  platform.play((response, call) => {
    unanswered.push(() => answers(200, { messages: [{ id: 'wamid.1' }] })(response, call))
    if (unanswered.length === 250) for (const answer of unanswered) answer()
  })
  const outcomes = await Promise.all(
    Array.from({ length: 250 }, (_, n) => fast.send(messageTo(`attempt-${n}`))),
  )
  expect(outcomes.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(250)
  await fast.close()
})

describe('the request that goes to the Cloud API', () => {
  const sent = async (message: OutgoingMessage) => {
    platform.play(answers(200, { messages: [{ id: 'wamid.1' }] }))
    await connection.send(message)
    return platform.calls.at(-1)!
  }

  it('is a POST to the number’s messages, with the token and JSON', async () => {
    const call = await sent(messageTo('attempt-1'))
    expect(call).toMatchObject({ method: 'POST', url: '/v26.0/106540352242922/messages' })
    expect(call.headers).toMatchObject({
      authorization: 'Bearer EAAGm0PX4ZCpsBA',
      'content-type': 'application/json',
    })
  })

  it('carries the parts of the template in order, and the attempt’s id to be echoed', async () => {
    const call = await sent({
      attemptRef: '0192f0c1-0000-7000-8000-000000000001',
      to: '+6281234567890',
      template: {
        name: 'payment_due',
        languageCode: 'id',
        parameters: {
          header: [{ text: 'INV-17' }],
          body: [
            { name: 'name', text: 'Siti “Ayu” 😀' },
            { name: 'amount', text: 'Rp 1.500.000' },
          ],
          buttons: [
            { index: 0, subType: 'url', text: 'pay/INV 17?é=1&k=%2Fx' },
            { index: 1, subType: 'quick_reply', text: 'STOP' },
            { index: 2, subType: 'copy_code', text: 'SAVE10' },
          ],
        },
      },
    })
    expect(JSON.parse(call.body)).toEqual({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to: '+6281234567890',
      biz_opaque_callback_data: '0192f0c1-0000-7000-8000-000000000001',
      type: 'template',
      template: {
        name: 'payment_due',
        language: { code: 'id' },
        components: [
          { type: 'header', parameters: [{ type: 'text', text: 'INV-17' }] },
          {
            type: 'body',
            parameters: [
              { type: 'text', parameter_name: 'name', text: 'Siti “Ayu” 😀' },
              { type: 'text', parameter_name: 'amount', text: 'Rp 1.500.000' },
            ],
          },
          {
            type: 'button',
            sub_type: 'url',
            index: '0',
            parameters: [{ type: 'text', text: 'pay/INV%2017?%C3%A9=1&k=%2Fx' }],
          },
          {
            type: 'button',
            sub_type: 'quick_reply',
            index: '1',
            parameters: [{ type: 'payload', payload: 'STOP' }],
          },
          {
            type: 'button',
            sub_type: 'copy_code',
            index: '2',
            parameters: [{ type: 'coupon_code', coupon_code: 'SAVE10' }],
          },
        ],
      },
    })
  })

  it('has no components where the template has no parameters', async () => {
    const message = messageTo('attempt-1')
    const parameters = { header: [], body: [], buttons: [] }
    const call = await sent({ ...message, template: { ...message.template, parameters } })
    expect(JSON.parse(call.body).template).toEqual({ name: 'payment_due', language: { code: 'en' } })
  })

  it('survives half a surrogate pair in a button’s suffix', async () => {
    const message = messageTo('attempt-1')
    const parameters = {
      header: [],
      body: [],
      buttons: [{ index: 0, subType: 'url', text: 'a\ud800b' } as const],
    }
    const call = await sent({ ...message, template: { ...message.template, parameters } })
    expect(JSON.parse(call.body).template.components[0].parameters[0].text).toBe('a%EF%BF%BDb')
  })

  it('keeps a path in the base URL and takes another API version', async () => {
    await connection.close()
    connection = connectTo({ api_base_url: `${platform.url}/proxy/`, api_version: 'v27.0' })
    expect((await sent(messageTo('attempt-1'))).url).toBe('/proxy/v27.0/106540352242922/messages')
  })
})

describe('what an answer means', () => {
  const graph = (code: unknown, more: object = {}) => ({
    error: { message: 'x', type: 'OAuthException', code, ...more },
  })
  const accepted = (message: unknown, contacts: unknown = []) => ({ contacts, messages: [message] })

  const table: [string, Script, object][] = [
    [
      'an id under 200',
      answers(200, accepted({ id: 'wamid.A' }, [{ wa_id: '628' }])),
      { outcome: 'accepted', providerMessageId: 'wamid.A', messageStatus: 'accepted', recipientId: '628' },
    ],
    [
      'a person without a number',
      answers(200, accepted({ id: 'wamid.A' }, [{ user_id: 'US.134' }])),
      { outcome: 'accepted', recipientId: 'US.134' },
    ],
    [
      'a message held for assessment',
      answers(200, accepted({ id: 'wamid.A', message_status: 'held_for_quality_assessment' })),
      { outcome: 'accepted', messageStatus: 'held_for_quality_assessment' },
    ],
    [
      'a paused message',
      answers(200, accepted({ id: 'wamid.A', message_status: 'paused' })),
      { outcome: 'accepted', messageStatus: 'paused' },
    ],
    [
      'a status never heard of',
      answers(200, accepted({ id: 'wamid.A', message_status: 'new' })),
      { outcome: 'accepted', messageStatus: 'accepted' },
    ],
    [
      'JSON under a wrong content type',
      answers(200, accepted({ id: 'wamid.A' }), { 'content-type': 'text/html' }),
      { outcome: 'accepted' },
    ],
    ['an empty 200', answers(200, ''), { outcome: 'indeterminate', code: 'unreadable_answer' }],
    ['HTML under 200', answers(200, '<html>'), { outcome: 'indeterminate', code: 'unreadable_answer' }],
    ['a JSON list under 200', answers(200, []), { outcome: 'indeterminate', code: 'unreadable_answer' }],
    [
      'no message under 200',
      answers(200, { messages: [] }),
      { outcome: 'indeterminate', code: 'no_message_id' },
    ],
    [
      'a number for an id',
      answers(200, accepted({ id: 7 })),
      { outcome: 'indeterminate', code: 'no_message_id' },
    ],
    ['an empty id', answers(200, accepted({ id: '' })), { outcome: 'indeterminate', code: 'no_message_id' }],
    [
      'an id too long to be one',
      answers(200, accepted({ id: 'w'.repeat(600) })),
      { outcome: 'indeterminate', code: 'no_message_id' },
    ],
    [
      'messages under a prototype key',
      answers(200, '{"__proto__":{"messages":[{"id":"wamid.X"}]}}'),
      { outcome: 'indeterminate', code: 'no_message_id' },
    ],
    ['an error under 200', answers(200, graph(190)), { outcome: 'indeterminate', code: 'no_message_id' }],
    ['204', (response) => response.writeHead(204).end(), { outcome: 'indeterminate' }],
    [
      'an unknown code',
      answers(400, graph(999001)),
      { outcome: 'rejected', action: 'recipient', code: '999001' },
    ],
    ['a code as text', answers(400, graph('131026')), { outcome: 'rejected', code: '131026' }],
    [
      'a code of no kind',
      answers(400, graph({})),
      { outcome: 'rejected', action: 'recipient', code: 'http_400' },
    ],
    [
      'the code, not the status: an expired token under 400',
      answers(400, graph(190)),
      { outcome: 'not_sent', action: 'account' },
    ],
    [
      'the code, not the status: a bad parameter under 401',
      answers(401, graph(131008)),
      { outcome: 'rejected', action: 'recipient' },
    ],
    [
      'the code, not the status: a bad parameter under 429',
      answers(429, graph(131008)),
      { outcome: 'rejected', action: 'recipient' },
    ],
    [
      'any missing permission',
      answers(403, graph(283)),
      { outcome: 'not_sent', action: 'account', code: '283' },
    ],
    [
      'an unknown phone number id',
      answers(400, graph(100, { error_subcode: 33 })),
      { outcome: 'not_sent', action: 'sender' },
    ],
    [
      '429 without a code',
      answers(429, 'slow down', { 'retry-after': '7' }),
      { outcome: 'not_sent', action: 'retry', code: 'http_429', retryAfterMs: 7_000 },
    ],
    [
      'a Retry-After of a day is cut to an hour',
      answers(429, '', { 'retry-after': '86400' }),
      { outcome: 'not_sent', retryAfterMs: 3_600_000 },
    ],
    [
      'a Retry-After that is no number',
      answers(429, '', { 'retry-after': 'soon' }),
      { outcome: 'not_sent', retryAfterMs: 1_000 },
    ],
    ['404 from somebody else', answers(404, '<html>nginx'), { outcome: 'not_sent', action: 'sender' }],
    ['401 from a proxy', answers(401, ''), { outcome: 'not_sent', action: 'sender' }],
    ['400 without a reason', answers(400, 'Bad Request'), { outcome: 'rejected', action: 'recipient' }],
    ['413', answers(413, ''), { outcome: 'rejected', action: 'recipient', code: 'http_413' }],
    [
      'a redirect, which is not followed',
      redirect(307),
      { outcome: 'not_sent', action: 'sender', code: 'http_307' },
    ],
    ['a redirect after the deed', redirect(303), { outcome: 'indeterminate', code: 'http_303' }],
    ['408', answers(408, ''), { outcome: 'indeterminate', code: 'http_408' }],
    ['500', answers(500, ''), { outcome: 'indeterminate', code: 'http_500' }],
    ['502 with HTML', answers(502, '<html>'), { outcome: 'indeterminate', code: 'http_502' }],
    [
      '500 with a rate limit’s code',
      answers(500, graph(130429)),
      { outcome: 'indeterminate', code: '130429' },
    ],
    [
      '500 that names the sender as the fault stops the sender too',
      answers(500, graph(131045)),
      { outcome: 'indeterminate', action: 'sender', code: '131045' },
    ],
    [
      'a 200 longer than the limit',
      answers(200, `{"messages":[{"id":"wamid.A"}],"x":"${'y'.repeat(100_000)}"}`),
      { outcome: 'indeterminate', code: 'answer_too_long' },
    ],
    [
      'a 400 longer than the limit',
      answers(400, `{"error":{"code":190,"message":"${'y'.repeat(100_000)}"}}`),
      { outcome: 'rejected', code: 'http_400' },
    ],
    ['a 200 that breaks off', brokenOff(200), { outcome: 'indeterminate' }],
    ['a 500 that breaks off', brokenOff(500), { outcome: 'indeterminate', code: 'http_500' }],
    [
      'a 200 that stops half-way',
      (response) => response.writeHead(200, { 'content-length': '100' }).write('{"mess'),
      { outcome: 'indeterminate', code: 'UND_ERR_BODY_TIMEOUT' },
    ],
    ['no answer at all', () => {}, { outcome: 'indeterminate', code: 'UND_ERR_HEADERS_TIMEOUT' }],
    ['a reset', (response) => response.socket!.resetAndDestroy(), { outcome: 'indeterminate' }],
    ['a hang-up', (response) => response.socket!.end(), { outcome: 'indeterminate' }],
    ['no HTTP', (response) => response.socket!.end('220 smtp ready\r\n'), { outcome: 'indeterminate' }],
  ]

  it.each(table)('%s', async (_name, script, expected) => {
    const before = platform.calls.length
    platform.play(script)
    expect(await connection.send(messageTo('attempt-1'))).toMatchObject(expected)
    expect(platform.calls.length - before).toBe(1)
  })

  function redirect(status: number): Script {
    return (response) => response.writeHead(status, { location: `${platform.url}/elsewhere` }).end()
  }

  function brokenOff(status: number): Script {
    return (response) => {
      response.writeHead(status, { 'content-length': '1000' })
      response.write('{"messages":[{"id":"wamid.A"}]', () => response.socket!.destroy())
    }
  }

  it('never repeats the recipient’s number from the platform’s words', async () => {
    platform.play(answers(400, { error: { code: 999001, message: 'No such user 6281234567890 here' } }))
    const outcome = await connection.send(messageTo('attempt-1'))
    expect(outcome).toMatchObject({ message: expect.stringContaining('No such user ••• here') })
  })

  it('knows that nothing left when the name cannot be found or TLS fails', async () => {
    await connection.close()
    const tls = platform.url.replace('http:', 'https:')
    connection = connectTo({ api_base_url: tls })
    const before = platform.calls.length
    expect(await connection.send(messageTo('a'))).toMatchObject({ outcome: 'not_sent', action: 'retry' })
    expect(platform.calls.length).toBe(before)
    await connection.close()
    connection = connectTo({ api_base_url: 'https://nowhere.invalid' })
    expect(await connection.send(messageTo('a'))).toMatchObject({ outcome: 'not_sent', action: 'retry' })
  })
})

describe('the table of error codes', () => {
  it.each(ERROR_RULES)('$code is classified as the table says', async (rule) => {
    platform.play(answers(400, { error: { code: rule.code, message: rule.what } }))
    expect(await connection.send(messageTo('attempt-1'))).toMatchObject({
      outcome: rule.refused,
      action: rule.action,
      message: `${rule.what} ${rule.mend}`,
      ...(rule.retryAfterMs === undefined ? {} : { retryAfterMs: rule.retryAfterMs }),
    })
  })

  it('names every code once, and says what happened and what to do in sentences', () => {
    expect(new Set(ERROR_RULES.map(({ code }) => code)).size).toBe(ERROR_RULES.length)
    for (const { what, mend } of ERROR_RULES) {
      expect(what).toMatch(/^\p{Lu}.*\.$/u)
      expect(mend).toMatch(/^\p{Lu}.*\.$/u)
    }
  })

  it('covers the documented codes', () => {
    const documented =
      '0 1 2 3 4 10 33 100 190 368 80007 130403 130429 130472 130497 131000 131005 131008 131009 131016 131021 131026 131030 131031 131037 131042 131044 131045 131047 131048 131049 131050 131051 131052 131053 131055 131056 131057 131061 131062 131063 131064 132000 132001 132005 132007 132008 132012 132015 132016 132018 132068 132069 133000 133004 133005 133006 133008 133009 133010 133015 133016 134011 134100 134101 134102 135000 2494100'
    const known = new Set(ERROR_RULES.map(({ code }) => String(code)))
    expect(documented.split(' ').filter((code) => !known.has(code))).toEqual([])
  })
})

describe('the configuration of a number', () => {
  it.each([
    ['https://graph.facebook.com', true],
    ['https://proxy.example/wa', true],
    ['http://127.0.0.1:4010', true],
    ['http://127.9.9.9', true],
    ['http://[::1]:80', true],
    ['http://localhost:4010', true],
    ['http://graph.facebook.com', false],
    ['http://127.0.0.1.evil.example', false],
    ['http://localhost.evil.example', false],
    ['http://10.0.0.1', false],
    ['https://user:password@graph.facebook.com', false],
    ['https://graph.facebook.com/?a=b', false],
    ['ftp://127.0.0.1', false],
    ['file:///etc/passwd', false],
    ['graph.facebook.com', false],
  ])('api_base_url %s: %s', (api_base_url, isTaken) => {
    expect(whatsappCloud.configSchema.safeParse({ ...ACCOUNT, api_base_url }).success).toBe(isTaken)
  })

  it.each([
    { phone_number_id: '../me' },
    { phone_number_id: '+62 812' },
    { access_token: 'two words' },
    { access_token: 'a\r\nx-header: b' },
    { access_token: '' },
    { app_secret: ' padded' },
    { app_secret: '' },
    { api_version: '26' },
    { messages_per_second: 0 },
    { acces_token: 'x' },
    { app_secret: undefined },
  ])('refuses %j', (fault) => {
    expect(whatsappCloud.configSchema.safeParse({ ...ACCOUNT, ...fault }).success).toBe(false)
  })

  it('takes webhooks signed with the new or the previous secret while they change', () => {
    const config = whatsappCloud.configSchema.parse({ ...ACCOUNT, previous_app_secret: 'older' })
    expect(whatsappCloud.signingSecrets(config, { appSecret: 'unused' })).toEqual(['app-secret', 'older'])
  })

  it('lists every secret of its schema as secret', () => {
    const source = readFileSync(
      new URL('../../src/delivery/providers/whatsapp-cloud/config.ts', import.meta.url),
      'utf8',
    )
    const secrets = [...source.matchAll(/^ {4}(\w+): secret\(/gm)].map(([, name]) => name)
    expect([...whatsappCloud.secretFields].sort()).toEqual(secrets.sort())
  })
})
