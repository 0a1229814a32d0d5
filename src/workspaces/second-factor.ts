import { randomInt } from 'node:crypto'
import { Secret, TOTP } from 'otpauth'
import type { AnySql } from '../platform/db.ts'
import type { SecretBox } from '../platform/secrets.ts'
import { hashOf } from './token.ts'

const ISSUER = 'Duecast'
const PERIOD_MS = 30_000
const SECRET_BYTES = 20
/** Clocks may differ by one period to either side. */
const WINDOW = 1
const RECOVERY_CODES = 10
/** Without the letters and digits that are taken for one another; 16 of 30 are 78 bits. */
const LETTERS = 'ABCDEFGHJKMNPQRSTVWXYZ23456789'
const CODE_LETTERS = 16

/** A new secret for an authenticator app, and the address by which apps take it up. */
export function proposeSecret(email: string): { secret: string; uri: string } {
  const secret = new Secret({ size: SECRET_BYTES }).base32
  return { secret, uri: uriOf(secret, email) }
}

export function uriOf(secret: string, email: string): string {
  return totpOf(secret, email).toString()
}

/** The period whose code this is, among those that may be current; undefined for a wrong code. */
export function stepOf(secret: string, code: string, now: Date): number | undefined {
  const token = code.replaceAll(/\s/g, '')
  if (!/^\d{6}$/.test(token)) return undefined
  const delta = totpOf(secret).validate({ token, timestamp: now.getTime(), window: WINDOW })
  return delta === null ? undefined : Math.floor(now.getTime() / PERIOD_MS) + delta
}

/** Codes for the day the app is lost: each is good once. */
export function makeRecoveryCodes(): { codes: string[]; hashes: Buffer[] } {
  const codes = Array.from({ length: RECOVERY_CODES }, () => {
    const letters = Array.from({ length: CODE_LETTERS }, () => LETTERS[randomInt(LETTERS.length)]).join('')
    return letters.match(/.{4}/g)!.join('-')
  })
  return { codes, hashes: codes.map((code) => hashOf(plainCode(code))) }
}

type Owner = { readonly id: string; readonly totpSecret: Buffer | null }
type House = {
  readonly database: { readonly sql: AnySql }
  readonly clock: { now(): Date }
  readonly secrets: SecretBox
}

/** Takes a code of the person's app, or one of their recovery codes; no code is taken twice, however fast. */
export async function useCode(
  { database, clock, secrets }: House,
  person: Owner,
  code: string,
): Promise<boolean> {
  if (person.totpSecret === null) return false
  const now = clock.now()
  const step = stepOf(openSecret(secrets, person.id, person.totpSecret), code, now)
  if (step !== undefined) {
    const [row] = await database.sql<{ used: boolean }[]>`SELECT use_totp_step(${person.id}, ${step}) AS used`
    return row!.used
  }
  const plain = plainCode(code)
  if (plain.length !== CODE_LETTERS) return false
  const [row] = await database.sql<{ used: boolean }[]>`
    SELECT use_recovery_code(${person.id}, ${hashOf(plain)}, ${now.toISOString()}::timestamptz) AS used`
  return row!.used
}

export function sealSecret(secrets: SecretBox, personId: string, secret: string): Buffer {
  return secrets.seal(secret, `totp ${personId}`)
}

export function openSecret(secrets: SecretBox, personId: string, sealed: Uint8Array): string {
  return secrets.open(sealed, `totp ${personId}`) as string
}

function totpOf(secret: string, label = ''): TOTP {
  return new TOTP({
    issuer: ISSUER,
    label,
    secret: Secret.fromBase32(secret),
    period: PERIOD_MS / 1000,
    digits: 6,
  })
}

function plainCode(code: string): string {
  return code.toUpperCase().replaceAll(/[^A-Z\d]/g, '')
}
