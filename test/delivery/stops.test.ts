import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pauseForObstacle, resumeCampaign, resumeWithSenders } from '../../src/campaigns/index.ts'
import { openInbox, resumeSender, stopByHand } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import {
  type Clinic,
  fund,
  launch,
  makeList,
  makeParts,
  openClinic,
  patients,
  reasonOf,
} from '../campaigns/clinic.ts'
import { fold, openPostOffice, post, send, wamid } from '../campaigns/post.ts'

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

/** Two campaigns of one sender; both may be sent now. */
async function twoCampaigns() {
  const parts = await makeParts(clinic, patients(3))
  const other = { ...parts, listId: await makeList(clinic, patients(2, 50)) }
  return { first: await launch(clinic, parts), second: await launch(clinic, other), senderId: parts.senderId }
}

async function campaignOf(id: string) {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ state: string; reason: string | null }[]>`
      SELECT state, pause_reason AS reason FROM campaigns WHERE id = ${id}`,
  )
  return row
}

async function senderOf(id: string) {
  const [row] = await clinic.within(
    ({ sql }) => sql<{ state: string; stop_code: string | null; stop_reason: string | null }[]>`
      SELECT state, stop_code, stop_reason FROM senders WHERE id = ${id}`,
  )
  return row
}

/** What a worker does when the platform answers with an obstacle. */
const meet = (id: string, action: string, code = '131042') =>
  clinic.within((scope) =>
    pauseForObstacle(scope, id, {
      action,
      code,
      message: 'WhatsApp cannot charge the account. Mend it, then resume.',
    }),
  )

async function hear(senderId: string, field: string, value: object, time?: number): Promise<void> {
  const account = 'account-of-the-stand-in'
  const entry = [{ id: account, ...(time === undefined ? {} : { time }), changes: [{ field, value }] }]
  const body = Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry }))
  await openInbox(clinic.database.sql, () => {}).store(senderId, body)
  await fold(clinic, senderId)
}

const unixNow = () => Math.floor(clinic.now().getTime() / 1_000)

describe('an obstacle', () => {
  it('of one campaign stops that one, and no other of its sender', async () => {
    const { first, second, senderId } = await twoCampaigns()
    await meet(first, 'campaign', '132015')
    expect(await campaignOf(first)).toMatchObject({
      state: 'paused',
      reason: expect.stringContaining('(132015)'),
    })
    expect(await campaignOf(second)).toMatchObject({ state: 'scheduled' })
    expect(await senderOf(senderId)).toMatchObject({ state: 'active' })
  })

  it('of the sender stops it with everything that goes out from it, and says why and what to do', async () => {
    const { first, second, senderId } = await twoCampaigns()
    await meet(first, 'sender')
    for (const id of [first, second])
      expect(await campaignOf(id)).toMatchObject({
        state: 'paused',
        reason: expect.stringContaining('then resume'),
      })
    expect(await senderOf(senderId)).toMatchObject({ state: 'stopped', stop_code: '131042' })
    const office = openPostOffice()
    expect(await send(clinic, second, office)).toBe(0)
  })

  it('is mended by resuming the sender: all goes on, nothing twice, and what a person paused stays paused', async () => {
    const { first, second, senderId } = await twoCampaigns()
    const office = openPostOffice()
    await meet(first, 'account')
    const change = unwrap(await clinic.as('ratna', (scope) => resumeSender(scope, senderId)))
    await clinic.within((scope) => resumeWithSenders(scope, [change!]))
    await send(clinic, first, office)
    await send(clinic, second, office)
    await send(clinic, first, office, 'made')
    expect(office.handedIn).toHaveLength(5)
    expect(new Set(office.handedIn.map(({ to }) => to)).size).toBe(5)
  })

  it('is mended by resuming one campaign too: its sender goes on with it', async () => {
    const { first, second, senderId } = await twoCampaigns()
    await meet(first, 'account')
    unwrap(await clinic.as('budi', (scope) => resumeCampaign(scope, first)))
    expect(await senderOf(senderId)).toMatchObject({ state: 'active', stop_reason: null })
    expect(await campaignOf(second)).toMatchObject({ state: 'paused' })
  })

  it('leaves a sender that a person stopped to that person', async () => {
    const { first, senderId } = await twoCampaigns()
    await meet(first, 'campaign')
    unwrap(await clinic.as('ratna', (scope) => stopByHand(scope, senderId, 'the number moves')))
    const resumed = await clinic.as('budi', (scope) => resumeCampaign(scope, first))
    expect(reasonOf(resumed)).toBe('sender_stopped')
    expect(reasonOf(await clinic.as('budi', (scope) => resumeSender(scope, senderId)))).toBe('forbidden')
  })
})

