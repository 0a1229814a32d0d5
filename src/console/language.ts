import { AsyncLocalStorage } from 'node:async_hooks'
import type { CookieOptions, Request, RequestHandler, Response } from 'express'
import { isLanguage, LANGUAGES, type Language } from '../workspaces/index.ts'

export { LANGUAGES, type Language }

const COOKIE = 'duecast_language'
const YEAR_MS = 365 * 24 * 60 * 60 * 1000
const ACCEPTED_MAX = 20

/** One request is answered in one language, so whatever is said for it need not be told which. Rooms never ask. */
const spoken = new AsyncLocalStorage<{ readonly word: Language; readonly isChosen: boolean }>()

/** The language of the request at hand; the program's own where there is none. */
export function language(): Language {
  return spoken.getStore()?.word ?? LANGUAGES[0]
}

/** Lets all that comes after speak the language that the person chose, or else the one that the browser asks for. */
export function speakTheirLanguage(): RequestHandler {
  return (request, _response, next) => {
    const word = chosen(request)
    spoken.run({ word: word ?? asked(request), isChosen: word !== undefined }, next)
  }
}

/** Within a workspace its own language comes before the browser's, where it has one, and after what the person chose. */
export function speakingIn<T>(theirs: Language | null, work: () => T): T {
  if (theirs === null || spoken.getStore()?.isChosen) return work()
  return spoken.run({ word: theirs, isChosen: false }, work)
}

/** Remembers somebody's choice in their browser, where `word` is a language that the console speaks. */
export function rememberLanguage(response: Response, word: string, options: CookieOptions): void {
  if (isLanguage(word)) response.cookie(COOKIE, word, { ...options, maxAge: YEAR_MS })
}

function chosen(request: Request): Language | undefined {
  const cookie = new RegExp(`(?:^|;\\s*)${COOKIE}=(\\w+)`).exec(request.get('cookie') ?? '')?.[1] ?? ''
  return isLanguage(cookie) ? cookie : undefined
}

/** The first of the browser's languages, in its own order of preference, that the console speaks. */
function asked(request: Request): Language {
  const accepted = request.acceptsLanguages().slice(0, ACCEPTED_MAX)
  const words = accepted.map((tag) => tag.toLowerCase().split('-')[0] ?? '')
  // Indonesian was `in` before it was `id`, and some browsers still say so.
  return words.map((word) => (word === 'in' ? 'id' : word)).find(isLanguage) ?? LANGUAGES[0]
}
