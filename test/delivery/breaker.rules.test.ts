import { describe, expect, it } from 'vitest'
import { Breaker } from '../../src/delivery/breaker.ts'
import type { SendOutcome } from '../../src/delivery/provider.ts'

const ACCEPTED: SendOutcome = { outcome: 'accepted', providerMessageId: 'wamid.1', messageStatus: 'accepted' }
const UNKNOWN: SendOutcome = { outcome: 'indeterminate', code: 'UND_ERR_HEADERS_TIMEOUT', message: 'x' }
const UNREACHED: SendOutcome = { outcome: 'not_sent', code: 'ECONNREFUSED', message: 'x', action: 'retry' }
const TOO_FAST: SendOutcome = { ...UNREACHED, code: '130429', retryAfterMs: 1_000 }
const REFUSED: SendOutcome = { outcome: 'rejected', code: '131026', message: 'x', action: 'recipient' }

/** A breaker that has been told of so many unclear calls in a row, at the moment 0. */
function toldOf(count: number, outcome: SendOutcome = UNKNOWN): Breaker {
  const breaker = new Breaker()
  for (let n = 0; n < count; n++) breaker.tell(outcome, 0)
  return breaker
}

describe('a provider that gives no clear answer', () => {
  it.each([
    ['does not answer', UNKNOWN],
    ['cannot be reached', UNREACHED],
  ])('and %s is called twenty times in a row and then left alone', (_, outcome) => {
    expect(toldOf(19, outcome).allow(0)).toBe('all')
    const breaker = toldOf(19, outcome)
    expect(breaker.tell(outcome, 0)).toBe('away')
    expect([breaker.allow(0), breaker.waitMs(0)]).toEqual(['none', 1_000])
  })

  it.each([
    ['has taken a message', ACCEPTED],
    ['has refused one', REFUSED],
    ['has asked for a wait', TOO_FAST],
  ])('in between and %s is there', (_, outcome) => {
    const breaker = toldOf(19)
    expect(breaker.tell(outcome, 0)).toBeUndefined()
    for (let n = 0; n < 19; n++) breaker.tell(UNKNOWN, 0)
    expect(breaker.allow(0)).toBe('all')
  })

  it('is tried with one message after a rest, by one alone', () => {
    const breaker = toldOf(20)
    expect([breaker.allow(999), breaker.allow(1_000), breaker.allow(1_000)]).toEqual(['none', 'one', 'none'])
    expect(breaker.waitMs(1_000)).toBe(500)
  })

  it('is called by all again once one has had an answer', () => {
    const breaker = toldOf(20)
    breaker.allow(1_000)
    expect(breaker.tell(ACCEPTED, 1_100)).toBe('back')
    expect([breaker.allow(1_100), breaker.waitMs(1_100)]).toEqual(['all', 0])
  })

  it('rests twice as long after each try in vain, and half a minute at most', () => {
    const breaker = toldOf(20)
    const restsMs: number[] = []
    let nowMs = 0
    for (let n = 0; n < 7; n++) {
      restsMs.push(breaker.waitMs(nowMs))
      nowMs += breaker.waitMs(nowMs)
      expect(breaker.allow(nowMs)).toBe('one')
      expect(breaker.tell(UNKNOWN, nowMs)).toBe('away')
    }
    expect(restsMs).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
  })

  it('learns nothing from calls that were under way when the rest began', () => {
    const breaker = toldOf(20)
    for (let n = 0; n < 100; n++) expect(breaker.tell(UNKNOWN, 500)).toBeUndefined()
    expect(breaker.waitMs(500)).toBe(500)
  })

  it('but for good news', () => {
    const breaker = toldOf(20)
    expect(breaker.tell(ACCEPTED, 500)).toBe('back')
    expect(breaker.allow(500)).toBe('all')
  })

  it('begins to be counted anew when it is back', () => {
    const breaker = toldOf(20)
    breaker.tell(ACCEPTED, 500)
    for (let n = 0; n < 19; n++) breaker.tell(UNKNOWN, 600)
    expect(breaker.allow(600)).toBe('all')
    expect(breaker.tell(UNKNOWN, 600)).toBe('away')
    expect(breaker.waitMs(600)).toBe(1_000)
  })

  it('is tried by another where the one that should have tried was never called', () => {
    const breaker = toldOf(20)
    expect(breaker.allow(1_000)).toBe('one')
    expect([breaker.allow(30_999), breaker.allow(31_000)]).toEqual(['none', 'one'])
  })
})
