import { readdirSync, readFileSync } from 'node:fs'
import { IntlMessageFormat } from 'intl-messageformat'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en, type WordKey, type Words } from '../../src/console/words/en.ts'
import { es } from '../../src/console/words/es.ts'
import { id } from '../../src/console/words/id.ts'
import { type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole } from './door.ts'

const OTHERS: readonly [language: string, words: Words][] = [
  ['id', id],
  ['es', es],
]
/** Names, signs and words that are the same in two languages. */
const SAME_MOST = 40

describe('the catalogues', () => {
  it.each(OTHERS)('%s says all that English says, with the same figures in it', (language, words) => {
    expect(Object.keys(words)).toEqual(expect.arrayContaining(Object.keys(en)))
    expect(Object.keys(words).length).toBe(Object.keys(en).length)
    for (const key of Object.keys(en) as WordKey[])
      expect([key, figuresOf(words[key], language)]).toEqual([key, figuresOf(en[key], 'en')])
  })

  it.each(OTHERS)('%s is a language of its own', (_language, words) => {
    const same = (Object.keys(en) as WordKey[]).filter((key) => words[key] === en[key])
    expect(same.length, same.join(', ')).toBeLessThan(SAME_MOST)
  })

  it.each([['en', en as Words], ...OTHERS])('%s has no text that is empty, or untidy', (_language, words) => {
    const untidy = Object.entries(words).filter(
      ([, text]) => text.trim() !== text || text === '' || / {2}/.test(text),
    )
    expect(untidy).toEqual([])
  })
})

describe('the pages', () => {
  it('say nothing that the catalogue does not have', () => {
    const folder = new URL('../../templates/console/', import.meta.url)
    const files = readdirSync(folder).filter((name) => name.endsWith('.hbs'))
    const said = files.flatMap((name) =>
      [...readFileSync(new URL(name, folder), 'utf8').matchAll(/[{(]t "([^"]+)"/g)].map(([, key]) => [
        name,
        key!,
      ]),
    )
    expect(said.length).toBeGreaterThan(500)
    expect(said.filter(([, key]) => !Object.hasOwn(en, key!))).toEqual([])
  })
})

describe('the language of a page', () => {
  let house: Console
  let stage: Stage
  beforeAll(async () => {
    house = await openConsole()
    stage = await setStage(house, '1234567.50')
  })
  afterAll(() => house.close())

  it.each([
    ['id-ID,id;q=0.9,en;q=0.8', 'id', 'Masuk ke Duecast'],
    ['in', 'id', 'Masuk ke Duecast'],
    ['es-MX', 'es', 'Iniciar sesión en Duecast'],
    ['fr, de;q=0.9, es;q=0.5, en;q=0.2', 'es', 'Iniciar sesión en Duecast'],
    ['fr', 'en', 'Sign in to Duecast'],
    ['*', 'en', 'Sign in to Duecast'],
    ['%%%;q=nonsense', 'en', 'Sign in to Duecast'],
  ])(
    'is the first that the browser asks for and the console speaks: %s',
    async (accept, language, heading) => {
      const { text } = await house.browser().see('/sign-in', { 'accept-language': accept })
      expect(text).toContain(`<html lang="${language}">`)
      expect(text).toContain(`<h1>${heading}</h1>`)
    },
  )

  it('is the one that the person chose, from then on, and leads back to the same page', async () => {
    const chosen = await house.browser().send('/language', { language: 'id', here: '/campaigns?state=draft' })
    expect([chosen.status, chosen.to]).toEqual([303, '/campaigns?state=draft'])
    const cookie = chosen.headers.get('set-cookie')!.split(';')[0]!
    expect(cookie).toBe('duecast_language=id')
    const { text } = await house.browser(cookie).see('/sign-in', { 'accept-language': 'es' })
    expect(text).toContain('Masuk ke Duecast')
  })

  it.each(['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', ''])(
    'never leads away from the console: %s',
    async (here) => {
      const chosen = await house.browser().send('/language', { language: 'id', here })
      expect([chosen.status, chosen.to]).toEqual([303, '/'])
    },
  )

  it('is not one that the console does not speak, and is no other site’s to choose', async () => {
    const unknown = await house.browser().send('/language', { language: 'tlh', here: '/' })
    expect(unknown.headers.get('set-cookie')).toBeNull()
    const foreign = { 'sec-fetch-site': 'cross-site' }
    expect((await house.browser().send('/language', { language: 'id' }, foreign)).status).toBe(403)
  })

  it.each([
    ['en', '1,234,567.50'],
    ['id', '1.234.567,50'],
    ['es', '1.234.567,50'],
  ])('writes amounts and days as %s does', async (language, amount) => {
    const owner = await house.signIn(stage.keys.owner)
    const { text } = await owner.see('/wallet', { 'accept-language': language })
    expect(text).toContain(`>${amount}<`)
  })
})

function figuresOf(text: string, language: string): string[] {
  const names = new Set<string>()
  const walk = (elements: readonly Element[]) => {
    for (const element of elements) {
      if (element.type !== LITERAL && element.type !== POUND) names.add(element.value ?? '')
      for (const { value } of Object.values(element.options ?? {})) walk(value)
    }
  }
  walk(new IntlMessageFormat(text, language).getAst() as readonly Element[])
  return [...names].sort()
}

/** As the parser of ICU messages numbers its elements. */
const LITERAL = 0
const POUND = 7
type Element = { type: number; value?: string; options?: Record<string, { value: readonly Element[] }> }
