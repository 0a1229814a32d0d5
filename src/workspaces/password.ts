import { hash, verify } from '@node-rs/argon2'
import { type Refusal, refuse } from '../platform/result.ts'

export const PASSWORD_MIN_CHARS = 12
export const PASSWORD_MAX_CHARS = 256
/** OWASP's Password Storage Cheat Sheet: Argon2id, which is this library's own choice, with 19 MiB and two passes. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
/** What is compared where nobody bears the name: the answer then takes as long as it does for somebody. */
const NOBODYS =
  '$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'

/** Hashes a password with a salt of its own; about a tenth of a second of work. */
export function hashPassword(password: string): Promise<string> {
  return hash(password.normalize('NFKC'), COST)
}

/** Whether it is the password; `stored` is undefined for nobody, which takes as long. */
export async function isPassword(stored: string | undefined, password: string): Promise<boolean> {
  const attempted = password.length > PASSWORD_MAX_CHARS ? '' : password.normalize('NFKC')
  const same = await verify(stored ?? NOBODYS, attempted)
  return same && stored !== undefined
}

/** Refuses what is too easily guessed, at the field `password`; undefined for what will do. */
export function refusePassword(
  password: string,
  person: { email: string; name: string },
): Refusal<'validation_failed'> | undefined {
  const message = faultOf(password, person)
  if (message === undefined) return undefined
  return refuse('validation_failed', message, { errors: [{ path: 'password', code: 'weak', message }] })
}

function faultOf(password: string, { email, name }: { email: string; name: string }): string | undefined {
  const chars = [...password.normalize('NFKC')]
  if (chars.length < PASSWORD_MIN_CHARS || password.length > PASSWORD_MAX_CHARS)
    return `A password has ${PASSWORD_MIN_CHARS} to ${PASSWORD_MAX_CHARS} characters; a few words in a row serve well.`
  const plain = password.toLowerCase()
  if (new Set(chars).size < LEAST_DIFFERENT || isRun(plain))
    return 'This repeats or counts, and is among the first that are guessed. Choose another.'
  const own = [email, email.split('@')[0]!, name.toLowerCase()]
  if (own.some((word) => plain.replaceAll(/[\W\d_]/g, '') === word.replaceAll(/[\W\d_]/g, '')))
    return 'This is your own name or address, and is among the first that are guessed. Choose another.'
  return COMMON.some((word) => plain.replaceAll(/[\W\d_]/g, '') === word)
    ? 'This is among the first that are guessed. Choose another.'
    : undefined
}

const LEAST_DIFFERENT = 5
const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890123456789',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
]
/** What is left of the commonest long ones without digits and signs. */
const COMMON = [
  'password',
  'passwordpassword',
  'qwerty',
  'letmein',
  'welcome',
  'iloveyou',
  'duecast',
  'admin',
  'administrator',
  'katasandi',
  'rahasia',
  'contrasena',
  'contraseña',
]

function isRun(plain: string): boolean {
  return ROWS.some((row) => row.includes(plain) || [...row].reverse().join('').includes(plain))
}
