import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { foldWebhooks } from '../../src/delivery/index.ts'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { type Clinic, fund, launch, makeParts, openClinic, PRICE, patients } from '../campaigns/clinic.ts'
import { close, openPostOffice, post, send, type Told } from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '100000.00')
})
afterAll(() => house?.close())

const DAY_MS = 24 * 3_600_000

describe('two folds that hear of one message at once', () => {
  it.each([
    ['while its money is held', false],
    ['after its money has gone back', true],
  ])('charge it once and move it as far as either heard, %s', async (_when, isLate) => {
    const parts = await makeParts(clinic, patients(1))
    const id = await launch(clinic, parts)
    const office = openPostOffice()
    await send(clinic, id, office)
    const of = office.handedIn[0]!
    if (isLate) {
      clinic.later(DAY_MS + 1)
      await close(clinic, id)
    }
    await foldBeside(parts.senderId, { of, status: 'delivered' }, { of, status: 'read' })
    const rows = await clinic.within(
      ({ sql }) => sql`
        SELECT m.state, m.money, c.amount, c.late FROM messages m JOIN charges c ON c.message_id = m.id WHERE m.campaign_id = ${id}`,
    )
    expect([...rows]).toEqual([{ state: 'read', money: 'captured', amount: PRICE, late: isLate }])
    const { checks } = await clinic.within(auditWorkspace)
    expect(checks.flatMap((check) => check.differences)).toEqual([])
  })
})

it('a fold that has yet to commit keeps no fold of other messages of its campaign waiting', async () => {
  const parts = await makeParts(clinic, patients(2))
  const id = await launch(clinic, parts)
  const office = openPostOffice()
  await send(clinic, id, office)
  const [first, second] = office.handedIn.map((of) => ({ of, status: 'delivered' as const }))
  await post(clinic, parts.senderId, [first!])
  const { folding, mayCommit } = await foldAndHold(parts.senderId)
  await post(clinic, parts.senderId, [second!])
  await foldWebhooks(clinic.within, { id: parts.senderId, provider: PROVIDERS.whatsapp_cloud })
  mayCommit.resolve()
  await folding
  const rows = await clinic.within(
    ({ sql }) => sql`SELECT state, n::int FROM message_counts WHERE campaign_id = ${id} AND n > 0`,
  )
  expect([...rows]).toEqual([{ state: 'delivered', n: 2 }])
  const { checks } = await clinic.within(auditWorkspace)
  expect(checks.flatMap((check) => check.differences)).toEqual([])
})

it('a fold that charges late and one that gives money back meet in one order', async () => {
  const parts = await makeParts(clinic, patients(2))
  const id = await launch(clinic, parts)
  const office = openPostOffice()
  await send(clinic, id, office)
  const [one, other] = office.handedIn
  const sender = { id: parts.senderId, provider: PROVIDERS.whatsapp_cloud }
  await post(clinic, sender.id, [{ of: one!, status: 'failed' }])
  await foldWebhooks(clinic.within, sender)
  await post(clinic, sender.id, [{ of: one!, status: 'delivered' }])
  const { folding, mayCommit, tries } = await foldAndHold(sender.id)
  await post(clinic, sender.id, [{ of: other!, status: 'failed' }])
  const { folding: beside, tries: triesBeside } = fold(sender.id)
  await untilSomebodyWaits()
  mayCommit.resolve()
  await Promise.all([folding, beside])
  // Whoever is chosen as the victim of a deadlock tries again.
  expect([tries(), triesBeside()]).toEqual([1, 1])
  const { checks } = await clinic.within(auditWorkspace)
  expect(checks.flatMap((check) => check.differences)).toEqual([])
})

/** The first has decided and not yet committed when the second comes to the same row. */
async function foldBeside(senderId: string, first: Told, second: Told): Promise<void> {
  await post(clinic, senderId, [first])
  const { folding, mayCommit } = await foldAndHold(senderId)
  await post(clinic, senderId, [second])
  const two = foldWebhooks(clinic.within, { id: senderId, provider: PROVIDERS.whatsapp_cloud })
  await untilSomebodyWaits()
  mayCommit.resolve()
  await Promise.all([folding, two])
}

/** A fold that has done all but commit, and does so when it may. */
async function foldAndHold(senderId: string) {
  const decided = gate()
  const mayCommit = gate()
  const folding = fold(senderId, async () => {
    decided.resolve()
    await mayCommit.promise
  })
  await decided.promise
  return { ...folding, mayCommit }
}

/** A fold, and how often it was begun. */
function fold(senderId: string, beforeCommit = async () => {}) {
  let tries = 0
  const within: typeof clinic.within = (work) =>
    clinic.within(async (scope) => {
      tries += 1
      const folded = await work(scope)
      await beforeCommit()
      return folded
    })
  const folding = foldWebhooks(within, { id: senderId, provider: PROVIDERS.whatsapp_cloud })
  return { folding, tries: () => tries }
}

async function untilSomebodyWaits(): Promise<void> {
  for (;;) {
    const [row] = await clinic.asOwner(
      ({ sql }) => sql<{ n: number }[]>`SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted`,
    )
    if (row!.n > 0) return
  }
}

function gate() {
  let resolve = () => {}
  const promise = new Promise<void>((open) => {
    resolve = open
  })
  return { promise, resolve }
}
