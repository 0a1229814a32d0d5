import { describe, expect, test } from 'vitest'
import { makeKey, parseKey, sameHash } from '../../src/workspaces/key.ts'

describe('an API key', () => {
  test('is found by its prefix and known by the hash of its secret', () => {
    const made = makeKey()
    expect(made.text).toMatch(/^dck_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}$/)
    const parsed = parseKey(made.text)!
    expect(parsed.prefix).toBe(made.prefix)
    expect(sameHash(parsed.secretHash, made.secretHash)).toBe(true)
  })

  test('is never made twice', () => {
    expect(new Set(Array.from({ length: 1000 }, () => makeKey().text)).size).toBe(1000)
  })

  test('that differs in one character is another key', () => {
    const made = makeKey()
    const last = made.text.at(-1) === 'a' ? 'b' : 'a'
    expect(sameHash(parseKey(`${made.text.slice(0, -1)}${last}`)!.secretHash, made.secretHash)).toBe(false)
  })

  test.each([
    ['nothing', ''],
    ['another scheme', 'sk_live_12345678'],
    ['a short secret', `dck_12345678_${'a'.repeat(42)}`],
    ['a long secret', `dck_12345678_${'a'.repeat(44)}`],
    ['other characters', `dck_12345678_${'a'.repeat(42)}é`],
    ['a line break at the end', `dck_12345678_${'a'.repeat(43)}\n`],
  ])('is not %s', (_, text) => {
    expect(parseKey(text)).toBeUndefined()
  })

  test('has a hash that is compared whole', () => {
    expect(sameHash(Buffer.alloc(32), Buffer.alloc(31))).toBe(false)
  })
})
