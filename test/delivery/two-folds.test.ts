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

/** The first has written and not yet committed when the second comes to the same row. */
async function foldBeside(senderId: string, first: Told, second: Told): Promise<void> {
  const sender = { id: senderId, provider: PROVIDERS.whatsapp_cloud }
  const written = gate()
  const mayCommit = gate()
  await post(clinic, senderId, [first])
  const one = foldWebhooks(
    (work) =>
      clinic.within(async (scope) => {
        const folded = await work(scope)
        written.resolve()
        await mayCommit.promise
        return folded
      }),
    sender,
  )
  await written.promise
  await post(clinic, senderId, [second])
  const two = foldWebhooks(clinic.within, sender)
  await untilSomebodyWaits()
  mayCommit.resolve()
  await Promise.all([one, two])
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
