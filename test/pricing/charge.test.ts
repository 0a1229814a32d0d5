import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Category,
  type ChargeDecision,
  type ChargeFacts,
  CONVERSATION_MS,
  decideCharge,
  type ModelName,
  type OpenWindow,
} from '../../src/pricing/index.ts'
import { channelOf, MODEL_NAMES } from '../../src/pricing/models/registry.ts'

const PRICE: Partial<Record<Category, bigint>> = {
  marketing: 600_0000n,
  utility: 300_0000n,
  authentication: 440_0000n,
}

/** Siti's messages: a delivery on a day in Jakarta, without any window unless the test opens one. */
function delivered(category: Category, at: string, more: Partial<ChargeFacts> = {}): ChargeFacts {
  const priceMinor = PRICE[category] ?? 275_0000n
  return { category, priceMinor, at: new Date(at), on: at.slice(0, 10), windows: [], ...more }
}

/** Charges a series of deliveries in the order of the receipts, keeping the windows that they open. */
function chargeAll(model: ModelName, deliveries: readonly ChargeFacts[]): ChargeDecision[] {
  const windows: OpenWindow[] = []
  return deliveries.map((facts) => {
    const decision = decideCharge(model, { ...facts, windows: [...windows] })
    if (decision.opensWindow) windows.push(decision.opensWindow)
    return decision
  })
}

function chargesOf(model: ModelName, deliveries: readonly ChargeFacts[]): bigint[] {
  return chargeAll(model, deliveries).map(({ chargeMinor }) => chargeMinor)
}

describe('conversation_24h', () => {
  it('charges the first message and opens 24 hours from its delivery', () => {
    const facts = delivered('marketing', '2024-03-01T15:00:00+07:00')
    expect(decideCharge('conversation_24h', facts)).toEqual({
      chargeMinor: 600_0000n,
      reason: 'regular',
      opensWindow: {
        category: 'marketing',
        openedAt: facts.at,
        expiresAt: new Date('2024-03-02T15:00:00+07:00'),
      },
    })
  })

  it('does not charge the same category again inside the window, and charges it at its end', () => {
    const times = ['01T15:00:00', '01T15:00:01', '02T14:59:59', '02T15:00:00', '02T15:00:01']
    const charges = times.map((time) => delivered('utility', `2024-03-${time}+07:00`))
    expect(chargesOf('conversation_24h', charges)).toEqual([300_0000n, 0n, 0n, 300_0000n, 0n])
  })

  it('charges another category separately: marketing at 12:00 and authentication at 12:05 are two', () => {
    const deliveries = [
      delivered('marketing', '2024-03-01T12:00:00+07:00'),
      delivered('authentication', '2024-03-01T12:05:00+07:00'),
      delivered('marketing', '2024-03-01T12:10:00+07:00'),
      delivered('authentication', '2024-03-02T12:04:00+07:00'),
    ]
    expect(chargesOf('conversation_24h', deliveries)).toEqual([600_0000n, 440_0000n, 0n, 0n])
  })

  it('charges a reply as service once, however often the customer writes', () => {
    const more = { customerWindowUntil: new Date('2024-03-02T12:00:00+07:00') }
    const deliveries = [
      delivered('service', '2024-03-01T12:00:00+07:00', more),
      delivered('service', '2024-03-01T18:00:00+07:00', more),
    ]
    expect(chargesOf('conversation_24h', deliveries)).toEqual([275_0000n, 0n])
  })

  it('is not misled by the free utility of the later model', () => {
    const more = { customerWindowUntil: new Date('2025-12-02T12:00:00+07:00') }
    const facts = delivered('utility', '2025-12-01T12:00:00+07:00', more)
    expect(decideCharge('conversation_24h', facts).chargeMinor).toBe(300_0000n)
  })

  it('charges once although the earlier delivery is reported last', () => {
    const deliveries = [
      delivered('marketing', '2024-03-01T12:00:00+07:00'),
      delivered('marketing', '2024-03-01T11:00:00+07:00'),
      delivered('marketing', '2024-02-29T12:00:00+07:00'),
    ]
    expect(chargesOf('conversation_24h', deliveries)).toEqual([600_0000n, 0n, 600_0000n])
  })

  it('opens a window at a price of zero, and says why nothing was charged', () => {
    const decision = decideCharge('conversation_24h', {
      ...delivered('service', '2024-11-02T09:00:00Z'),
      priceMinor: 0n,
    })
    expect(decision).toMatchObject({
      chargeMinor: 0n,
      reason: 'zero_price',
      opensWindow: { category: 'service' },
    })
  })

  it('charges, for deliveries reported in order, exactly those that no charged one covers', () => {
    const minutes = fc.array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 40 })
    fc.assert(
      fc.property(minutes, (unsorted) => {
        const times = unsorted.toSorted((a, b) => a - b).map((minute) => 1_700_000_000_000 + minute * 60_000)
        const facts = times.map((time) => delivered('utility', new Date(time).toISOString()))
        let coveredUntil = 0
        const expected = times.map((time) => {
          if (time < coveredUntil) return 0n
          coveredUntil = time + CONVERSATION_MS
          return 300_0000n
        })
        expect(chargesOf('conversation_24h', facts)).toEqual(expected)
      }),
    )
  })
})

