import { BYTEA_ARRAY } from '../platform/db.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { beginAttempt } from './attempt.ts'
import { recordEvent } from './audit-trail.ts'
import { readEmail } from './email.ts'
import { hashPassword, refusePassword } from './password.ts'
import { findPerson, listMemberships, type Membership, type PeopleHouse, readAccount } from './person.ts'
import { makeRecoveryCodes, openSecret, proposeSecret, sealSecret, stepOf, uriOf } from './second-factor.ts'
import { findToken, keepToken, useToken } from './sign-in.ts'
import { isToken } from './token.ts'

const RESET_MS = 60 * 60_000

/** Sets a new password for whoever has just proved who they are; their other sessions end, everywhere. */
export async function changePassword(
  house: PeopleHouse,
  personId: string,
  password: string,
  sessionId: string,
): Promise<Result<undefined, 'validation_failed'>> {
  const person = await readAccount(house, personId)
  const weak = refusePassword(password, person)
  if (weak) return weak
  await setPassword(house, personId, password, sessionId)
  return ok(undefined)
}

/**
 * Makes a link with which a person sets a new password, once, within an hour.
 * @returns its token; undefined where nobody has this address
 */
export async function openReset(house: PeopleHouse, emailText: string): Promise<string | undefined> {
  const email = readEmail(emailText)
  const person = email === undefined ? undefined : await findPerson(house, email)
  return person && keepToken(house, person.id, 'reset', RESET_MS)
}

/** Whether somebody may be mailed a link now: a few in a row, then ever fewer. 0, or the seconds to wait. */
export function beginReset(house: PeopleHouse, emailText: string): Promise<number> {
  const email = readEmail(emailText) ?? ''
  return beginAttempt(house.database.sql, ['mail', email], house.clock.now())
}

/** Whether a link to a new password is still good. */
export async function isResetOpen(house: PeopleHouse, token: string): Promise<boolean> {
  return isToken(token) && (await findToken(house, token, 'reset')) !== undefined
}

/**
 * Sets a new password by a link, and ends every session of the person. A second factor stays on: whoever reads
 * somebody's mail does not get in by it alone.
 */
export async function resetPassword(
  house: PeopleHouse,
  asked: { readonly token: string; readonly password: string },
): Promise<Result<readonly Membership[], 'link_over' | 'validation_failed'>> {
  const personId = isToken(asked.token) ? await findToken(house, asked.token, 'reset') : undefined
  if (personId === undefined) return linkOver()
  const weak = refusePassword(asked.password, await readAccount(house, personId))
  if (weak) return weak
  if ((await useToken(house, asked.token, 'reset')) === undefined) return linkOver()
  await setPassword(house, personId, asked.password, null)
  return ok(await listMemberships(house, personId))
}

/** The secret that waits for its first code, made now if there is none: as text, and as an address for apps. */
export async function proposeSecondFactor(
  house: PeopleHouse,
  personId: string,
): Promise<{ secret: string; uri: string }> {
  const person = await readAccount(house, personId)
  if (person.totpPending !== null) {
    const secret = openSecret(house.secrets, personId, person.totpPending)
    return { secret, uri: uriOf(secret, person.email) }
  }
  const proposed = proposeSecret(person.email)
  await house.database
    .sql`SELECT propose_totp(${personId}, ${sealSecret(house.secrets, personId, proposed.secret)})`
  return proposed
}

/**
 * Switches the second factor on with the first code of the app.
 * @returns the recovery codes, shown this once
 */
export async function startSecondFactor(
  house: PeopleHouse,
  scope: Scope,
  personId: string,
  code: string,
): Promise<Result<readonly string[], 'validation_failed' | 'wrong_state'>> {
  const person = await readAccount(house, personId)
  if (person.totpPending === null)
    return refuse('wrong_state', 'Nothing waits for a code. Open your account anew.')
  const secret = openSecret(house.secrets, personId, person.totpPending)
  const step = stepOf(secret, code, scope.now)
  if (step === undefined) return wrongCode()
  const { codes, hashes } = makeRecoveryCodes()
  await scope.sql`
    SELECT set_totp(${personId}, ${sealSecret(house.secrets, personId, secret)}, ${scope.sql.array(hashes, BYTEA_ARRAY)},
                    ${step})`
  await recordEvent(scope, 'second_factor.started', scope.actor.name)
  return ok(codes)
}

/** Switches the second factor off, for whoever has just proved who they are. */
export async function stopSecondFactor(scope: Scope, personId: string): Promise<void> {
  await scope.sql`SELECT set_totp(${personId}, NULL, ${scope.sql.array([], BYTEA_ARRAY)}, 0)`
  await recordEvent(scope, 'second_factor.stopped', scope.actor.name)
}

async function setPassword(
  { database, clock }: PeopleHouse,
  personId: string,
  password: string,
  butSession: string | null,
): Promise<void> {
  const passwordHash = await hashPassword(password)
  await database.sql`
    SELECT set_password(${personId}, ${passwordHash}, ${butSession}, ${clock.now().toISOString()}::timestamptz)`
}

function wrongCode() {
  const message =
    'This is not the code that the app shows now. Look whether the clock of your device is right.'
  return refuse('validation_failed', message, { errors: [{ path: 'code', code: 'wrong', message }] })
}

function linkOver() {
  return refuse('link_over', 'This link was used before, or its hour is over. Ask for a new one.')
}
