const MOST_CHARS = 254
const ADDRESS = /^[^\s@<>()[\]\\,;:"\p{C}]{1,64}@[^\s@<>()[\]\\,;:"\p{C}]+\.[^\s@<>()[\]\\,;:"\p{C}.]{2,}$/u

/** An e-mail address as it is kept: without the spaces around it and in small letters; undefined for what is none. */
export function readEmail(text: string): string | undefined {
  const email = text.trim().normalize('NFC').toLowerCase()
  return email.length <= MOST_CHARS && ADDRESS.test(email) && !email.includes('..') ? email : undefined
}
