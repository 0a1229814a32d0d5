import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { editCampaign, submitCampaign, tendCampaign } from '../../src/campaigns/index.ts'
import { suppress } from '../../src/contacts/index.ts'
import { newId } from '../../src/platform/ids.ts'
import { unwrap } from '../../src/platform/result.ts'
import { publishRates } from '../../src/pricing/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  draft,
  fund,
  launch,
  makeList,
  makeParts,
  openClinic,
  type Parts,
  PRICE,
  patients,
  quote,
  reasonOf,
  submit,
} from './clinic.ts'

let house: Clinic
let clinic: Clinic
let parts: Parts
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  parts = await makeParts(clinic, patients(10))
})
afterAll(() => house?.close())

const HOUR_MS = 3_600_000
const TEN = 10n * PRICE

describe('a submission', () => {
  it('freezes the audience, reserves its price and moves the state, all at once', async () => {
    await fund(clinic, '10000.00')
    const id = await draft(clinic, parts)
    const quoted = await quote(clinic, id)
    expect(quoted).toMatchObject({ recipients: 10, totalMinor: TEN, minimumMinor: TEN, excluded: [] })
    const submitted = unwrap(await submit(clinic, id, quoted.id))
    expect(submitted).toMatchObject({ state: 'scheduled', submittedBy: 'key:budi' })
    expect(await booksOf(clinic)).toMatchObject({ wallet: 100_000_000n - TEN, held: TEN })
    expect(await countOf('messages')).toBe(10)
    expect((await clinic.within(auditWorkspace)).ok).toBe(true)
  })

  it('by many at once is one: the others find it submitted', async () => {
    await fund(clinic, '10000.00')
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    const answers = await Promise.all(Array.from({ length: 12 }, () => submit(clinic, id, quoteId)))
    expect(answers.filter((answer) => answer.ok)).toHaveLength(1)
    expect(new Set(answers.map(reasonOf))).toEqual(new Set([undefined, 'wrong_state']))
    expect((await booksOf(clinic)).held).toBe(TEN)
  })

  it('of many campaigns at once on a wallet for three takes three', async () => {
    await openHanded(clinic)
    await fund(clinic, '10700.00')
    const ids = await Promise.all(Array.from({ length: 8 }, () => draft(clinic, parts)))
    const quotes: string[] = []
    for (const id of ids) quotes.push((await quote(clinic, id)).id)
    const answers = await Promise.all(ids.map((id, n) => submit(clinic, id, quotes[n]!)))
    expect(answers.filter((answer) => answer.ok)).toHaveLength(3)
    expect(answers.map(reasonOf).filter((reason) => reason === 'insufficient_funds')).toHaveLength(5)
    expect((await booksOf(clinic)).held).toBe(3n * TEN)
  })
})

