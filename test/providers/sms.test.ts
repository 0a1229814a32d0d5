import { describe, expect, it } from 'vitest'
import type { ConnectDeps, Provider, SenderConfig } from '../../src/delivery/provider.ts'
import { packCallback } from '../../src/delivery/providers/callback.ts'
import { callbackKey } from '../../src/delivery/providers/http-gateway/callback-key.ts'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'
import type { SimulatorConfig } from '../../src/delivery/providers/simulator/config.ts'
import { mintToken } from '../../src/delivery/providers/simulator/token.ts'
import { APP_SECRET, type Dialect, describeConformance } from './conformance.ts'
import type { ReceivedPost } from './receiver.ts'

const ACCOUNT = 'AC0123456789abcdef0123456789abcdef'

/** A Twilio account whose platform is the stand-in, under these orders. */
function twilioConfig(orders: SimulatorConfig, deps: ConnectDeps) {
  return PROVIDERS.twilio.configSchema.parse({
    account_sid: ACCOUNT,
    auth_token: APP_SECRET,
    from: '+15005550006',
    api_base_url: `${deps.simulatorUrl}/sms/${mintToken(orders, deps)}`,
  })
}

/** The stand-in's gateway in the words of data, as a workspace would describe its own. */
function gatewayConfig(url = 'https://gateway.example/send') {
  return PROVIDERS.http_gateway.configSchema.parse({
    url,
    headers: { Authorization: 'Bearer {{secret.key}}' },
    body: { json: { to: '{{to}}', text: '{{text}}', callback: '{{callback_url}}' } },
    secrets: { key: APP_SECRET, signing: APP_SECRET },
    answer: { id: '/result/ids/0', status: '/result/state', accepted: ['ACCEPTED'], error: '/result/code' },
    errors: {
      501: 'campaign',
      502: 'sender',
      503: 'account',
      504: 'wait_a_day',
      505: 'retry',
      20429: 'retry',
    },
    callback: {
      format: 'json',
      id: '/id',
      status: '/status',
      statuses: { SUBMITTED: 'sent', DELIVRD: 'delivered', UNDELIV: 'failed' },
      error: '/reason',
      signature: {
        scheme: 'hmac_sha256',
        header: 'X-Signature',
        encoding: 'hex',
        prefix: 'sha256=',
        secret: 'signing',
      },
    },
  })
}

function dialectOf<Config extends SenderConfig>(
  provider: Provider<Config>,
  config: Config,
  own: Pick<Dialect, 'refusals' | 'rateLimited' | 'failure'>,
  secretsOf: (secret: string) => string[],
): Dialect {
  const query = ({ url }: ReceivedPost) => new URL(url).search.slice(1)
  return {
    ...own,
    acceptance: { messageStatus: 'accepted' },
    reads: false,
    serverError: 'http_500',
    parse: (post) =>
      provider.parseWebhook(packCallback(query(post), post.headers['content-type'] ?? '', post.rawBody), {
        config,
        receivedAt: '2026-11-23T02:00:00.000Z',
      }).statuses,
    isSigned: (post, secret) =>
      provider.verifySignature(post.rawBody, post.headers, secretsOf(secret), {
        urls: ['https://elsewhere.example/', post.url],
        key: new URL(post.url).pathname.split('/').at(-1),
        config,
      }),
  }
}

const TWILIO_WAYS = {
  refusals: [
    { code: 21211, outcome: 'rejected', action: 'recipient' },
    { code: 21610, outcome: 'rejected', action: 'recipient' },
    { code: 987654, outcome: 'rejected', action: 'recipient' },
    { code: 21602, outcome: 'rejected', action: 'campaign' },
    { code: 21606, outcome: 'not_sent', action: 'sender' },
    { code: 20003, outcome: 'not_sent', action: 'account' },
    { code: 20404, outcome: 'not_sent', action: 'account' },
    { code: 21611, outcome: 'not_sent', action: 'retry' },
  ],
  rateLimited: '20429',
  failure: { code: 30003, action: 'recipient' },
}

describeConformance({
  provider: PROVIDERS.twilio,
  connect: (orders, deps) => PROVIDERS.twilio.connect(twilioConfig(orders, deps), deps),
  dialect: dialectOf(
    PROVIDERS.twilio,
    twilioConfig(
      {},
      { simulatorUrl: 'http://127.0.0.1:1', webhookUrl: 'http://127.0.0.1:1/x', appSecret: 'x' },
    ),
    TWILIO_WAYS,
    (secret) => [secret],
  ),
})

describeConformance({
  provider: PROVIDERS.simulator_sms,
  connect: (orders, deps) => PROVIDERS.simulator_sms.connect(orders, deps),
  dialect: dialectOf(PROVIDERS.simulator_sms, {}, TWILIO_WAYS, (secret) => [secret]),
})

