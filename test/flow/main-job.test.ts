import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read as readWorkbook, utils } from 'xlsx'
import {
  allMessages,
  booksOf,
  draft,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  minor,
  quote,
  submit,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat, openTokoMaju } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'

/** Utility, Indonesia, from the card that is installed: IDR 356.65. */
const PRICE_MINOR = 3_566_500n
const SHARES = { seed: 7, delivered: 0.7, failed: 0.2, read_only: 0.2, duplicated: 0.2, shuffled: 0.2 }

let stack: Stack
beforeAll(async () => {
  stack = await startStack()
})
afterAll(() => stack?.stop())

describe('a campaign from its list to its settlement', () => {
  let firm: Firm
  let id: string
  let sender_id: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there.
  let settled: any

  it('is quoted to the last digit, and its money is reserved when it is submitted', async () => {
    firm = await openKlinikSehat(stack)
    await topUp(firm, '1000000.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(300))
    sender_id = await makeSender(firm, { ...SHARES, lifetime_seconds: 3 })
    const template_id = await makeTemplate(firm.budi)

    const launched = await launch(firm.budi, { template_id, sender_id, list_id })
    id = launched.id
    expect(launched.quote).toMatchObject({
      total: { amount: '106995.00', currency: 'IDR' },
      recipients: 300,
      lines: [
        {
          market: 'Indonesia',
          category: 'utility',
          count: 300,
          unit_price: { amount: '356.65', currency: 'IDR' },
          subtotal: { amount: '106995.00', currency: 'IDR' },
        },
      ],
      excluded: [],
    })
    expect(launched.submitted.state).toBe('scheduled')
    expect(await walletOf(firm)).toEqual({ available: '893005.00', held: '106995.00', spent: '0.00' })
  })

  it('tells its progress as it goes, and ends its stream when it is settled', async () => {
    const beganMs = performance.now()
    const { events, ended } = await follow(stack, firm.joko, id)
    const tookSeconds = (performance.now() - beganMs) / 1000
    settled = events.at(-1)
    expect(ended).toBe(true)
    expect(settled.state).toBe('settled')
    expect(events.length).toBeLessThanOrEqual(2 + 2 * tookSeconds)
    for (const { counts } of events) {
      const { total, ...states } = counts
      expect(Object.values(states as Record<string, number>).reduce((sum, n) => sum + n, 0)).toBe(total)
    }
    expect(expectStatus(await firm.joko.get(`/v1/campaigns/${id}`), 200)).toEqual(settled)
  })

  it('has charged exactly what the stand-in delivered, and nothing twice', async () => {
    const witness = await witnessOf(stack, sender_id)
    expect(witness).toMatchObject({ accepted: 300, distinct: 300, accepted_twice: 0, recipients_twice: 0 })
    const { counts, money } = settled
    expect(counts.delivered + counts.read).toBe(witness.delivered)
    expect(counts.read).toBe(witness.read)
    expect(counts.failed).toBe(witness.failed)
    expect(counts.expired).toBe(witness.undelivered)
    expect(minor(money.captured)).toBe(BigInt(witness.delivered) * PRICE_MINOR)
    expect(minor(money.held)).toBe(minor(money.captured) + minor(money.released))
    expect(money.remaining.amount).toBe('0.00')
  })

  it('has neither made nor lost money', async () => {
    const after = await walletOf(firm)
    expect(after.held).toBe('0.00')
    expect(after.spent).toBe(settled.money.captured.amount)
    expect(minor({ amount: after.available }) + minor({ amount: after.spent })).toBe(10_000_000_000n)
    expect(await booksOf(firm)).toEqual([])
  })

  it('says for each recipient what happened and what it cost', async () => {
    const messages = await allMessages(firm.joko, id)
    expect(messages).toHaveLength(300)
    const charged = messages.reduce((sum, message) => sum + minor(message.charged), 0n)
    expect(charged).toBe(minor(settled.money.captured))
    for (const message of messages) {
      const paid = message.state === 'delivered' || message.state === 'read'
      expect(message.charged.amount).toBe(paid ? '356.65' : '0.00')
      expect(message.explanation).toMatch(paid ? /^charged IDR 356\.65: .*utility, Indonesia/ : /not charged/)
      expect(message.attempts).toBe(1)
      expect(message.provider_message_id).toMatch(/^wamid\./)
      expect(message.error === undefined).toBe(message.state !== 'failed')
    }
    const failed = await allMessages(firm.joko, id, '&state=failed')
    expect(failed).toHaveLength(settled.counts.failed)
  })

  it('gives the same as a workbook, in texts that run nowhere', async () => {
    const answered = await firm.joko.get(`/v1/campaigns/${id}/report.xlsx`)
    expectStatus(answered, 200)
    expect(answered.headers.get('content-disposition')).toContain(`report-${id}.xlsx`)
    const sheet = readWorkbook(answered.body).Sheets.Messages!
    const rows = utils.sheet_to_json<Record<string, string>>(sheet)
    expect(rows).toHaveLength(300)
    expect(rows[0]).toMatchObject({ phone: '+6281200000000', name: 'Patient 0', currency: 'IDR' })
    const charged = rows.reduce((sum, row) => sum + minor({ amount: row.charged! }), 0n)
    expect(charged).toBe(minor(settled.money.captured))
    expect(sheet.A2).toMatchObject({ t: 's', v: '+6281200000000' })
  })

  it('lists every movement of its money with what caused it', async () => {
    const path = `/v1/wallet/transfers?campaign_id=${id}`
    const { data } = expectStatus(await firm.joko.get(path), 200)
    const sum = (kind: string) =>
      data
        .filter((transfer: { kind: string }) => transfer.kind === kind)
        .reduce(
          (total: bigint, transfer: { amount: { amount: string } }) => total + minor(transfer.amount),
          0n,
        )
    expect(sum('reserve')).toBe(minor(settled.money.held))
    expect(sum('capture')).toBe(minor(settled.money.captured))
    expect(sum('release')).toBe(minor(settled.money.released))
    expect(data.at(-1)).toMatchObject({
      kind: 'reserve',
      from: 'wallet',
      to: 'hold',
      campaign_id: id,
      items: 300,
    })
    const all = expectStatus(await firm.joko.get('/v1/wallet/transfers?limit=1000'), 200).data
    expect(all.at(-1)).toMatchObject({
      kind: 'top_up',
      from: 'funding',
      to: 'wallet',
      reference: 'transfer-1',
    })
    expect(all).toHaveLength(data.length + 1)
    expect(await pagedTransfers(firm)).toEqual(all)
  })
})

describe('the shop next door', () => {
  const ROUTES = [
    ['GET', ''],
    ['PATCH', ''],
    ['POST', '/quote'],
    ['POST', '/submission'],
    ['POST', '/approval'],
    ['POST', '/pause'],
    ['DELETE', '/pause'],
    ['POST', '/cancellation'],
    ['GET', '/messages'],
    ['GET', '/events'],
    ['GET', '/report.xlsx'],
  ] as const
  const BODIES: Record<string, object> = {
    PATCH: { name: 'Ours' },
    '/submission': { quote_id: 'any' },
    '/approval': { decision: 'approve' },
  }

  it('finds none of it, by any address', async () => {
    const shop = await openTokoMaju(stack)
    const clinic = await openKlinikSehat(stack)
    await topUp(clinic, '100000.00', 'transfer-1')
    const list_id = await makeList(stack, clinic, patients(3))
    const sender_id = await makeSender(clinic, { delivered: 1, lifetime_seconds: 3 })
    const template_id = await makeTemplate(clinic.budi)
    const { id } = await launch(clinic.budi, { template_id, sender_id, list_id })
    for (const [method, end] of ROUTES) {
      const body = BODIES[end] ?? BODIES[method]
      const answered = await shop.ratna.ask(method, `/v1/campaigns/${id}${end}`, body)
      expect([method, end, answered.status, answered.body.code]).toEqual([method, end, 404, 'not_found'])
    }
    const parts = { template_id, sender_id, audience: { list_id }, name: 'Ours', schedule: { now: true } }
    const { status, body } = await shop.budi.post('/v1/campaigns', parts)
    expect(status).toBe(400)
    expect(body.errors.map((error: { path: string }) => error.path)).toEqual([
      'template_id',
      'sender_id',
      'audience.list_id',
    ])
    const { data } = expectStatus(await shop.ratna.get(`/v1/wallet/transfers?campaign_id=${id}`), 200)
    expect(data).toEqual([])
    expect((await follow(stack, clinic.joko, id)).events.at(-1).state).toBe('settled')
  })
})

describe('who is left out', () => {
  it('is priced nowhere, sent nothing, and counted by the reason', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '100000.00', 'transfer-1')
    const [optedOut, nameless, foreign, ...others] = patients(10, 5_000)
    const list_id = await makeList(stack, firm, [
      optedOut!,
      { ...nameless!, variables: { invoice: 'INV-1', amount: '1', due_date: ' ' } },
      { ...foreign!, phone: '+14155550123' },
      ...others,
    ])
    await optOut(stack, firm, optedOut!.phone)
    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const template_id = await makeTemplate(firm.budi)
    const launched = await launch(firm.budi, { template_id, sender_id, list_id })
    expect(launched.quote.recipients).toBe(7)
    expect(launched.quote.excluded).toEqual(
      expect.arrayContaining([
        { reason: 'opted_out', count: 1 },
        { reason: 'missing_variable', count: 1 },
        { reason: 'no_price', count: 1 },
      ]),
    )
    const { events } = await follow(stack, firm.joko, launched.id)
    expect(events.at(-1)).toMatchObject({ state: 'settled', counts: { total: 7, skipped: 0 } })
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 7, recipients: 7 })
  })

  it('counts also who opts out after the submission, and whose message is then skipped', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '100000.00', 'transfer-1')
    const people = patients(5, 6_000)
    const list_id = await makeList(stack, firm, people)
    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const template_id = await makeTemplate(firm.budi)
    const { id } = await launch(firm.budi, { template_id, sender_id, list_id }, inSeconds(6))
    await optOut(stack, firm, people[2]!.phone)
    const { events } = await follow(stack, firm.joko, id)
    expect(events.at(-1)).toMatchObject({ state: 'settled', counts: { total: 5, skipped: 1 } })
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 4 })
    const [skipped] = await allMessages(firm.joko, id, '&state=skipped')
    expect(skipped).toMatchObject({ charged: { amount: '0.00' }, attempts: 0 })
    expect(skipped!.explanation).toContain('opted out')
    expect(await booksOf(firm)).toEqual([])
  })
})