describe('a receipt that tells of more than its own recipient', () => {
  /** A message that the platform had accepted fails with this code. */
  async function fail(id: string, senderId: string, code: number, at: Date) {
    const [row] = await clinic.within(
      ({ sql }) =>
        sql<{ id: bigint }[]>`SELECT id FROM messages WHERE campaign_id = ${id} ORDER BY id LIMIT 1`,
    )
    const ref = `dc.${row!.id}.1`
    const status = {
      id: wamid(ref),
      status: 'failed',
      timestamp: String(Math.floor(at.getTime() / 1_000)),
      recipient_id: '628120000000',
      biz_opaque_callback_data: ref,
      errors: [{ code, title: 'Failed' }],
    }
    const value = { messaging_product: 'whatsapp', metadata: { phone_number_id: '1' }, statuses: [status] }
    const entry = [{ id: `${code} ${at.getTime()}`, changes: [{ field: 'messages', value }] }]
    const body = Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry }))
    await openInbox(clinic.database.sql, () => {}).store(senderId, body)
    await fold(clinic, senderId)
  }

  it.each([
    [131042, 'account', 'stopped'],
    [131048, 'sender', 'stopped'],
    [132015, 'campaign', 'active'],
    [131026, 'recipient', 'active'],
  ])('%i stops the %s', async (code, action, senderState) => {
    const { first, second, senderId } = await twoCampaigns()
    await send(clinic, first, openPostOffice())
    await fail(first, senderId, code, clinic.now())
    expect(await senderOf(senderId)).toMatchObject({ state: senderState })
    expect(await campaignOf(second)).toMatchObject({
      state: senderState === 'stopped' ? 'paused' : 'scheduled',
    })
    if (action === 'recipient') expect((await campaignOf(first))?.state).not.toBe('paused')
  })

  it('stops nothing once it was mended, however late it is told', async () => {
    const { first, second, senderId } = await twoCampaigns()
    const before = clinic.now()
    await send(clinic, first, openPostOffice())
    await meet(second, 'sender')
    clinic.later(60_000)
    const change = unwrap(await clinic.as('ratna', (scope) => resumeSender(scope, senderId)))
    await clinic.within((scope) => resumeWithSenders(scope, [change!]))
    clinic.later(60_000)
    await fail(first, senderId, 131042, before)
    expect(await senderOf(senderId)).toMatchObject({ state: 'active' })
    expect(await campaignOf(second)).toMatchObject({ state: 'sending' })
    clinic.at(before)
  })
})

describe('a notice of the account', () => {
  it('that it is disabled stops the sender, and that it is reinstated lets all go on', async () => {
    const { first, second, senderId } = await twoCampaigns()
    const ban = (state: string) => ({ event: 'DISABLED_UPDATE', ban_info: { waba_ban_state: state } })
    await hear(senderId, 'account_update', ban('DISABLE'), unixNow())
    expect(await senderOf(senderId)).toMatchObject({
      state: 'stopped',
      stop_reason: expect.stringContaining('Appeal'),
    })
    expect(await campaignOf(first)).toMatchObject({ state: 'paused' })
    await hear(senderId, 'account_update', ban('REINSTATE'), unixNow() + 60)
    expect(await senderOf(senderId)).toMatchObject({ state: 'active' })
    expect(await campaignOf(second)).toMatchObject({ state: 'sending' })
  })

  it('that comes late does not count against a later one', async () => {
    const { senderId } = await twoCampaigns()
    await hear(senderId, 'account_update', { event: 'ACCOUNT_RECONNECTED' }, unixNow())
    await hear(senderId, 'account_update', { event: 'ACCOUNT_OFFBOARDED' }, unixNow() - 60)
    expect(await senderOf(senderId)).toMatchObject({ state: 'active' })
  })

  it.each([
    ['account_update', { event: 'MM_LITE_TERMS_SIGNED' }],
    [
      'account_update',
      {
        event: 'ACCOUNT_RESTRICTION',
        restriction_info: [{ restriction_type: 'RESTRICTED_ADD_PHONE_NUMBER_ACTION' }],
      },
    ],
    ['account_update', 'nonsense'],
    ['telepathy', { event: 'DISABLED_UPDATE' }],
  ])('%s %j stops nothing and is kept', async (field, value) => {
    const { senderId } = await twoCampaigns()
    await hear(senderId, field, value as object)
    expect(await senderOf(senderId)).toMatchObject({ state: 'active' })
    const [kept] = await clinic.within(
      ({ sql }) =>
        sql<{ n: number }[]>`SELECT count(*)::int AS n FROM platform_notices WHERE sender_id = ${senderId}`,
    )
    expect(kept).toEqual({ n: 1 })
  })

  it('may change how many people the business reaches in a day', async () => {
    const { senderId } = await twoCampaigns()
    const limitOf = () =>
      clinic.within(
        ({ sql, workspaceId }) =>
          sql`SELECT tier, daily_limit FROM portfolios WHERE workspace_id = ${workspaceId}`,
      )
    await hear(
      senderId,
      'business_capability_update',
      { max_daily_conversations_per_business: 2000 },
      unixNow(),
    )
    expect(await limitOf()).toEqual([{ tier: 'TIER_2K', daily_limit: 2_000 }])
    await hear(
      senderId,
      'phone_number_quality_update',
      { event: 'UPGRADE', current_limit: 'TIER_10K' },
      unixNow() + 1,
    )
    expect(await limitOf()).toEqual([{ tier: 'TIER_10K', daily_limit: 10_000 }])
    await hear(senderId, 'phone_number_quality_update', { current_limit: 'TIER_250' }, unixNow() - 9)
    expect(await limitOf()).toEqual([{ tier: 'TIER_10K', daily_limit: 10_000 }])
    await hear(
      senderId,
      'business_capability_update',
      { max_daily_conversations_per_business: -1 },
      unixNow() + 2,
    )
    expect(await limitOf()).toEqual([{ tier: 'TIER_UNLIMITED', daily_limit: null }])
  })
})

it('receipts of the stand-in keep their meaning beside all this', async () => {
  const { first, senderId } = await twoCampaigns()
  const office = openPostOffice()
  await send(clinic, first, office)
  await post(clinic, senderId, [{ of: office.handedIn[0]!, status: 'delivered' }])
  expect(await fold(clinic, senderId)).toEqual([first])
})
