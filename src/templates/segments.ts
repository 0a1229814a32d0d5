/**
 * How an SMS is cut into what is charged. GSM 03.38: seven-bit characters, 160 in a single message and 153 in each part
 * of a longer one; a character of the extension table takes two and is not cut in half. A text with any other
 * character goes as UCS-2: 70 and 67 units of sixteen bits, where a surrogate pair is not cut in half either.
 */
export type SmsSize = {
  readonly encoding: 'gsm7' | 'ucs2'
  /** Septets or sixteen-bit units, escapes and both halves of pairs included. */
  readonly units: number
  readonly segments: number
}

const LIMITS = { gsm7: { single: 160, part: 153 }, ucs2: { single: 70, part: 67 } } as const

/** The basic table without ESC, which stands for no character. */
const GSM7_BASIC =
  '@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà'
const GSM7_EXTENSION = '\f^{}\\[~]|€'

const SEPTETS: ReadonlyMap<string, 1 | 2> = new Map([
  ...[...GSM7_BASIC].map((character) => [character, 1] as const),
  ...[...GSM7_EXTENSION].map((character) => [character, 2] as const),
])

/** Measures a text as it would be sent; an empty text takes one segment, since it would still be one message. */
export function smsSize(text: string): SmsSize {
  const characters = [...text]
  const septets = characters.map((character) => SEPTETS.get(character))
  return septets.every((width) => width !== undefined)
    ? sizeOf('gsm7', septets)
    : sizeOf(
        'ucs2',
        characters.map(({ length }) => length),
      )
}

/** The characters for which a text cannot go in seven bits, each once, in their order. */
export function outsideGsm7(text: string): string[] {
  return [...new Set(text)].filter((character) => !SEPTETS.has(character))
}

/** Spaces that a formatted amount or date brings along and that only look different: `Rp 1.500.000` has one. */
const STRANGE_SPACES = /[\u00A0\u2000-\u200A\u202F\u205F\u3000]/g

/** The text as it is sent: strange spaces become plain ones, line ends one kind, so that they do not double the price. */
export function plainSms(text: string): string {
  return text.replace(/\r\n?|[\u2028\u2029]/g, '\n').replace(STRANGE_SPACES, ' ')
}

/** Fills parts in order; what is wider than one unit goes into the next part as a whole. */
function sizeOf(encoding: 'gsm7' | 'ucs2', widths: readonly number[]): SmsSize {
  const { single, part } = LIMITS[encoding]
  const units = widths.reduce((sum, width) => sum + width, 0)
  if (units <= single) return { encoding, units, segments: 1 }
  let segments = 1
  let filled = 0
  for (const width of widths) {
    if (filled + width > part) {
      segments += 1
      filled = 0
    }
    filled += width
  }
  return { encoding, units, segments }
}