describe('a request that is sent twice', () => {
  it('is done once where it carries a key, and its first answer is given again', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '100000.00', 'transfer-1')
    await topUp(firm, '100000.00', 'transfer-1')
    expect((await walletOf(firm)).available).toBe('100000.00')
    const list_id = await makeList(stack, firm, patients(3, 7_000))
    const sender_id = await makeSender(firm, { delivered: 1, lifetime_seconds: 3 })
    const id = await draft(firm.budi, { template_id: await makeTemplate(firm.budi), sender_id, list_id })
    const { id: quote_id } = await quote(firm.budi, id)
    const once = () =>
      firm.budi.post(`/v1/campaigns/${id}/submission`, { quote_id }, { 'idempotency-key': 'order 1' })
    const [one, other] = await Promise.all([once(), once()])
    expect([one.status, other.status]).toEqual([201, 201])
    expect(one.body).toEqual(other.body)
    expect([one, other].map((answered) => answered.headers.get('idempotency-replayed')).sort()).toEqual([
      null,
      'true',
    ])
    expect((await walletOf(firm)).available).toBe('98930.05')
    const { status, body } = await submit(firm.budi, id, quote_id)
    expect([status, body.code]).toEqual([409, 'wrong_state'])
    await follow(stack, firm.joko, id)
    expect(await witnessOf(stack, sender_id)).toMatchObject({ accepted: 3 })
  })
})

