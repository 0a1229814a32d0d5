import { describe, expect, it } from 'vitest'
import type { ParsedWebhook } from '../../src/delivery/provider.ts'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'

const parse = (body: unknown): ParsedWebhook =>
  PROVIDERS.whatsapp_cloud.parseWebhook(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)))

const METADATA = { display_phone_number: '15550783881', phone_number_id: '106540352242922' }
const envelope = (...changes: unknown[]) => ({
  object: 'whatsapp_business_account',
  entry: [{ id: '102290129340398', changes }],
})
const messagesChange = (value: object) => ({
  field: 'messages',
  value: { messaging_product: 'whatsapp', metadata: METADATA, ...value },
})
const statuses = (...items: unknown[]) => parse(envelope(messagesChange({ statuses: items })))
const inbound = (message: object, contacts: unknown = undefined) =>
  parse(envelope(messagesChange({ contacts, messages: [message] })))

const DELIVERED = {
  id: 'wamid.A',
  status: 'delivered',
  timestamp: '1750030073',
  recipient_id: '6281234567890',
  biz_opaque_callback_data: 'attempt-1',
}

describe('receipts', () => {
  it('tells all that a receipt says', () => {
    const pricing = {
      billable: true,
      pricing_model: 'PMP',
      type: 'regular',
      category: 'utility',
      cost: { amount: 1 },
    }
    expect(statuses({ ...DELIVERED, pricing })).toEqual({
      statuses: [
        {
          providerMessageId: 'wamid.A',
          attemptRef: 'attempt-1',
          status: 'delivered',
          occurredAt: '2025-06-15T23:27:53.000Z',
          pricing,
          phoneNumberId: '106540352242922',
          recipientId: '6281234567890',
        },
      ],
      inbound: [],
      templates: [],
      other: [],
      unknownCount: 0,
    })
  })

  it.each([
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'read'],
    ['played', 'read'],
    ['failed', 'failed'],
  ])('takes %s for %s', (word, status) => {
    expect(statuses({ ...DELIVERED, status: word }).statuses).toMatchObject([{ status }])
  })

  it('knows a person by the business-scoped id where the number is hidden', () => {
    const { recipient_id: _hidden, ...rest } = DELIVERED
    const [update] = statuses({ ...rest, recipient_user_id: 'US.13491208655302741918' }).statuses
    expect(update).toMatchObject({ recipientUserId: 'US.13491208655302741918' })
    expect(update).not.toHaveProperty('recipientId')
  })

  it('names the participant of a group', () => {
    const update = statuses({
      ...DELIVERED,
      recipient_id: 'group-1',
      recipient_type: 'group',
      recipient_participant_id: '628111',
      recipient_participant_user_id: 'ID.1',
    }).statuses[0]
    expect(update).toMatchObject({ recipientId: '628111', recipientUserId: 'ID.1' })
  })

  it('says what a failure means and what to do', () => {
    const errors = [{ code: 131042, title: 'Payment issue for 6281234567890', message: 'm', href: 'h' }]
    const error = statuses({ ...DELIVERED, status: 'failed', errors }).statuses[0]!.error
    expect(error).toEqual({
      code: '131042',
      title: 'Payment issue for •••',
      message: expect.stringContaining('billing settings'),
      action: 'account',
    })
  })

  it.each([
    ['an unknown code', [{ code: 777_777, title: 'New' }], { code: '777777', action: 'recipient' }],
    ['a code as text', [{ code: '131026' }], { code: '131026', action: 'recipient' }],
    ['no code', [{ title: 'What?' }], { code: 'unknown', action: 'recipient' }],
    ['an object instead of a list', { code: 131049, title: 't' }, { code: '131049', action: 'wait_a_day' }],
  ])('reads errors with %s', (_name, errors, expected) => {
    expect(statuses({ ...DELIVERED, status: 'failed', errors }).statuses[0]!.error).toMatchObject(expected)
  })

  it.each([[[]], [null], ['broken'], [[null]], [7]])('takes a failure with errors %j', (errors) => {
    const [update] = statuses({ ...DELIVERED, status: 'failed', errors }).statuses
    expect(update).toMatchObject({ status: 'failed' })
    expect(update).not.toHaveProperty('error')
  })

  it.each([
    ['without an id but with the attempt’s', { ...DELIVERED, id: undefined }, { attemptRef: 'attempt-1' }],
    [
      'without the attempt’s id',
      { ...DELIVERED, biz_opaque_callback_data: undefined },
      { providerMessageId: 'wamid.A' },
    ],
    [
      'with a number for a time',
      { ...DELIVERED, timestamp: 1750030073 },
      { occurredAt: '2025-06-15T23:27:53.000Z' },
    ],
    [
      'with milliseconds for a time',
      { ...DELIVERED, timestamp: '1750030073123' },
      { occurredAt: '2025-06-15T23:27:53.123Z' },
    ],
    [
      'with an attempt’s id that is too long',
      { ...DELIVERED, biz_opaque_callback_data: 'x'.repeat(513) },
      {},
    ],
    ['with a list for a recipient', { ...DELIVERED, recipient_id: ['628'] }, {}],
  ])('takes a receipt %s', (_name, item, expected) => {
    const parsed = statuses(item)
    expect(parsed.statuses).toMatchObject([expected])
    expect(parsed.unknownCount).toBe(0)
  })

  it.each([
    ['an unknown status', { ...DELIVERED, status: 'warned' }],
    ['a status from the prototype', { ...DELIVERED, status: 'constructor' }],
    ['no status', { ...DELIVERED, status: undefined }],
    ['no time', { ...DELIVERED, timestamp: undefined }],
    ['a time in words', { ...DELIVERED, timestamp: 'yesterday' }],
    ['a time before time', { ...DELIVERED, timestamp: -5 }],
    ['a time beyond time', { ...DELIVERED, timestamp: '999999999999999' }],
    ['neither id', { ...DELIVERED, id: undefined, biz_opaque_callback_data: undefined }],
    ['an id with a NUL', { ...DELIVERED, id: 'wamid.\0', biz_opaque_callback_data: undefined }],
    ['a list', [DELIVERED]],
    ['a text', 'delivered'],
    ['nothing', null],
  ])('keeps and counts %s, and still takes the receipt beside it', (_name, item) => {
    const parsed = statuses(item, { ...DELIVERED, id: 'wamid.B' })
    expect(parsed.statuses).toMatchObject([{ providerMessageId: 'wamid.B' }])
    expect(parsed.other).toMatchObject([{ field: 'messages.statuses' }])
    expect(parsed.unknownCount).toBe(1)
  })

  it('takes a thousand receipts in one body', () => {
    const items = Array.from({ length: 1_000 }, (_, n) => ({ ...DELIVERED, id: `wamid.${n}` }))
    const parsed = statuses(...items)
    expect(parsed.statuses).toHaveLength(1_000)
    expect(new Set(parsed.statuses.map((update) => update.providerMessageId)).size).toBe(1_000)
  })

  it('goes through every entry and every change', () => {
    const change = messagesChange({ statuses: [DELIVERED] })
    const entry = { id: '1', changes: [change, change] }
    expect(parse({ object: 'x', entry: [entry, entry] }).statuses).toHaveLength(4)
  })

  it('does not take a call’s status for a message’s', () => {
    const call = { field: 'calls', value: { statuses: [{ ...DELIVERED, type: 'call', status: 'RINGING' }] } }
    const parsed = parse(envelope(call))
    expect(parsed.statuses).toEqual([])
    expect(parsed.other).toMatchObject([{ field: 'calls' }])
    expect(parsed.unknownCount).toBe(0)
  })
})

