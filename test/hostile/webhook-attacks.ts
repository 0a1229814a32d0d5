import { createHash, createHmac } from 'node:crypto'
import { codesOf } from '../../src/api/openapi.ts'
import { ROUTES } from '../../src/api/routes.ts'
import type { Dice } from '../crash/dice.ts'
import type { Attack } from './attack.ts'
import type { Ground } from './ground.ts'
import type { Header } from './headers.ts'
import { withJsonAt } from './shape.ts'
import { DAYS, hostileJson, INSTANTS, nested } from './values.ts'

/** What a platform or a gateway posts, and how it proves that it did. */
type Teller = {
  readonly name: string
  readonly route: string
  target(ground: Ground): string
  /** Shapes of what it tells; every place in them is attacked. */
  readonly bodies: readonly unknown[]
  prove(body: Buffer, ground: Ground, target: string): { headers: readonly Header[]; body?: Buffer }
}

const AT = 1_795_402_740
const JSON_TYPE: Header = ['Content-Type', 'application/json']

const TELLERS: readonly Teller[] = [
  {
    name: 'midtrans',
    ...gatewayAt('midtrans'),
    bodies: [
      {
        order_id: 'INV-1',
        status_code: '200',
        gross_amount: '150000.00',
        transaction_status: 'settlement',
        transaction_id: 'pay_1',
        fraud_status: 'accept',
        currency: 'IDR',
        settlement_time: '2026-11-23 09:59:00',
        refund_amount: '1.00',
        refunds: [{ refund_key: 'r1' }],
      },
      {
        order_id: 'INV-1',
        status_code: '200',
        gross_amount: '150000.00',
        transaction_status: 'refund',
        transaction_id: 'pay_1',
        refunds: [{ refund_key: 'r1' }],
        refund_amount: '1.00',
      },
    ],
    prove: proveMidtrans,
  },
  {
    name: 'xendit',
    ...gatewayAt('xendit'),
    bodies: [
      {
        id: 'pay_1',
        external_id: 'INV-1',
        status: 'PAID',
        amount: 150_000,
        paid_amount: 150_000,
        paid_at: '2026-11-23T02:59:00.000Z',
        currency: 'IDR',
      },
      {
        event: 'refund.succeeded',
        created: '2026-11-23T02:59:00.000Z',
        data: { id: 'rfd-1', invoice_id: 'pay_1', reference_id: 'INV-1', amount: 150_000, currency: 'IDR' },
      },
      {
        event: 'payment_session.completed',
        data: {
          payment_session_id: 'ps-1',
          reference_id: 'INV-1',
          amount: 150_000,
          currency: 'IDR',
          status: 'COMPLETED',
          updated: '2026-11-23T02:59:00.000Z',
        },
      },
    ],
    prove: (_body, { secrets }) => ({ headers: [JSON_TYPE, ['X-Callback-Token', secrets.xendit]] }),
  },
  {
    name: 'razorpay',
    ...gatewayAt('razorpay'),
    bodies: [
      {
        event: 'payment_link.paid',
        created_at: AT,
        payload: {
          payment_link: { entity: { reference_id: 'INV-1' } },
          payment: {
            entity: { id: 'pay_1', amount: 15_000_000, currency: 'JPY', status: 'captured', created_at: AT },
          },
          refund: { entity: { id: 'rfnd_1', amount: 100, currency: 'JPY', payment_id: 'pay_1' } },
        },
      },
    ],
    prove: (body, { secrets }) => ({
      headers: [JSON_TYPE, ['X-Razorpay-Signature', hmac('sha256', secrets.razorpay, body)]],
    }),
  },
  {
    name: 'stripe',
    ...gatewayAt('stripe'),
    bodies: [
      {
        id: 'evt_1',
        type: 'checkout.session.completed',
        created: AT,
        data: {
          object: {
            id: 'cs_1',
            payment_intent: 'pay_1',
            client_reference_id: 'INV-1',
            amount_total: 15_000_000,
            currency: 'jpy',
            payment_status: 'paid',
            metadata: { invoice: 'INV-1' },
          },
        },
      },
    ],
    prove(body, { secrets }) {
      const time = Math.floor(Date.now() / 1_000)
      const v1 = hmac('sha256', secrets.stripe, Buffer.concat([Buffer.from(`${time}.`), body]))
      return { headers: [JSON_TYPE, ['Stripe-Signature', `t=${time},v1=${v1}`]] }
    },
  },
  {
    name: 'whatsapp',
    route: 'POST /webhooks/whatsapp/{sender_id}',
    target: ({ ids }) => `/webhooks/whatsapp/${ids['webhooks/whatsapp']![0]}`,
    bodies: [
      {
        object: 'whatsapp_business_account',
        entry: [
          {
            id: '102290129340398',
            changes: [
              {
                field: 'messages',
                value: {
                  metadata: { phone_number_id: '106540352242922' },
                  statuses: [
                    { id: 'wamid.1', status: 'delivered', timestamp: String(AT), recipient_id: '628123' },
                  ],
                  messages: [
                    {
                      id: 'wamid.2',
                      from: '628123',
                      timestamp: String(AT),
                      type: 'text',
                      text: { body: 'x' },
                    },
                  ],
                },
              },
            ],
          },
        ],
      },
    ],
    prove: (body, { secrets }) => ({
      headers: [JSON_TYPE, ['X-Hub-Signature-256', `sha256=${hmac('sha256', secrets.whatsapp, body)}`]],
    }),
  },
  {
    name: 'gateway by data',
    route: 'POST /webhooks/sms/{sender_id}/{key}',
    target: ({ ids }) => `/webhooks/sms/${ids['webhooks/gateway']![0]}/${ids['webhooks/key']![0]}?attempt=a`,
    bodies: [{ status: 'ok', id: '1' }],
    prove: () => ({ headers: [JSON_TYPE] }),
  },
]