describe('per_message', () => {
  it('charges every delivered message and opens no window', () => {
    const deliveries = ['12:00', '12:01', '12:02'].map((time) =>
      delivered('marketing', `2026-11-22T${time}:00+07:00`),
    )
    expect(chargeAll('per_message', deliveries)).toEqual(
      Array(3).fill({ chargeMinor: 600_0000n, reason: 'regular' }),
    )
  })

  it.each<[Category, string, boolean]>([
    ['utility', '2025-06-30', false],
    ['utility', '2025-07-01', true],
    ['utility', '2026-09-30', true],
    ['utility', '2026-10-01', false],
    ['service', '2025-06-30', false],
    ['service', '2025-07-01', true],
    ['service', '2026-09-30', true],
    ['service', '2026-10-01', false],
    ['marketing', '2026-09-30', false],
    ['authentication', '2026-09-30', false],
  ])('%s inside the customer window on %s: free is %s', (category, on, isFree) => {
    const more = { customerWindowUntil: new Date(`${on}T12:00:01Z`) }
    const { reason } = decideCharge('per_message', delivered(category, `${on}T12:00:00Z`, more))
    expect(reason).toBe(isFree ? 'customer_window' : 'regular')
  })

  it('charges utility once the customer window has closed', () => {
    const more = { customerWindowUntil: new Date('2026-08-01T12:00:00Z') }
    expect(decideCharge('per_message', delivered('utility', '2026-08-01T12:00:00Z', more)).reason).toBe(
      'regular',
    )
    expect(decideCharge('per_message', delivered('utility', '2026-08-01T12:00:00Z')).reason).toBe('regular')
  })

  it("takes the rule of the account's day, not of the clock in Greenwich", () => {
    const customerWindowUntil = new Date('2026-10-01T12:00:00Z')
    const facts = {
      ...delivered('utility', '2026-09-30T17:00:00Z', { customerWindowUntil }),
      on: '2026-10-01',
    }
    expect(decideCharge('per_message', facts).reason).toBe('regular')
  })
})

describe('per_segment', () => {
  it('charges every message its frozen price: no window makes an SMS free, and none opens', () => {
    const at = '2026-08-01T12:00:00Z'
    const until = new Date('2026-08-02T12:00:00Z')
    const window = {
      category: 'utility' as const,
      openedAt: new Date('2026-08-01T11:00:00Z'),
      expiresAt: until,
    }
    const facts = delivered('utility', at, { customerWindowUntil: until, windows: [window] })
    expect(decideCharge('per_segment', facts)).toEqual({ chargeMinor: 300_0000n, reason: 'regular' })
    expect(decideCharge('per_segment', { ...facts, priceMinor: 0n })).toEqual({
      chargeMinor: 0n,
      reason: 'zero_price',
    })
  })
})

describe('both models', () => {
  it.each<[ModelName, Category]>([
    ['per_message', 'marketing'],
    ['conversation_24h', 'marketing'],
    ['conversation_24h', 'service'],
  ])('%s frees %s inside a free entry point, and opens nothing', (model, category) => {
    const freeEntryPointUntil = new Date('2026-11-24T12:00:00Z')
    const inside = delivered(category, '2026-11-24T11:59:59Z', { freeEntryPointUntil })
    const after = delivered(category, '2026-11-24T12:00:00Z', { freeEntryPointUntil })
    expect(decideCharge(model, inside)).toEqual({ chargeMinor: 0n, reason: 'free_entry_point' })
    expect(decideCharge(model, after).reason).toBe('regular')
  })

  it.each([
    ['free_customer_service', 0n],
    ['free_entry_point', 0n],
    ['free_group_customer_service', 0n],
    ['', 600_0000n],
    ['regular', 600_0000n],
    ['something_new', 600_0000n],
  ])("let the platform's word %s decide", (reportedType, charge) => {
    const facts = delivered('marketing', '2026-11-22T12:00:00Z', { reportedType })
    expect(decideCharge('per_message', facts).chargeMinor).toBe(charge)
    expect(decideCharge('conversation_24h', facts).chargeMinor).toBe(charge)
    expect(decideCharge('per_message', facts).reason).toBe(charge === 0n ? 'reported_free' : 'regular')
  })

  it("hear the platform's word before the free entry point and before their own windows", () => {
    const freeEntryPointUntil = new Date('2026-11-24T12:00:00Z')
    const facts = delivered('marketing', '2026-11-22T12:00:00Z', {
      freeEntryPointUntil,
      reportedType: 'free_customer_service',
    })
    expect(decideCharge('conversation_24h', facts)).toEqual({ chargeMinor: 0n, reason: 'reported_free' })
  })

  it('say why a message of a window is free', () => {
    const [, second] = chargeAll('conversation_24h', [
      delivered('utility', '2024-03-01T15:00:00+07:00'),
      delivered('utility', '2024-03-01T16:00:00+07:00'),
    ])
    expect(second).toEqual({ chargeMinor: 0n, reason: 'window_open' })
  })
})

it('each model prices messages of one channel', () => {
  expect(Object.fromEntries(MODEL_NAMES.map((model) => [model, channelOf(model)]))).toEqual({
    per_message: 'whatsapp',
    conversation_24h: 'whatsapp',
    per_segment: 'sms',
  })
})