describe('inbound messages', () => {
  const TEXT = {
    from: '6281234567890',
    id: 'wamid.I',
    timestamp: '1750030073',
    type: 'text',
    text: { body: 'STOP' },
  }

  it('tells who wrote what, when, to which number', () => {
    expect(inbound({ ...TEXT, context: { from: '1', id: 'wamid.A' } }).inbound).toEqual([
      {
        providerMessageId: 'wamid.I',
        from: '6281234567890',
        occurredAt: '2025-06-15T23:27:53.000Z',
        type: 'text',
        text: 'STOP',
        inReplyTo: 'wamid.A',
        phoneNumberId: '106540352242922',
      },
    ])
  })

  it.each([
    [
      'a quick reply',
      { type: 'button', button: { text: 'Stop', payload: 'STOP:1' } },
      { text: 'Stop', payload: 'STOP:1' },
    ],
    [
      'a button',
      {
        type: 'interactive',
        interactive: { type: 'button_reply', button_reply: { id: 'b1', title: 'Pay' } },
      },
      { text: 'Pay', payload: 'b1' },
    ],
    [
      'a row of a list',
      { type: 'interactive', interactive: { type: 'list_reply', list_reply: { id: 'r1', title: 'Later' } } },
      { text: 'Later', payload: 'r1' },
    ],
    ['a caption', { type: 'image', image: { caption: 'my receipt', id: '1' } }, { text: 'my receipt' }],
    ['a type never heard of', { type: 'hologram', hologram: { x: 1 } }, { type: 'hologram' }],
    ['a type from the prototype', { type: 'constructor' }, { type: 'constructor' }],
    ['an interactive without a choice', { type: 'interactive' }, { type: 'interactive' }],
    ['a text that is no object', { type: 'text', text: 'STOP' }, { type: 'text' }],
    ['NUL and half a surrogate', { text: { body: 'a\0b\ud800c' } }, { text: 'a\uFFFDb\uFFFDc' }],
  ])('reads %s', (_name, members, expected) => {
    const parsed = inbound({ ...TEXT, ...members })
    expect(parsed.inbound).toMatchObject([expected])
    expect(parsed.unknownCount).toBe(0)
  })

  it('knows a person without a number from the message or from the sole contact', () => {
    const { from: _hidden, ...rest } = TEXT
    expect(inbound({ ...rest, from_user_id: 'ID.1' }).inbound).toMatchObject([{ fromUserId: 'ID.1' }])
    expect(inbound(rest, [{ user_id: 'ID.2' }]).inbound).toMatchObject([{ fromUserId: 'ID.2' }])
    const two = inbound(rest, [{ user_id: 'ID.2' }, { user_id: 'ID.3' }])
    expect(two).toMatchObject({ inbound: [], unknownCount: 1 })
  })

  it('does not lose the receipts beside a message it cannot read', () => {
    const parsed = parse(envelope(messagesChange({ messages: [{ odd: true }], statuses: [DELIVERED] })))
    expect(parsed.statuses).toHaveLength(1)
    expect(parsed).toMatchObject({
      unknownCount: 1,
      other: [{ field: 'messages.messages', value: { odd: true } }],
    })
  })
})