/** Webhooks with valid signatures over what no platform would say. */
export function* webhookAttacks(ground: Ground, dice: Dice, times: number): Generator<Attack> {
  for (const teller of TELLERS) {
    const say = (what: string, bytes: Buffer) => toldBy(teller, ground, what, bytes)
    for (const [what, bytes] of WHOLE) yield say(what, bytes)
    for (const body of teller.bodies)
      for (const path of placesIn(body))
        for (const json of [...SURELY, ...Array.from({ length: times }, () => hostileJson(dice))])
          yield say(`${json.slice(0, 50)} at ${path.join('.')}`, Buffer.from(withJsonAt(body, path, json)))
  }
  yield* smsAttacks(ground, dice, times)
  yield* queryAttacks(ground, dice, times)
}

function toldBy(teller: Teller, ground: Ground, what: string, bytes: Buffer): Attack {
  const target = teller.target(ground)
  const proof = teller.prove(bytes, ground, target)
  return attackOn(teller.route, `${teller.name}: ${what}`, {
    method: 'POST',
    target,
    headers: proof.headers,
    body: proof.body ?? bytes,
  })
}

const FORM: Header = ['Content-Type', 'application/x-www-form-urlencoded']

/** Half a character, as a cut may leave, becomes the sign for what cannot be shown: an address is made of bytes. */
function encoded(text: string): string {
  return encodeURIComponent(Buffer.from(text, 'utf8').toString('utf8'))
}

function* smsAttacks(ground: Ground, dice: Dice, times: number): Generator<Attack> {
  const target = `/webhooks/sms/${ground.ids['webhooks/twilio']![0]}?attempt=a`
  const bodies = [
    '',
    '%00=%00&a=%ED%A0%80',
    '%',
    'MessageSid=SM1&MessageStatus=delivered&__proto__=1',
    'a&'.repeat(120),
    'a&'.repeat(500_000),
    `a=${'x'.repeat(1_000_000)}`,
    ...Array.from({ length: times * 4 }, () => `MessageSid=${encoded(hostileJson(dice).slice(0, 9_000))}`),
  ]
  for (const body of bodies) {
    const sorted = [...new URLSearchParams(body)].toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    const signed = ground.url + target + sorted.map(([name, value]) => name + value).join('')
    const signature = createHmac('sha1', ground.secrets.twilio).update(signed).digest('base64')
    yield attackOn('POST /webhooks/sms/{sender_id}', `twilio: ${body.slice(0, 40)}`, {
      method: 'POST',
      target,
      headers: [FORM, ['X-Twilio-Signature', signature]],
      body: Buffer.from(body),
    })
  }
}

