import { beginAttempt, endAttempt, type Subject } from './attempt.ts'
import { readEmail } from './email.ts'
import { isPassword } from './password.ts'
import {
  findPerson,
  listMemberships,
  type Membership,
  type PeopleHouse,
  type Person,
  readAccount,
} from './person.ts'
import { useCode } from './second-factor.ts'
import { hashOf, isToken, newToken } from './token.ts'

const TICKET_MS = 5 * 60_000

export type SignedIn =
  | { readonly kind: 'in'; readonly memberships: readonly [Membership, ...Membership[]] }
  /** The password is right; a code of the second factor must follow, with this ticket, within five minutes. */
  | { readonly kind: 'code'; readonly ticket: string }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'wait'; readonly seconds: number }

/**
 * Signs a person in by e-mail and password. What is wrong is not told, nor does the time it takes: an address that
 * nobody has is as wrong as a password. Failures slow down the account and the address of whoever tries.
 */
export async function signInByPassword(
  house: PeopleHouse,
  tried: { readonly email: string; readonly password: string; readonly address: string },
): Promise<SignedIn> {
  const email = readEmail(tried.email) ?? ''
  const address: Subject = ['address', tried.address]
  const account: Subject = ['account', email]
  const seconds = await beginBoth(house, address, account)
  if (seconds > 0) return { kind: 'wait', seconds }
  const person = await findPerson(house, email)
  if (!(await isPassword(person?.passwordHash, tried.password)) || !person) return { kind: 'wrong' }
  await endAttempt(house.database.sql, address, false)
  await endAttempt(house.database.sql, account)
  return person.totpSecret === null
    ? enter(house, person)
    : { kind: 'code', ticket: await openTicket(house, person) }
}

/** Completes a sign-in with a code of the person's app or a recovery code, once for a ticket. */
export async function signInByCode(
  house: PeopleHouse,
  tried: { readonly ticket: string; readonly code: string },
): Promise<SignedIn> {
  const personId = isToken(tried.ticket) ? await findToken(house, tried.ticket, 'sign_in') : undefined
  if (personId === undefined) return { kind: 'wrong' }
  const subject: Subject = ['code', personId]
  const { database, clock } = house
  const seconds = await beginAttempt(database.sql, subject, clock.now())
  if (seconds > 0) return { kind: 'wait', seconds }
  const person = await readAccount(house, personId)
  if (!(await useCode(house, person, tried.code))) return { kind: 'wrong' }
  await endAttempt(database.sql, subject)
  const used = await useToken(house, tried.ticket, 'sign_in')
  return used === undefined ? { kind: 'wrong' } : enter(house, person)
}

/**
 * Whether it is that person: by their password, or by a code where the second factor is on.
 * @returns 0 for yes, -1 for no, else the seconds to wait before another try
 */
export async function confirmPerson(
  house: PeopleHouse,
  personId: string,
  proof: { readonly password?: string | undefined; readonly code?: string | undefined },
): Promise<number> {
  const subject: Subject = ['code', personId]
  const seconds = await beginAttempt(house.database.sql, subject, house.clock.now())
  if (seconds > 0) return seconds
  const person = await readAccount(house, personId)
  const isTheirs = proof.code
    ? await useCode(house, person, proof.code)
    : await isPassword(person.passwordHash, proof.password ?? '')
  if (!isTheirs) return -1
  await endAttempt(house.database.sql, subject)
  return 0
}

/** Whose link or ticket it is, while it is fresh and unused. */
export async function findToken(
  { database, clock }: PeopleHouse,
  token: string,
  purpose: 'reset' | 'sign_in',
): Promise<string | undefined> {
  const [row] = await database.sql<{ id: string | null }[]>`
    SELECT find_person_token(${hashOf(token)}, ${purpose}, ${clock.now().toISOString()}::timestamptz) AS id`
  return row?.id ?? undefined
}

/** The same, and it is used up: of two who come at once, one gets it. */
export async function useToken(
  { database, clock }: PeopleHouse,
  token: string,
  purpose: 'reset' | 'sign_in',
): Promise<string | undefined> {
  const [row] = await database.sql<{ id: string | null }[]>`
    SELECT use_person_token(${hashOf(token)}, ${purpose}, ${clock.now().toISOString()}::timestamptz) AS id`
  return row?.id ?? undefined
}

export async function keepToken(
  { database, clock }: PeopleHouse,
  personId: string,
  purpose: 'reset' | 'sign_in',
  lifetimeMs: number,
): Promise<string> {
  const token = newToken()
  const now = clock.now()
  const until = new Date(now.getTime() + lifetimeMs).toISOString()
  await database.sql`
    SELECT keep_person_token(${personId}, ${hashOf(token)}, ${purpose}, ${until}::timestamptz,
                             ${now.toISOString()}::timestamptz)`
  return token
}

async function beginBoth(
  { database, clock }: PeopleHouse,
  address: Subject,
  account: Subject,
): Promise<number> {
  const now = clock.now()
  const byAddress = await beginAttempt(database.sql, address, now)
  return byAddress > 0 ? byAddress : beginAttempt(database.sql, account, now)
}

/** Somebody who belongs nowhere any more is nobody here. */
async function enter(house: PeopleHouse, person: Person): Promise<SignedIn> {
  const [first, ...others] = await listMemberships(house, person.id)
  return first ? { kind: 'in', memberships: [first, ...others] } : { kind: 'wrong' }
}

function openTicket(house: PeopleHouse, person: Person): Promise<string> {
  return keepToken(house, person.id, 'sign_in', TICKET_MS)
}
