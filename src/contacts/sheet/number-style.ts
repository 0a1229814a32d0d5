/** What a number format makes of a number. */
export type NumberStyle = 'number' | 'date' | 'time'

/** The date and time formats that Excel keeps under fixed ids (ECMA-376 18.8.30, with the East Asian ones). */
const BUILT_IN_DATES: readonly (readonly [first: number, last: number])[] = [
  [14, 17],
  [22, 22],
  [27, 31],
  [34, 36],
  [50, 54],
  [57, 58],
]
const BUILT_IN_TIMES: readonly (readonly [first: number, last: number])[] = [
  [18, 21],
  [32, 33],
  [45, 45],
  [47, 47],
  [55, 56],
]

/** The style of a built-in number format. */
export function builtInStyle(formatId: number): NumberStyle {
  const within = ([first, last]: readonly [number, number]) => formatId >= first && formatId <= last
  if (BUILT_IN_DATES.some(within)) return 'date'
  return BUILT_IN_TIMES.some(within) ? 'time' : 'number'
}

/**
 * The style of a custom format code: a date if its first section shows days, months or years, a time if it shows hours
 * only; quoted text, colours, locales and escapes aside. Elapsed time (`[h]:mm`) is a number: it is no time of day.
 */
export function customStyle(formatCode: string): NumberStyle {
  const bare = formatCode
    .replace(/"[^"]*"/g, '')
    .replace(/[\\_*]./g, '')
    .replace(/;.*$/s, '')
  if (/\[(?:h+|m+|s+)\]/i.test(bare)) return 'number'
  const letters = bare
    .replace(/\[[^\]]*\]/g, '')
    .replace(/general/gi, '')
    .replace(/am\/pm|a\/p/gi, 'h')
    .toLowerCase()
  if (/[#0?]/.test(letters.replace(/[.,]0+/g, ''))) return 'number'
  if (/[dye]/.test(letters)) return 'date'
  if (/[hs]/.test(letters)) return 'time'
  return /m/.test(letters) ? 'date' : 'number'
}