describeConformance({
  provider: PROVIDERS.http_gateway,
  connect: (orders, deps) =>
    PROVIDERS.http_gateway.connect(
      gatewayConfig(`${deps.simulatorUrl}/gateway/${mintToken(orders, deps)}/messages`),
      deps,
    ),
  dialect: dialectOf(
    PROVIDERS.http_gateway,
    gatewayConfig(),
    {
      refusals: [
        { code: 999, outcome: 'rejected', action: 'recipient' },
        { code: 501, outcome: 'rejected', action: 'campaign' },
        { code: 502, outcome: 'not_sent', action: 'sender' },
        { code: 503, outcome: 'not_sent', action: 'account' },
        { code: 504, outcome: 'not_sent', action: 'wait_a_day' },
        { code: 505, outcome: 'not_sent', action: 'retry' },
      ],
      rateLimited: '20429',
      failure: { code: 77, action: 'recipient' },
    },
    (secret) => [callbackKey(APP_SECRET), secret],
  ),
})

describe('a signature of Twilio’s', () => {
  it('is the one that its own libraries are tested with', () => {
    const form =
      'Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309&CallSid=CA1234567890ABCDE'
    const isSigned = (signature: string, body = form) =>
      PROVIDERS.twilio.verifySignature(Buffer.from(body), { 'x-twilio-signature': signature }, ['12345'], {
        urls: ['https://mycompany.com/myapp.php?foo=1&bar=2'],
        key: undefined,
        config: {},
      })
    expect(isSigned('RSOYDt4T1cUTdK1PDd93/VVr8B8=')).toBe(true)
    expect(isSigned('RSOYDt4T1cUTdK1PDd93/VVr8B8=', form.replace('1234', '1235'))).toBe(false)
    expect(isSigned('RSOYDt4T1cUTdK1PDd93/VVr8B8')).toBe(false)
  })
})

describe('an address that a workspace writes down', () => {
  const send = async (url: string, deps: Partial<ConnectDeps> = {}) => {
    const connection = PROVIDERS.http_gateway.connect(gatewayConfig(url), {
      simulatorUrl: 'http://127.0.0.1:9',
      webhookUrl: 'http://127.0.0.1:9/webhooks/sms/a',
      appSecret: 'x',
      timeouts: { connectMs: 300, answerMs: 300 },
      ...deps,
    })
    const outcome = await connection.send({
      attemptRef: 'dc.1.1',
      to: '+6281200000001',
      text: 'Hi',
      template: { name: '', languageCode: 'en', parameters: { header: [], body: [], buttons: [] } },
    })
    await connection.close()
    return outcome
  }

  it.each([
    'https://127.0.0.1/x',
    'https://localhost/x',
    'https://2130706433/x',
    'https://10.0.0.1/x',
    'https://192.168.1.1/x',
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://[fd00::1]/x',
    'https://0.0.0.0/x',
    'http://127.0.0.1:8080/x',
  ])('is not called where it is not a public one: %s', async (url) => {
    expect(await send(url)).toMatchObject({
      outcome: 'not_sent',
      action: 'sender',
      code: 'address_not_allowed',
    })
  })

  it('is not called where its name resolves to one that is not public', async () => {
    const { guardedLookup } = await import('../../src/delivery/providers/address-guard.ts')
    const error = await new Promise((resolve) =>
      guardedLookup({ allowLoopback: false })('localhost', { all: true }, resolve),
    )
    expect(error).toMatchObject({ code: 'address_not_allowed' })
  })

  it('may be on this machine where the installation allows it', async () => {
    expect(await send('http://127.0.0.1:9/x', { simulatorUrl: '', allowLoopback: true })).toMatchObject({
      outcome: 'not_sent',
      action: 'retry',
    })
  })

  it.each([
    ['http://gateway.example/x', 'url'],
    ['https://user:word@gateway.example/x', 'url'],
    ['ftp://gateway.example/x', 'url'],
  ])('is refused when it is written down: %s', (url, member) => {
    const parsed = PROVIDERS.http_gateway.configSchema.safeParse({ url })
    expect(JSON.stringify(parsed.error?.issues)).toContain(member)
  })

  it.each([
    [{ body: { json: { a: '{{password}}' } } }, 'placeholder'],
    [{ headers: { Authorization: '{{secret.gone}}' } }, 'no secret named gone'],
    [{ headers: { Host: 'elsewhere' } }, 'connection'],
    [{ answer: { id: 'data.id' } }, 'pointer'],
    [{ method: 'GET', body: { form: { a: 'b' } } }, 'no body'],
  ])('takes no description with a slip: %j', (more, words) => {
    const parsed = PROVIDERS.http_gateway.configSchema.safeParse({
      url: 'https://gateway.example/x',
      ...more,
    })
    expect(parsed.success).toBe(false)
    expect(JSON.stringify(parsed.error?.issues)).toContain(words)
  })
})