describe('everything else', () => {
  it('keeps the fields it knows of without counting them as unknown', () => {
    const value = { event: 'PAUSED', message_template_id: 1, message_template_name: 'payment_due' }
    expect(parse(envelope({ field: 'message_template_status_update', value }))).toEqual({
      statuses: [],
      inbound: [],
      templates: [
        {
          accountId: '102290129340398',
          platformId: '1',
          name: 'payment_due',
          kind: 'status',
          status: 'paused',
        },
      ],
      other: [{ field: 'message_template_status_update', value, accountId: '102290129340398' }],
      unknownCount: 0,
    })
  })

  it('keeps and counts a field never heard of', () => {
    expect(parse(envelope({ field: 'telepathy', value: { a: 1 } }))).toMatchObject({
      other: [{ field: 'telepathy', value: { a: 1 } }],
      unknownCount: 1,
    })
  })

  it('keeps and counts a member never heard of beside the receipts', () => {
    const parsed = parse(envelope(messagesChange({ statuses: [DELIVERED], pings: [1] })))
    expect(parsed).toMatchObject({
      statuses: [{ status: 'delivered' }],
      other: [{ field: 'messages.pings' }],
      unknownCount: 1,
    })
  })

  it('keeps errors at the top of the field', () => {
    const errors = [{ code: 131000, title: 'Something went wrong' }]
    expect(parse(envelope(messagesChange({ errors })))).toMatchObject({
      other: [{ field: 'messages.errors', value: errors }],
      unknownCount: 0,
    })
  })

  it.each([
    ['no bytes', ''],
    ['no JSON', 'hub.mode=subscribe'],
    ['JSON cut off', '{"object":"whatsapp_business_account","entry":[{"id'],
    ['a number', '7'],
    ['null', 'null'],
    ['a list', '[]'],
    ['an empty object', '{}'],
    ['an entry that is an object', '{"entry":{"changes":[]}}'],
    ['entries of all kinds', '{"entry":[null]}'],
    ['changes that are an object', '{"entry":[{"changes":{}}]}'],
    ['a change that is a text', '{"entry":[{"changes":["messages"]}]}'],
    ['a change without a field', '{"entry":[{"changes":[{"value":{}}]}]}'],
    ['messages whose value is a list', '{"entry":[{"changes":[{"field":"messages","value":[]}]}]}'],
    ['statuses that are an object', '{"entry":[{"changes":[{"field":"messages","value":{"statuses":{}}}]}]}'],
    ['a byte order mark', '\uFEFF{"entry":[]}'],
  ])('keeps and counts %s', (_name, body) => {
    const parsed = parse(body)
    expect(parsed).toMatchObject({ statuses: [], inbound: [], unknownCount: 1 })
    expect(parsed.other).toHaveLength(1)
  })

  it('takes bytes that are no UTF-8', () => {
    const parsed = PROVIDERS.whatsapp_cloud.parseWebhook(Buffer.from([0xff, 0xfe, 0x00, 0x7b]))
    expect(parsed.unknownCount).toBe(1)
  })

  it('is not fooled by prototype keys, and keeps them as plain members', () => {
    const body = '{"__proto__":{"entry":[1]},"constructor":{"prototype":{"polluted":true}},"entry":[]}'
    expect(parse(body)).toEqual({ statuses: [], inbound: [], templates: [], other: [], unknownCount: 0 })
    const kept = parse(
      '{"entry":[{"changes":[{"field":"x","value":{"__proto__":{"polluted":true},"bad":"\\u0000"}}]}]}',
    )
    const value = kept.other[0]!.value as object
    expect(Object.keys(value)).toEqual(['__proto__', 'bad'])
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  })

  it('survives a body nested as deeply as three megabytes allow, and keeps what can be written again', () => {
    const depth = 1_400_000
    const nested = `${'['.repeat(depth)}${']'.repeat(depth)}`
    const inPlaces = [
      nested,
      `{"entry":[{"changes":[{"field":"x","value":${nested}}]}]}`,
      `{"entry":[{"changes":[{"field":"messages","value":{"statuses":[${nested}]}}]}]}`,
      `{"entry":[{"changes":[{"field":"messages","value":{"statuses":[{"id":"w","status":"sent","timestamp":"1","pricing":${nested}}]}}]}]}`,
    ]
    for (const body of inPlaces) expect(JSON.stringify(parse(body)).length).toBeLessThan(10_000)
  })

  it('keeps what a database can hold: no NUL, no half surrogates, in keys or values', () => {
    const value = { 'a\0': ['x\0', 'ok', 'y\udc00'], 'b\ud800': { c: 1 } }
    const [kept] = parse(envelope({ field: 'x', value })).other
    expect(kept!.value).toEqual({ 'a\uFFFD': ['x\uFFFD', 'ok', 'y\uFFFD'], 'b\uFFFD': { c: 1 } })
  })

  it('keeps a flood of nonsense within bounds and counts all of it', () => {
    const parsed = statuses(...Array.from({ length: 50_000 }, () => 1))
    expect(parsed.unknownCount).toBe(50_000)
    expect(parsed.other.length).toBeLessThanOrEqual(1_000)
  })
})