describe('a submission that is refused changes nothing', () => {
  beforeEach(() => fund(clinic, '10000.00'))

  it.each(['sari', 'joko'] as const)('because %s may not', async (person) => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    await unchanged(() => clinic.as(person, (scope) => submitCampaign(scope, id, { quoteId })), 'forbidden')
  })

  it.each(['no id', '00000000-0000-7000-8000-000000000000'])(
    'because there is no campaign %j',
    async (id) => {
      await unchanged(() => submit(clinic, id, newId()), 'not_found')
    },
  )

  it('because it is another workspace’s', async () => {
    const shop = await house.openNeighbour()
    const id = await draft(shop, await makeParts(shop))
    const { id: quoteId } = await quote(shop, id)
    await unchanged(() => submit(clinic, id, quoteId), 'not_found')
  })

  it('because it has not been quoted', async () => {
    const id = await draft(clinic, parts)
    await unchanged(() => submit(clinic, id, newId()), 'wrong_state')
  })

  it('because it is submitted already', async () => {
    const id = await launch(clinic, parts)
    await unchanged(() => submit(clinic, id, newId()), 'wrong_state')
  })

  it('because a later quote took the place of this one', async () => {
    const id = await draft(clinic, parts)
    const { id: first } = await quote(clinic, id)
    await quote(clinic, id)
    await unchanged(() => submit(clinic, id, first), 'quote_not_current')
  })

  it('because the quote is another campaign’s', async () => {
    const id = await draft(clinic, parts)
    await quote(clinic, id)
    const other = await quote(clinic, await draft(clinic, parts))
    await unchanged(() => submit(clinic, id, other.id), 'quote_not_current')
  })

  it('because it was changed after its quote', async () => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    unwrap(await clinic.as('budi', (scope) => editCampaign(scope, id, { name: 'Other words' })))
    await unchanged(() => submit(clinic, id, quoteId), 'wrong_state')
  })

  it('because the quote has expired', async () => {
    const id = await draft(clinic, parts)
    const quoted = await quote(clinic, id)
    const now = clinic.now()
    clinic.at(new Date(quoted.expiresAt))
    await unchanged(() => submit(clinic, id, quoted.id), 'quote_expired')
    clinic.at(now)
  })

  it.each([
    ['somebody joined the list', (listId: string) => join(listId)],
    ['somebody left the list', (listId: string) => leave(listId)],
    ['somebody’s values changed', () => rename()],
    ['somebody opted out', () => optOut()],
    ['the price changed', () => raisePrice()],
  ])('because %s', async (_, change) => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    await change(parts.listId)
    await unchanged(() => submit(clinic, id, quoteId), 'quote_changed')
  })

  it('because nobody is left to be sent to', async () => {
    const listId = await makeList(clinic, [{ phone: '+628120000001' }])
    const id = await draft(clinic, { ...parts, listId })
    const quoted = await quote(clinic, id)
    expect(quoted).toMatchObject({ recipients: 0, excluded: [{ reason: 'missing_variable', count: 1 }] })
    await unchanged(() => submit(clinic, id, quoted.id), 'no_recipients')
  })

  it('because the template is not approved any more', async () => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    await clinic.within(({ sql }) => sql`UPDATE templates SET state = 'paused'`)
    await unchanged(() => submit(clinic, id, quoteId), 'template_not_approved')
  })

  it('because the sender is stopped', async () => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    await clinic.within(({ sql }) => sql`UPDATE senders SET state = 'stopped', stop_reason = 'unpaid'`)
    await unchanged(() => submit(clinic, id, quoteId), 'sender_stopped')
  })

  it('because its time has passed', async () => {
    const id = await draft(clinic, parts, {
      schedule: { at: '2026-11-23T10:00:00', timeZone: 'Asia/Jakarta' },
    })
    const { id: quoteId } = await quote(clinic, id)
    const now = clinic.now()
    clinic.later(2 * HOUR_MS)
    await unchanged(() => submit(clinic, id, quoteId), 'schedule_in_past')
    clinic.at(now)
  })

  it('because there is not enough money, and says how much is missing', async () => {
    const listId = await makeList(clinic, patients(40))
    const id = await draft(clinic, { ...parts, listId })
    const { id: quoteId } = await quote(clinic, id)
    const refusal = await unchanged(() => submit(clinic, id, quoteId), 'insufficient_funds')
    const money = (amount: string) => ({ amount, currency: 'IDR' })
    expect(refusal).toMatchObject({
      facts: { available: money('10000.00'), required: money('14266.00'), shortfall: money('4266.00') },
    })
  })

  it('because the books do not balance', async () => {
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    await clinic.within(
      ({ sql }) => sql`UPDATE workspaces SET frozen_at = now(), frozen_reason = 'wallet off by one'`,
    )
    await unchanged(() => submit(clinic, id, quoteId), 'books_do_not_balance')
  })
})

describe('a campaign that may wait for money', () => {
  const waiting = async (more: object = {}) => {
    const id = await draft(clinic, parts, { insufficientFunds: 'wait', ...more })
    const { id: quoteId } = await quote(clinic, id)
    expect(unwrap(await submit(clinic, id, quoteId)).state).toBe('waiting_for_funds')
    return id
  }

  it('waits with nothing reserved, and goes on by itself when the money is there', async () => {
    await fund(clinic, '1000.00')
    const id = await waiting()
    expect(await clinic.within((scope) => tendCampaign(scope, id))).toBe(false)
    expect(await booksOf(clinic)).toMatchObject({ wallet: 10_000_000n, held: 0n })
    expect(await countOf('messages')).toBe(0)
    await fund(clinic, '20000.00')
    expect(await clinic.within((scope) => tendCampaign(scope, id))).toBe(true)
    expect(await stateOf(id)).toBe('scheduled')
    expect((await booksOf(clinic)).held).toBe(TEN)
  })

  it('is quoted anew when its quote has changed meanwhile', async () => {
    const id = await waiting()
    await join(parts.listId)
    await fund(clinic, '20000.00')
    await clinic.within((scope) => tendCampaign(scope, id))
    expect(await stateOf(id)).toBe('quoted')
    expect((await booksOf(clinic)).held).toBe(0n)
    unwrap(await submit(clinic, id, (await quote(clinic, id)).id))
    expect((await booksOf(clinic)).held).toBe(11n * PRICE)
  })

  it('expires when nobody has paid by its end', async () => {
    const end = new Date(clinic.now().getTime() + HOUR_MS)
    const id = await waiting({ schedule: { now: true, sendBefore: end.toISOString() } })
    const now = clinic.now()
    clinic.at(end)
    await clinic.within((scope) => tendCampaign(scope, id))
    expect(await stateOf(id)).toBe('expired')
    clinic.at(now)
  })
})