/** The ledger, two movements at a time. */
async function pagedTransfers(firm: Firm): Promise<unknown[]> {
  const found: unknown[] = []
  let cursor = ''
  do {
    const page = expectStatus(await firm.joko.get(`/v1/wallet/transfers?limit=2${cursor}`), 200)
    expect(page.data.length).toBeLessThanOrEqual(2)
    found.push(...page.data)
    cursor = page.next_cursor && `&cursor=${page.next_cursor}`
  } while (cursor)
  return found
}

/** A schedule so many seconds ahead, on the clock of Jakarta. */
function inSeconds(seconds: number) {
  const jakarta = new Date(Date.now() + seconds * 1000 + 7 * 3600_000)
  return { schedule: { at: jakarta.toISOString().slice(0, 19), time_zone: 'Asia/Jakarta' } }
}

/** Writes a suppression straight into the rows. */
async function optOut(on: Stack, { workspaceId }: Firm, phone: string): Promise<void> {
  await on.house.asSystem('test', workspaceId, async ({ sql, now }) => {
    await sql`INSERT INTO suppressions (id, workspace_id, phone, scope, reason, created_by, created_at)
      VALUES (gen_random_uuid(), ${workspaceId}, ${phone}, 'all', 'asked us to stop', 'test', ${now.toISOString()}::timestamptz)`
  })
}

describe('those who watch a campaign', () => {
  it('share one look at it, and all hear how it ends', async () => {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '100000.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(60, 8_000))
    const sender_id = await makeSender(firm, { messages_per_second: 20, lifetime_seconds: 3 })
    const { id } = await launch(firm.budi, { template_id: await makeTemplate(firm.budi), sender_id, list_id })
    const told = await Promise.all([firm.joko, firm.sari, firm.budi].map((who) => follow(stack, who, id)))
    for (const { events, ended } of told) {
      expect(ended).toBe(true)
      expect(events.at(-1)).toEqual(told[0]!.events.at(-1))
    }
    expect(told[0]!.events.at(-1).state).toBe('settled')
  })
})
