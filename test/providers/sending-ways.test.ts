import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'
import { messageTo } from './conformance.ts'
import { answers, openScriptedPlatform, type ScriptedPlatform } from './scripted-platform.ts'

const { whatsapp_cloud: whatsappCloud } = PROVIDERS
const ACCOUNT = {
  phone_number_id: '106540352242922',
  business_account_id: '102290129340398',
  access_token: 'EAAGm0PX4ZCpsBA',
  app_secret: 'app-secret',
  verify_token: 'verify-me',
}

let platform: ScriptedPlatform
beforeAll(async () => {
  platform = await openScriptedPlatform()
})
afterAll(() => platform.close())

async function sent(config: object, template: object) {
  platform.play(answers(200, { messages: [{ id: 'wamid.1' }] }))
  const connection = whatsappCloud.connect(
    whatsappCloud.configSchema.parse({ ...ACCOUNT, api_base_url: platform.url, ...config }),
    {
      simulatorUrl: 'http://127.0.0.1:9',
      webhookUrl: 'http://127.0.0.1:9/webhooks/whatsapp/x',
      appSecret: '',
    },
  )
  const message = messageTo('attempt-1')
  await connection.send({ ...message, template: { ...message.template, ...template } })
  await connection.close()
  const call = platform.calls.at(-1)!
  return { url: call.url, body: JSON.parse(call.body) as Record<string, unknown> }
}

const PARAMETERS = {
  header: [{ name: 'invoice', text: 'INV-17' }],
  body: [
    { name: 'name', text: 'Siti' },
    { name: 'amount', text: 'Rp 150.000' },
  ],
  buttons: [{ index: 0, subType: 'url' as const, text: 'INV%2F17' }],
}

describe('the parameters of a template', () => {
  it('are named where the platform knows them by name', async () => {
    const { body } = await sent({}, { parameters: PARAMETERS, parameterFormat: 'named' })
    expect(body.template).toMatchObject({
      components: [
        { type: 'header', parameters: [{ type: 'text', parameter_name: 'invoice', text: 'INV-17' }] },
        {
          type: 'body',
          parameters: [
            { type: 'text', parameter_name: 'name', text: 'Siti' },
            { type: 'text', parameter_name: 'amount', text: 'Rp 150.000' },
          ],
        },
        { type: 'button', sub_type: 'url', index: '0', parameters: [{ type: 'text', text: 'INV%2F17' }] },
      ],
    })
  })

  it('stand in their order, and bear no names, where it knows them by place', async () => {
    const { body } = await sent({}, { parameters: PARAMETERS, parameterFormat: 'positional' })
    const { components } = body.template as { components: { type: string; parameters: object[] }[] }
    expect(components.slice(0, 2)).toEqual([
      { type: 'header', parameters: [{ type: 'text', text: 'INV-17' }] },
      {
        type: 'body',
        parameters: [
          { type: 'text', text: 'Siti' },
          { type: 'text', text: 'Rp 150.000' },
        ],
      },
    ])
  })
})

describe('a file above the message', () => {
  const NO_WORDS = { header: [], body: [], buttons: [] }
  it.each([
    [
      { type: 'document', platformId: '1013859600285441', fileName: 'inv-17.pdf' },
      { type: 'document', document: { id: '1013859600285441', filename: 'inv-17.pdf' } },
    ],
    [
      { type: 'document', link: 'https://a.example/17.pdf' },
      { type: 'document', document: { link: 'https://a.example/17.pdf' } },
    ],
    [
      { type: 'image', platformId: '1', fileName: 'Clinic.png' },
      { type: 'image', image: { id: '1' } },
    ],
    [
      { type: 'video', link: 'https://a.example/17.mp4' },
      { type: 'video', video: { link: 'https://a.example/17.mp4' } },
    ],
  ])('%j is the parameter %j', async (media, parameter) => {
    const { body } = await sent({}, { parameters: { ...NO_WORDS, media } })
    const { components } = body.template as { components: object[] }
    expect(components).toEqual([{ type: 'header', parameters: [parameter] }])
  })
})

describe('the way a message goes', () => {
  const MESSAGES = '/v26.0/106540352242922/messages'
  it.each([
    ['marketing', { marketing_messages_api: true }, '/v26.0/106540352242922/marketing_messages'],
    ['utility', { marketing_messages_api: true }, MESSAGES],
    ['marketing', {}, MESSAGES],
    ['marketing', { marketing_messages_api: false }, MESSAGES],
  ])('%s of a sender with %j goes to %s', async (category, config, url) => {
    const call = await sent(config, { category })
    expect(call.url).toBe(url)
    const isMarketing = url.endsWith('marketing_messages')
    expect(call.body.product_policy).toBe(isMarketing ? 'CLOUD_API_FALLBACK' : undefined)
    expect(call.body).toMatchObject({
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      type: 'template',
      biz_opaque_callback_data: 'attempt-1',
    })
  })
})

const DOCUMENT = fileURLToPath(
  new URL('../../../shared/data/whatsapp/business-messaging-api_v23.0.yaml', import.meta.url),
)
const isPresent = existsSync(DOCUMENT)
if (!isPresent) console.warn(`SKIPPED: the platform's own examples, because there is no ${DOCUMENT}`)

describe.skipIf(!isPresent)('beside the platform’s own example of a marketing message', () => {
  it('every member of it but those left to the business is there, with the same value', async () => {
    const lines = readFileSync(DOCUMENT, 'utf8').split('\n')
    const at = lines.findIndex((line) => line.trim() === 'Template with Product Policy:')
    const example = Object.fromEntries(
      lines
        .slice(at, at + 14)
        .map((line) => line.trim().split(': '))
        .filter(([, value]) => value !== undefined),
    )
    expect(Object.keys(example).length).toBeGreaterThan(6)
    const { body } = await sent(
      { marketing_messages_api: true },
      { category: 'marketing', languageCode: 'en_US' },
    )
    for (const member of ['messaging_product', 'recipient_type', 'type', 'product_policy'])
      expect(body[member], member).toBe(example[member])
    expect((body.template as { language: object }).language).toEqual({ code: example.code })
  })
})
