/** What somebody looks for, as patterns of SQL's LIKE. */
export type Sought = {
  /** For names and the like, without regard to case. */
  readonly like: string
  /**
   * The same in small letters, for `lower(column COLLATE "C") LIKE` where very many rows are looked at: that folds A to Z
   * alone, in a third of the time. Undefined where the words have other letters, of which only ILIKE knows large and small.
   */
  readonly folded: string | undefined
  /** For phone numbers in E.164; undefined where the words are no part of a number. */
  readonly digits: string | undefined
}

const NUMBER_LIKE = /^[\d\s()+./-]+$/
const ASCII = /^[\x20-\x7e]*$/
const LEAST_DIGITS = 3

/**
 * Reads words that somebody types to find a row by: the row has them anywhere. Of a number its digits count alone, and
 * not the zeros that it is dialled with at home.
 */
export function readSought(words: string): Sought {
  const digits = NUMBER_LIKE.test(words) ? words.replaceAll(/\D/g, '').replace(/^0+/, '') : ''
  const like = `%${words.replaceAll(/[\\%_]/g, '\\$&')}%`
  return {
    like,
    folded: ASCII.test(words) ? like.toLowerCase() : undefined,
    digits: digits.length < LEAST_DIGITS ? undefined : `%${digits}%`,
  }
}