describe('a campaign that may go out in part', () => {
  it('goes to as many as the money is for, in the order of the list', async () => {
    await openHanded(clinic)
    await fund(clinic, '1200.00')
    const id = await draft(clinic, parts, { insufficientFunds: 'partial' })
    const { id: quoteId } = await quote(clinic, id)
    expect(unwrap(await submit(clinic, id, quoteId)).state).toBe('scheduled')
    expect(await countOf('messages')).toBe(3)
    expect(await booksOf(clinic)).toMatchObject({ wallet: 12_000_000n - 3n * PRICE, held: 3n * PRICE })
    expect((await clinic.within(auditWorkspace)).ok).toBe(true)
  })

  it('goes to all when there is enough', async () => {
    await fund(clinic, '10000.00')
    await launch(clinic, parts, { insufficientFunds: 'partial' })
    expect((await booksOf(clinic)).held).toBe(TEN)
  })

  it('is refused when there is not enough for one', async () => {
    await fund(clinic, '356.64')
    const id = await draft(clinic, parts, { insufficientFunds: 'partial' })
    const { id: quoteId } = await quote(clinic, id)
    const refusal = await unchanged(() => submit(clinic, id, quoteId), 'insufficient_funds')
    expect(refusal).toMatchObject({ facts: { shortfall: { amount: '3209.86', currency: 'IDR' } } })
  })
})

/** Runs what must be refused with `reason`, and compares every account and the size of every table before and after. */
async function unchanged<T extends { ok: boolean }>(work: () => Promise<T>, reason: string): Promise<T> {
  const before = await everything()
  const refusal = await work()
  expect(refusal).toMatchObject({ ok: false, reason })
  expect(await everything()).toEqual(before)
  return refusal
}

async function everything() {
  const sizes = await clinic.asOwner(async ({ sql }) => {
    const tables = await sql<{ name: string }[]>`
      SELECT relname AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1`
    const counts: Record<string, number> = {}
    for (const { name } of tables) {
      const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM ${sql(name)}`
      counts[name] = row!.n
    }
    return counts
  })
  const states = await clinic.within(
    ({ sql }) => sql`SELECT id, state, version, quote_id FROM campaigns ORDER BY id`,
  )
  return { sizes, states: [...states], books: await booksOf(clinic) }
}

async function countOf(table: string): Promise<number> {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ n: number }[]>`SELECT count(*)::int AS n FROM ${sql(table)}`,
  )
  return row!.n
}

async function stateOf(id: string): Promise<string> {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ state: string }[]>`SELECT state FROM campaigns WHERE id = ${id}`,
  )
  return row!.state
}

/** A policy that asks nobody for approval. */
async function openHanded(of: Clinic): Promise<void> {
  await of.within(
    ({ sql, workspaceId }) => sql`
      INSERT INTO approval_policies (workspace_id, version, created_by, created_at) VALUES (${workspaceId}, 2, 'test', now())`,
  )
}

async function join(listId: string): Promise<void> {
  const other = await makeList(clinic, patients(1, 900))
  await clinic.within(
    ({ sql }) =>
      sql`INSERT INTO list_members SELECT workspace_id, ${listId}, contact_id FROM list_members WHERE list_id = ${other}`,
  )
}

async function leave(listId: string): Promise<void> {
  await clinic.within(
    ({ sql }) =>
      sql`DELETE FROM list_members WHERE list_id = ${listId} AND contact_id = (SELECT min(id) FROM contacts)`,
  )
}

async function rename(): Promise<void> {
  await clinic.within(
    ({ sql }) => sql`UPDATE contacts SET name = 'Another' WHERE id = (SELECT min(id) FROM contacts)`,
  )
}

async function optOut(): Promise<void> {
  const [patient] = patients(1)
  unwrap(
    await clinic.as('budi', (scope) =>
      suppress(scope, { phone: patient!.phone, scope: 'all', reason: 'asked' }),
    ),
  )
}

async function raisePrice(): Promise<void> {
  const table =
    'model,currency,market,category,effective_from,price_per_unit\nper_message,IDR,Indonesia,utility,2026-01-01,400'
  unwrap(await clinic.as('dewi', (scope) => publishRates(scope, { table, fileName: 'ours.csv' })))
}
