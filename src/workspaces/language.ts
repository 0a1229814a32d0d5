/** The languages that people are spoken to in; the first is the program's own. */
export const LANGUAGES = ['en', 'id', 'es'] as const
export type Language = (typeof LANGUAGES)[number]

export function isLanguage(word: string): word is Language {
  return LANGUAGES.some((one) => one === word)
}
