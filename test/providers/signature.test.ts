import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'

const body = Buffer.from('{"object":"whatsapp_business_account","entry":[],"name":"Siti ☕"}')
const hex = (secret: string, bytes: Buffer = body) => createHmac('sha256', secret).update(bytes).digest('hex')
const good = hex('current')

describe.each(Object.values(PROVIDERS).filter(({ channel }) => channel === 'whatsapp'))(
  'signatures of $kind',
  (provider) => {
    const headers = (value?: string | string[]) =>
      value === undefined ? {} : { 'x-hub-signature-256': value }
    const altered = Buffer.from(body)
    altered[10]! ^= 1

    it.each([
      ['the current secret', headers(`sha256=${good}`), body, true],
      ['the previous secret', headers(`sha256=${hex('previous')}`), body, true],
      ['no header', headers(), body, false],
      ['an empty header', headers(''), body, false],
      ['another secret', headers(`sha256=${hex('another')}`), body, false],
      ['an empty secret', headers(`sha256=${hex('')}`), body, false],
      ['altered bytes', headers(`sha256=${good}`), altered, false],
      ['bytes added', headers(`sha256=${good}`), Buffer.concat([body, Buffer.from(' ')]), false],
      ['a short signature', headers(`sha256=${good.slice(0, 63)}`), body, false],
      ['a long signature', headers(`sha256=${good}0`), body, false],
      ['only the prefix', headers('sha256='), body, false],
      ['no prefix', headers(good), body, false],
      ['the prefix of another hash', headers(`sha1=${good}`), body, false],
      ['a prefix in capitals', headers(`SHA256=${good}`), body, false],
      ['capitals', headers(`sha256=${good.toUpperCase()}`), body, false],
      ['a space before it', headers(` sha256=${good}`), body, false],
      ['no hex of the right length', headers(`sha256=${'z'.repeat(64)}`), body, false],
      ['letters of more than one byte', headers(`sha256=${'é'.repeat(64)}`), body, false],
      ['two headers', headers([`sha256=${good}`, `sha256=${good}`]), body, false],
      ['an empty body', headers(`sha256=${hex('current', Buffer.alloc(0))}`), Buffer.alloc(0), true],
    ])('%s', (_name, given, bytes, isValid) => {
      expect(provider.verifySignature(bytes, given, ['current', '', 'previous'])).toBe(isValid)
    })

    it('is never valid without a secret', () => {
      expect(provider.verifySignature(body, headers(`sha256=${good}`), [])).toBe(false)
    })
  },
)

const DEPS = { appSecret: 'derived-secret' }

describe('the subscription handshake', () => {
  const provider = PROVIDERS.whatsapp_cloud
  const config = provider.configSchema.parse({
    phone_number_id: '1',
    business_account_id: '2',
    access_token: 'token',
    app_secret: 'secret',
    verify_token: 'verify-me',
  })
  const query = { 'hub.mode': 'subscribe', 'hub.verify_token': 'verify-me', 'hub.challenge': '1158201444' }

  it('answers the challenge', () => {
    expect(provider.answerHandshake(query, config, DEPS)).toBe('1158201444')
  })

  it.each([
    { 'hub.mode': 'unsubscribe' },
    { 'hub.verify_token': 'verify-ME' },
    { 'hub.verify_token': '' },
    { 'hub.verify_token': ['verify-me'] },
    { 'hub.verify_token': undefined },
    { 'hub.challenge': undefined },
    { 'hub.challenge': ['a', 'b'] },
    { 'hub.challenge': 'x'.repeat(2_000) },
  ])('does not answer %j', (fault) => {
    expect(provider.answerHandshake({ ...query, ...fault }, config, DEPS)).toBeUndefined()
  })

  it('takes the word before the last change as well, and no third one', () => {
    const changed = provider.configSchema.parse({
      ...config,
      verify_token: 'new',
      previous_verify_token: 'verify-me',
    })
    expect(provider.answerHandshake(query, changed, DEPS)).toBe('1158201444')
    expect(provider.answerHandshake({ ...query, 'hub.verify_token': 'new' }, changed, DEPS)).toBe(
      '1158201444',
    )
    expect(provider.answerHandshake({ ...query, 'hub.verify_token': 'old' }, changed, DEPS)).toBeUndefined()
  })

  it('of the stand-in is answered with the secret that it signs with', () => {
    const { simulator } = PROVIDERS
    const asked = { ...query, 'hub.verify_token': DEPS.appSecret }
    expect(simulator.answerHandshake(asked, {}, DEPS)).toBe('1158201444')
    expect(simulator.answerHandshake(query, {}, DEPS)).toBeUndefined()
  })
})
