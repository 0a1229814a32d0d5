const UNSOUND = /\0|\p{Surrogate}/u

/** Whether it can be kept as it is: no database text holds a NUL, and half of a pair is no character. */
export function isSoundText(text: string): boolean {
  return !UNSOUND.test(text)
}