function* queryAttacks(ground: Ground, dice: Dice, times: number): Generator<Attack> {
  const { ids } = ground
  const sms = `/webhooks/sms/${ids['webhooks/gateway']![0]}`
  const texts = [
    '%00',
    '%ED%A0%80',
    '%',
    'x'.repeat(12_000),
    '__proto__[a]=1',
    'hub.mode=subscribe&hub.verify_token=open%20sesame&hub.challenge=%00',
  ]
  const more = Array.from({ length: times * 3 }, () => encoded(hostileJson(dice).slice(0, 3_000)))
  for (const text of [...texts, ...more]) {
    const asked = (route: string, target: string) =>
      attackOn(route, `the query ${text.slice(0, 40)}`, { method: 'GET', target, headers: [] })
    yield asked('GET /webhooks/sms/{sender_id}/{key}', `${sms}/${ids['webhooks/key']![0]}?${text}`)
    yield asked(
      'GET /webhooks/whatsapp/{sender_id}',
      `/webhooks/whatsapp/${ids['webhooks/whatsapp']![0]}?${text}`,
    )
  }
  for (const id of ['%00', '%ED%A0%80', 'x', '%', '00000000-0000-7000-8000-000000000000'])
    for (const [route, path] of [
      ['GET /webhooks/whatsapp/{sender_id}', `/webhooks/whatsapp/${id}`],
      ['GET /webhooks/sms/{sender_id}/{key}', `/webhooks/sms/${id}/x`],
      ['GET /webhooks/sms/{sender_id}/{key}', `${sms}/${id}`],
    ] as const)
      yield attackOn(route, `${id} as an id`, { method: 'GET', target: path, headers: [] })
}

function attackOn(route: string, what: string, request: Attack['request']): Attack {
  const found = ROUTES.find(({ facts }) => route === `${facts.method.toUpperCase()} ${facts.path}`)
  if (!found) throw new Error(`there is no route ${route}`)
  return { route, what, door: 'program', codes: codesOf(found.facts), request }
}

/** Tried at every place, whatever chance adds: a place may be an id, an amount or a moment. */
const SURELY: readonly string[] = [
  ...['a\u0000b', '\uD800', `${'x'.repeat(249)}😀`, 'x'.repeat(1_000), '9'.repeat(14), '99999999999999.9999'],
  ...DAYS.flatMap((day) => [`${day}T00:00:00Z`, `${day} 10:00:00`]),
  ...INSTANTS.slice(-14),
]
  .map((text) => JSON.stringify(text))
  .concat([
    '9007199254740991',
    '-1',
    '1.5',
    '1e21',
    '1e400',
    '253402300800',
    '-62135596801',
    nested('[', ']', 10_000),
  ])

const WHOLE: readonly (readonly [string, Buffer])[] = [
  ['nothing', Buffer.alloc(0)],
  ['no JSON', Buffer.from('{"a":')],
  ['null', Buffer.from('null')],
  ['an array', Buffer.from('[]')],
  ['bytes', Buffer.from([0, 255, 254, 1])],
  ['ten thousand levels', Buffer.from(nested('{"a":', '}', 10_000))],
  ['a hundred thousand brackets', Buffer.from('['.repeat(100_000))],
  ['two megabytes', Buffer.from(`{"a":"${'x'.repeat(2 * 1024 * 1024)}"}`)],
  ['a quarter megabyte of objects', Buffer.from(`{"a":[${'{},'.repeat(80_000)}{}]}`)],
]

function placesIn(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  const members = Object.entries(value).map(
    ([name, member]) => [Array.isArray(value) ? Number(name) : name, member] as const,
  )
  const inner = members.flatMap(([name, member]) => placesIn(member, [...path, name]))
  return path.length === 0 ? inner : [path, ...inner]
}

function gatewayAt(name: string): Pick<Teller, 'route' | 'target'> {
  return {
    route: 'POST /webhooks/payments/{gateway_id}',
    target: ({ ids }) => `/webhooks/payments/${ids[`webhooks/${name}`]![0]}`,
  }
}

/** The proof stands in the body: over three members of it, where they are texts. */
function proveMidtrans(body: Buffer, { secrets }: Ground): { headers: readonly Header[]; body?: Buffer } {
  const headers = [JSON_TYPE]
  let said: Record<string, unknown>
  try {
    said = JSON.parse(body.toString()) as Record<string, unknown>
  } catch {
    return { headers }
  }
  if (typeof said !== 'object' || said === null || Array.isArray(said)) return { headers }
  const signed = [said.order_id, said.status_code, said.gross_amount].filter(
    (part) => typeof part === 'string',
  )
  const signature = createHash('sha512')
    .update(signed.join('') + secrets.midtrans)
    .digest('hex')
  const text = body.toString()
  return {
    headers,
    body: Buffer.from(`{"signature_key":"${signature}",${text.slice(text.indexOf('{') + 1)}`),
  }
}

function hmac(algorithm: string, secret: string, body: Buffer): string {
  return createHmac(algorithm, secret).update(body).digest('hex')
}
