import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { retryDelaySeconds } from '../../src/delivery/lifecycle.ts'
import { classifyAnswer } from '../../src/delivery/providers/whatsapp-cloud/classify.ts'
import { ERROR_RULES, ruleFor } from '../../src/delivery/providers/whatsapp-cloud/errors.ts'

/** A table of codes with what to do about each, kept beside the repository; read where it lies, if it does. */
const FILE = fileURLToPath(new URL('../../../shared/facts/whatsapp.md', import.meta.url))
const isPresent = existsSync(FILE)
if (!isPresent) console.warn(`SKIPPED: the documented error codes, because there is no file ${FILE}`)

/** Letters of the table: retry, permanent for the recipient, campaign, account or number, delay of a day. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  R: ['retry'],
  P: ['recipient'],
  C: ['campaign'],
  A: ['sender', 'account'],
  D: ['wait_a_day'],
}

/** What the table leaves open, or means for other parts of a program than sending. */
const OPEN = [131044, 131052, 130497, 133000, 133005, 133008, 133009, 133015, 133016]

function documented(): { code: number; allowed: string[] }[] {
  const section = readFileSync(FILE, 'utf8')
    .split(/^## 5\. /m)[1]!
    .split(/^## 6/m)[0]!
  return section
    .split('\n')
    .filter((line) => /^\| *\d/.test(line))
    .flatMap((line) => {
      const [, codes, , action] = line.split('|').map((cell) => cell.trim())
      const letters = [...new Set(action!.match(/\b[RPCAD]\b/g) ?? [])]
      const allowed = letters.flatMap((letter) => ACTIONS[letter] ?? [])
      return codesIn(codes!).map((code) => ({ code, allowed }))
    })
}

function codesIn(text: string): number[] {
  return text.split(/[,/]/).flatMap((part) => {
    const [first, last] = part.trim().split('-').map(Number)
    return last === undefined ? [first!] : Array.from({ length: last - first! + 1 }, (_, n) => first! + n)
  })
}

describe.skipIf(!isPresent)('every documented error code', () => {
  const table = isPresent ? documented() : []

  it('is there to be looked at', () => {
    console.info(`Looked at ${table.length} documented codes.`)
    expect(table.length).toBeGreaterThan(150)
  })

  it('has one action, and it is one that the table allows', () => {
    const wrong = table.flatMap(({ code, allowed }) => {
      const rule = ruleFor(code)
      if (!rule) return [`${code}: no rule`]
      if (OPEN.includes(code) || allowed.includes(rule.action)) return []
      return [`${code}: ${rule.action}, not ${allowed.join(' or ')}`]
    })
    expect(wrong).toEqual([])
  })
})

describe('an answer of the platform', () => {
  const refused = (code: number) =>
    classifyAnswer({ status: 400, body: JSON.stringify({ error: { code, message: 'x' } }) })

  it.each(ERROR_RULES.map((rule) => [rule.code, rule] as const))(
    '%i says what happened and what to do',
    (code, rule) => {
      expect(refused(code)).toMatchObject({ action: rule.action, message: `${rule.what} ${rule.mend}` })
    },
  )

  it('with a code that nobody knows costs one message only, is never sent again, and says where to look', () => {
    expect(refused(999_999)).toMatchObject({
      outcome: 'rejected',
      action: 'recipient',
      message: expect.stringContaining('999999'),
    })
  })

  it('is tried again only as often as that answer promises anything', () => {
    expect(refused(1)).toMatchObject({ outcome: 'not_sent', mostTries: 3 })
    expect(refused(131_000)).toMatchObject({ outcome: 'not_sent', mostTries: 4 })
    expect(refused(131_049)).toMatchObject({ action: 'wait_a_day', mostTries: 2 })
    expect(refused(131_056)).toMatchObject({ action: 'retry', retryFactor: 4 })
  })
})

describe('the wait before the next try', () => {
  it.each([
    ['nothing asked', {}, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]],
    ['a minute asked', { leastSeconds: 60 }, [60, 60, 60, 60, 60, 64, 128, 256, 300]],
    ['four times longer each time', { leastSeconds: 6, factor: 4 }, [6, 24, 96, 300, 300]],
    ['a day asked', { leastSeconds: 86_400 }, [86_400, 86_400]],
  ])('with %s', (_, asked, seconds) => {
    expect(seconds.map((_second, at) => retryDelaySeconds(at + 1, asked))).toEqual(seconds)
  })
})
