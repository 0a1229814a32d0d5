import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  draft,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  minor,
  quote,
  submit,
  topUp,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Utility, Indonesia, from the card that is installed: IDR 356.65. */
const PRICE_MINOR = 3_566_500n
const SHARES = { seed: 7, delivered: 0.7, failed: 0.2, read_only: 0.2, duplicated: 0.2, shuffled: 0.2 }

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
}, 60_000)
afterAll(async () => {
  await stack?.stop()
}, 60_000)

describe('a campaign from its list to its settlement', () => {
  it('charges what was delivered, gives back the rest, and every figure agrees to the last digit', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '1000000.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(300))
    const sender_id = await makeSender(firm, { ...SHARES, lifetime_seconds: 3 })
    const template_id = await makeTemplate(firm.budi)

    const { id, quote: quoted, submitted } = await launch(firm.budi, { template_id, sender_id, list_id })
    expect(quoted).toMatchObject({ recipients: 300, total: { amount: '106995.00', currency: 'IDR' } })
    expect(submitted.state).toBe('scheduled')
    expect(await wallet(firm)).toEqual({ available: '893005.00', held: '106995.00', spent: '0.00' })

    const { events, ended } = await follow(stack, firm.joko, id, undefined, 50_000)
    expect(ended).toBe(true)
    const settled = events.at(-1)
    expect(settled.state).toBe('settled')
    const witness = await witnessOf(stack, sender_id)
    const { counts, money } = settled
    expect(counts.total).toBe(300)
    expect(counts.delivered + counts.read).toBe(witness.delivered)
    expect(witness).toMatchObject({ accepted: 300, distinct: 300, accepted_twice: 0, recipients_twice: 0 })
    expect(minor(money.captured)).toBe(BigInt(witness.delivered) * PRICE_MINOR)
    expect(minor(money.held)).toBe(minor(money.captured) + minor(money.released))
    expect(minor(money.remaining)).toBe(0n)
    const after = await wallet(firm)
    expect(after.held).toBe('0.00')
    expect(after.spent).toBe(money.captured.amount)
    expect(minor({ amount: after.available }) + minor({ amount: after.spent })).toBe(10_000_000_000n)
  }, 60_000)
})

async function wallet(firm: Firm) {
  const body = expectStatus(await firm.joko.get('/v1/wallet'), 200)
  return { available: body.available.amount, held: body.held.amount, spent: body.spent.amount }
}
