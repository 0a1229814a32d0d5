import { describe, expect, it } from 'vitest'
import { findProvider, PROVIDERS } from '../../src/delivery/providers/index.ts'
import { simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { describeConformance } from './conformance.ts'

const { simulator } = PROVIDERS

describeConformance({
  provider: simulator,
  connect: (orders, deps) => simulator.connect(simulator.configSchema.parse(orders), deps),
})

describe('the simulator as a provider', () => {
  it('needs no configuration at all', () => {
    expect(simulator.configSchema.parse({})).toEqual({})
  })

  it.each([
    [{ delivered: 1.1 }, 'delivered'],
    [{ failed: -0.1 }, 'failed'],
    [{ read: '0.5' }, 'read'],
    [{ seed: 1.5 }, 'seed'],
    [{ late_ms: -1 }, 'late_ms'],
    [{ messages_per_second: 0 }, 'messages_per_second'],
    [{ deliverd: 0.9 }, 'deliverd'],
  ])('refuses %j and names the member', (config, member) => {
    const parsed = simulator.configSchema.safeParse(config)
    expect(parsed.success).toBe(false)
    expect(JSON.stringify(parsed.error?.issues)).toContain(member)
  })

  it('gives a sender the same number wherever its server listens, and another sender another', () => {
    const id = simulatedPhoneNumberId('http://127.0.0.1:3000/webhooks/whatsapp/snd_1')
    expect(id).toMatch(/^\d{15}$/)
    expect(simulatedPhoneNumberId('https://duecast.example/webhooks/whatsapp/snd_1')).toBe(id)
    expect(simulatedPhoneNumberId('http://127.0.0.1:3000/webhooks/whatsapp/snd_2')).not.toBe(id)
  })

  it('signs with the secret that the house made for the sender', () => {
    expect(simulator.signingSecrets({}, { appSecret: 'abc' })).toEqual(['abc'])
  })
})

describe('the registry of providers', () => {
  it('finds each provider under its own kind', () => {
    for (const [kind, provider] of Object.entries(PROVIDERS)) {
      expect(provider.kind).toBe(kind)
      expect(findProvider(kind)).toBe(provider)
    }
  })

  it.each(['', 'telegram', 'constructor', '__proto__', 'toString'])('finds nothing under %j', (kind) => {
    expect(findProvider(kind)).toBeUndefined()
  })
})
