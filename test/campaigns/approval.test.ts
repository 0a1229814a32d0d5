import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  decideApproval,
  editCampaign,
  pauseCampaign,
  resumeCampaign,
  setPolicy,
} from '../../src/campaigns/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  draft,
  fund,
  makeParts,
  openClinic,
  type Person,
  PRICE,
  patients,
  quote,
  reasonOf,
  submit,
} from './clinic.ts'
import { openPostOffice, send, tend } from './post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
})
afterAll(() => house?.close())

/** Ten messages on a wallet that they take more than half of. */
async function pending(by: Person = 'budi'): Promise<string> {
  await fund(clinic, '5000.00')
  const id = await draft(clinic, await makeParts(clinic, patients(10)))
  const { id: quoteId } = await quote(clinic, id)
  const submitted = unwrap(await submit(clinic, id, quoteId))
  expect(submitted.state).toBe('pending_approval')
  expect(by).toBe('budi')
  return id
}

const decide = (person: Person, id: string, decision: 'approve' | 'reject' = 'approve') =>
  clinic.as(person, (scope) => decideApproval(scope, id, { decision, reason: 'looked at it' }))

describe('a campaign that waits for approval', () => {
  it('holds its money and sends nothing, however often it is tended', async () => {
    const id = await pending()
    expect((await booksOf(clinic)).held).toBe(10n * PRICE)
    const office = openPostOffice()
    await tend(clinic, id)
    expect(await send(clinic, id, office)).toBe(0)
  })

  it.each(['sari', 'dewi', 'ratna'] as const)('goes out when %s approves it', async (person) => {
    const id = await pending()
    expect(unwrap(await decide(person, id)).state).toBe('scheduled')
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })

  it('is not approved by Budi, who made it, nor by Joko, who may not', async () => {
    const id = await pending()
    expect(reasonOf(await decide('budi', id))).toBe('forbidden')
    expect(reasonOf(await decide('joko', id))).toBe('forbidden')
  })

  it('is not approved by who edited it, whatever the role', async () => {
    await fund(clinic, '5000.00')
    const id = await draft(clinic, await makeParts(clinic, patients(10)))
    unwrap(await clinic.as('dewi', (scope) => editCampaign(scope, id, { name: 'Better words' })))
    unwrap(await submit(clinic, id, (await quote(clinic, id)).id))
    expect(reasonOf(await decide('dewi', id))).toBe('self_approval')
    expect((await decide('ratna', id)).ok).toBe(true)
  })

  it('is not paused, so that nobody lets it go on without an approval', async () => {
    const id = await pending()
    expect(reasonOf(await clinic.as('budi', (scope) => pauseCampaign(scope, id)))).toBe('wrong_state')
    expect(reasonOf(await clinic.as('budi', (scope) => resumeCampaign(scope, id)))).toBe('wrong_state')
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(unwrap(await decide('sari', id)).state).toBe('scheduled')
  })

  it('is decided once: a second approval finds it scheduled', async () => {
    const id = await pending()
    const answers = await Promise.all(
      (['sari', 'dewi', 'ratna'] as const).map((person) => decide(person, id)),
    )
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1)
    expect(new Set(answers.map(reasonOf))).toEqual(new Set([undefined, 'wrong_state']))
  })

  it('gives all its money back when it is rejected, and can never be sent', async () => {
    const id = await pending()
    expect(unwrap(await decide('sari', id, 'reject')).state).toBe('rejected')
    expect(await booksOf(clinic)).toMatchObject({ wallet: 50_000_000n, held: 0n })
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect((await clinic.within(auditWorkspace)).checks.filter((check) => !check.ok)).toEqual([])
  })

  it('cannot be approved when its time has passed, but rejected', async () => {
    const id = await pending()
    const now = clinic.now()
    clinic.later(25 * 3_600_000)
    expect(reasonOf(await decide('sari', id))).toBe('approval_expired')
    expect(unwrap(await decide('sari', id, 'reject')).state).toBe('rejected')
    clinic.at(now)
  })

  it('is judged by the policy in force when it was submitted', async () => {
    await fund(clinic, '100000.00')
    const parts = await makeParts(clinic, patients(10))
    unwrap(await clinic.as('ratna', (scope) => setPolicy(scope, { maxRecipients: 9 })))
    const id = await draft(clinic, parts)
    expect(unwrap(await submit(clinic, id, (await quote(clinic, id)).id)).state).toBe('pending_approval')
    unwrap(await clinic.as('ratna', (scope) => setPolicy(scope, { maxRecipients: 10 })))
    const other = await draft(clinic, parts)
    expect(unwrap(await submit(clinic, other, (await quote(clinic, other)).id)).state).toBe('scheduled')
    expect(unwrap(await decide('sari', id)).state).toBe('scheduled')
  })
})
