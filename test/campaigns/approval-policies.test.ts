import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  cancelCampaign,
  decideApproval,
  editCampaign,
  findCampaign,
  findPolicy,
  listCampaigns,
  listPolicies,
  type PolicyWords,
  setPolicy,
  submitCampaign,
  tendCampaign,
  viewApproval,
} from '../../src/campaigns/index.ts'
import { addSender } from '../../src/delivery/index.ts'
import { openDatabase } from '../../src/platform/db.ts'
import { type Result, unwrap } from '../../src/platform/result.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  draft,
  fund,
  launch,
  makeParts,
  makeTemplate,
  openClinic,
  type Parts,
  type Person,
  PRICE,
  patients,
  quote,
  reasonOf,
  submit,
} from './clinic.ts'
import { openPostOffice, send, tend } from './post.ts'

const HOUR_MS = 3_600_000
const FUNDS = 1_000_000_000n

let house: Clinic
let clinic: Clinic
let parts: Parts
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '100000')
  parts = await makeParts(clinic, patients(3))
})
afterAll(() => house?.close())

const asks = (words: PolicyWords) => clinic.as('ratna', (scope) => setPolicy(scope, words)).then(unwrap)
const decide = (
  person: Person,
  id: string,
  decision: 'approve' | 'reject' = 'approve',
  digest?: string,
): Promise<Result<{ state: string }>> =>
  clinic.as(person, (scope) => decideApproval(scope, id, { decision, digest }))
const stateOf = async (id: string) => unwrap(await clinic.within((scope) => findCampaign(scope, id)))
const requestOf = async (id: string) =>
  unwrap(await clinic.within((scope) => viewApproval(scope, id))).request
const eventsOf = (id: string) =>
  clinic.within(
    ({ sql }) => sql<{ action: string; facts: Record<string, unknown> }[]>`
      SELECT action, facts FROM audit_events WHERE subject = ${`campaign:${id}`} ORDER BY xid, id`,
  )
const draftsOf = async () =>
  (await clinic.within((scope) => listCampaigns(scope, { limit: 100, state: 'draft' }))).items
const allIsWell = async () =>
  expect((await clinic.within(auditWorkspace)).checks.filter((check) => !check.ok)).toEqual([])

describe('what a policy asks about', () => {
  it('every campaign of a category, and no other', async () => {
    await asks({ categories: ['marketing'] })
    expect((await stateOf(await launch(clinic, parts))).state).toBe('scheduled')
    const templateId = await makeTemplate(clinic, { category: 'marketing', name: 'Check-up' })
    const id = await launch(clinic, { ...parts, templateId })
    expect((await stateOf(id)).state).toBe('pending_approval')
    expect(await requestOf(id)).toMatchObject({ reasons: ['category'], quorum: 1, expiresAt: null })
  })

  it('a maker’s campaigns until one of them was approved: none that was withdrawn or rejected counts', async () => {
    await asks({ firstOfMaker: true })
    const withdrawn = await launch(clinic, parts)
    expect(await requestOf(withdrawn)).toMatchObject({ reasons: ['first_of_maker'] })
    unwrap(await clinic.as('budi', (scope) => cancelCampaign(scope, withdrawn)))
    const rejected = await launch(clinic, parts)
    unwrap(await decide('sari', rejected, 'reject'))
    const approved = await launch(clinic, parts)
    expect((await stateOf(approved)).state).toBe('pending_approval')
    unwrap(await decide('sari', approved))
    expect((await stateOf(await launch(clinic, parts))).state).toBe('scheduled')
    const another = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, another)
    const submitted = await clinic.as('dewi', (scope) => submitCampaign(scope, another, { quoteId }))
    expect(unwrap(submitted).state).toBe('pending_approval')
  })

  it('nobody’s first where what they sent went out before anybody asked', async () => {
    await asks({})
    await launch(clinic, parts)
    await asks({ firstOfMaker: true })
    expect((await stateOf(await launch(clinic, parts))).state).toBe('scheduled')
  })

  it('by the version in force at submission; a later one changes nothing that waits', async () => {
    await asks({ maxRecipients: 0, quorum: 2, expiresAfterHours: 5 })
    const { version } = await clinic.within(findPolicy)
    const id = await launch(clinic, parts)
    await asks({ maxRecipients: 0, quorum: 1, expiresAfterHours: 1 })
    clinic.later(2 * HOUR_MS)
    await tend(clinic, id)
    expect(unwrap(await decide('sari', id)).state).toBe('pending_approval')
    expect(unwrap(await decide('dewi', id)).state).toBe('scheduled')
    const rows = await clinic.within(
      ({ sql }) => sql<{ v: number }[]>`SELECT policy_version AS v FROM approvals WHERE campaign_id = ${id}`,
    )
    expect([...rows]).toEqual([{ v: version }, { v: version }])
  })

  it('is kept version by version, with who set it and when', async () => {
    await asks({ quorum: 2, categories: ['utility', 'utility'], expiresAfterHours: 24, firstOfMaker: true })
    await clinic.as('dewi', (scope) => setPolicy(scope, { maxRecipients: 7 })).then(unwrap)
    const { items, next } = await clinic.within((scope) => listPolicies(scope, { limit: 2 }))
    expect(items).toMatchObject([
      { version: 3, maxRecipients: 7, quorum: 1, categories: [], createdBy: 'key:dewi' },
      { version: 2, quorum: 2, categories: ['utility'], expiresAfterHours: 24, createdBy: 'key:ratna' },
    ])
    const rest = await clinic.within((scope) => listPolicies(scope, { limit: 2, after: next }))
    expect(rest).toMatchObject({ items: [{ version: 1, maxShareOfAvailable: 5_000n }], next: undefined })
  })
})

describe('a quorum', () => {
  it('is so many different people, each recorded, and the last of them schedules', async () => {
    await asks({ maxRecipients: 0, quorum: 3 })
    const id = await launch(clinic, parts)
    expect(unwrap(await decide('sari', id)).state).toBe('pending_approval')
    expect(reasonOf(await decide('sari', id))).toBe('already_decided')
    expect(reasonOf(await decide('sari', id, 'reject'))).toBe('already_decided')
    clinic.later(1)
    expect(unwrap(await decide('dewi', id)).state).toBe('pending_approval')
    clinic.later(1)
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(unwrap(await decide('ratna', id)).state).toBe('scheduled')
    expect((await requestOf(id)).decisions.map(({ approver }) => approver)).toEqual([
      'key:sari',
      'key:dewi',
      'key:ratna',
    ])
    const told = (await eventsOf(id)).filter(({ action }) => action.startsWith('campaign.appro'))
    expect(told.map(({ action, facts }) => [action, facts.approvals, facts.quorum])).toEqual([
      ['campaign.approval_given', 1, 3],
      ['campaign.approval_given', 2, 3],
      ['campaign.approved', 3, 3],
    ])
    expect(await send(clinic, id, openPostOffice())).toBe(3)
  })

  it('counts one person once, whichever of their keys they come by', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    const by = (name: string) =>
      clinic.within((scope) =>
        decideApproval({ ...scope, actor: { name, role: 'approver', person: 'member:sari' } }, id, {
          decision: 'approve',
        }),
      )
    expect((await by('key:one')).ok).toBe(true)
    expect(reasonOf(await by('key:two'))).toBe('already_decided')
    expect((await stateOf(id)).state).toBe('pending_approval')
  })

  it('is ended by one rejection, whoever has approved before', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    unwrap(await decide('sari', id))
    expect(unwrap(await decide('dewi', id, 'reject')).state).toBe('rejected')
    expect(reasonOf(await decide('ratna', id))).toBe('wrong_state')
    expect(await booksOf(clinic)).toMatchObject({ wallet: FUNDS, held: 0n })
  })

  it('decides on nothing but what the decider looked at', async () => {
    await asks({ maxRecipients: 0 })
    const id = await launch(clinic, parts)
    expect(reasonOf(await decide('sari', id, 'approve', '00'))).toBe('approval_outdated')
    const digest = (await requestOf(id)).digest.toString('hex')
    expect(unwrap(await decide('sari', id, 'approve', digest)).state).toBe('scheduled')
  })

  it('is kept by the database too, whatever the program does', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    unwrap(await decide('sari', id))
    const forced = (state: string) =>
      clinic.within(({ sql }) => sql`UPDATE campaigns SET state = ${state} WHERE id = ${id}`)
    await expect(forced('scheduled')).rejects.toMatchObject({ code: '23001' })
    await forced('paused')
    await expect(forced('sending')).rejects.toMatchObject({ code: '23001' })
  })
})

describe('a request that nobody decides on', () => {
  it('lapses at its time: the money goes back, and what it said is a draft that can be submitted again', async () => {
    await asks({ maxRecipients: 0, quorum: 2, expiresAfterHours: 3 })
    const id = await launch(clinic, parts)
    unwrap(await decide('sari', id))
    clinic.later(3 * HOUR_MS - 1)
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('pending_approval')
    clinic.later(1)
    expect(reasonOf(await decide('dewi', id))).toBe('approval_expired')
    await tend(clinic, id)
    expect(await stateOf(id)).toMatchObject({
      state: 'expired',
      pauseReason: expect.stringContaining('1 of 2'),
    })
    expect(await booksOf(clinic)).toMatchObject({ wallet: FUNDS, held: 0n })
    const [again, ...others] = await draftsOf()
    expect(others).toEqual([])
    expect(again).toMatchObject({
      ...parts,
      name: 'Reminders',
      againOf: id,
      editors: ['key:budi'],
      version: 1,
    })
    const lapsed = (await eventsOf(id)).find(({ action }) => action === 'campaign.approval_lapsed')
    expect(lapsed?.facts).toMatchObject({ approvals: 1, quorum: 2, drafted_again_as: again!.id })
    unwrap(await submit(clinic, again!.id, (await quote(clinic, again!.id)).id))
    expect(await requestOf(again!.id)).toMatchObject({ decisions: [], quorum: 2 })
    unwrap(await decide('sari', again!.id))
    expect(unwrap(await decide('ratna', again!.id)).state).toBe('scheduled')
    expect(await send(clinic, again!.id, openPostOffice())).toBe(3)
    await allIsWell()
  })

  it('is found by the sweep, with others and only when it is time', async () => {
    await asks({ maxRecipients: 0, expiresAfterHours: 3 })
    const early = await launch(clinic, parts)
    clinic.later(HOUR_MS)
    const late = await launch(clinic, parts)
    const due = async () => {
      const rows = await clinic.asOwner(
        ({ sql }) => sql<{ id: string }[]>`
          SELECT campaign_id AS id FROM campaigns_to_tend(${clinic.now().toISOString()}::timestamptz, 200)`,
      )
      return rows.map(({ id }) => id).filter((id) => [early, late].includes(id))
    }
    expect(await due()).toEqual([])
    clinic.later(2 * HOUR_MS)
    expect(await due()).toEqual([early])
    clinic.later(HOUR_MS)
    expect((await due()).sort()).toEqual([early, late].sort())
    for (const id of await due()) await tend(clinic, id)
    expect(await due()).toEqual([])
    expect(await draftsOf()).toHaveLength(2)
  })

  it('takes its fall-over along, and both stand again', async () => {
    await asks({ maxRecipients: 0, expiresAfterHours: 3 })
    const fallback = {
      senderId: await makeSms(),
      templateId: await makeTemplate(clinic, { channel: 'sms', name: 'By SMS' }),
      ceilingMinor: 5_000_000n,
    }
    const id = await launch(clinic, parts, { fallback })
    expect((await booksOf(clinic)).held).toBeGreaterThan(3n * PRICE)
    clinic.later(3 * HOUR_MS)
    await tend(clinic, id)
    expect(await booksOf(clinic)).toMatchObject({ wallet: FUNDS, held: 0n })
    const [again] = await draftsOf()
    const { recipients, fallback: kept } = await quote(clinic, again!.id)
    expect([recipients, kept !== undefined]).toEqual([3, true])
  })

  it('is not drafted again where the program itself had made it', async () => {
    await asks({ maxRecipients: 0, expiresAfterHours: 3 })
    const id = await draft(clinic, parts)
    const { id: quoteId } = await quote(clinic, id)
    unwrap(await clinic.within((scope) => submitCampaign(scope, id, { quoteId })))
    clinic.later(3 * HOUR_MS)
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('expired')
    expect(await draftsOf()).toEqual([])
  })
})

const SMS_RATES =
  'model,currency,market,category,effective_from,price_per_unit,charge_on\n' +
  'per_segment,IDR,Indonesia,utility,2026-01-01,100.00,accepted'
const box = openSecretBox('a key that only tests have, of no value to anyone')

async function makeSms(): Promise<string> {
  const rates = { table: SMS_RATES, fileName: 'sms.csv' }
  unwrap(await clinic.asOwner(({ sql }) => publishCommonRates(sql, rates)))
  const words = { provider: 'simulator_sms', name: 'Text desk', config: {} }
  return unwrap(await clinic.as('dewi', (scope) => addSender(scope, box, words))).id
}

describe('what waited or was decided before requests were kept', () => {
  it('is asked about by the migration as the trail tells that it was', async () => {
    await asks({ maxRecipients: 0, maxAmount: { amount: '1', currency: 'IDR' } })
    const { version } = await clinic.within(findPolicy)
    const waiting = await launch(clinic, parts)
    clinic.later(1)
    const approved = await launch(clinic, parts)
    unwrap(await decide('sari', approved))
    await asks({})
    await launch(clinic, parts)
    const superuser = openDatabase(clinic.superuserUrl, clinic, { poolSize: 1 })
    const all = `SELECT campaign_id, digest, policy_version, reasons, quorum FROM approval_requests
      WHERE workspace_id = '${clinic.workspaceId}' ORDER BY 1`
    const owner = decodeURIComponent(new URL(clinic.ownerUrl).username)
    const taken = new Error('taken back')
    const again = superuser.sql.begin(async (sql) => {
      const kept = [...(await sql.unsafe(all))]
      await sql`SET LOCAL session_replication_role = replica`
      await sql`DELETE FROM approval_requests`
      await sql.unsafe(`SET LOCAL ROLE "${owner}"`)
      await sql.unsafe(BACKFILL)
      expect([...(await sql.unsafe(all))]).toEqual(kept)
      expect(kept).toMatchObject([
        { campaign_id: waiting, policy_version: version, reasons: ['amount', 'recipients'], quorum: 1 },
        { campaign_id: approved, policy_version: version, reasons: ['amount', 'recipients'], quorum: 1 },
      ])
      throw taken
    })
    await expect(again).rejects.toBe(taken)
    await superuser.close()
  })
})

const MIGRATION = readFileSync(new URL('../../drizzle/0033_approval_policies.sql', import.meta.url), 'utf8')
const BACKFILL = MIGRATION.split('--> statement-breakpoint').find((one) =>
  one.includes('INSERT INTO approval_requests'),
)!

/** Lets several wait for one campaign at the same moment, each in its own transaction, in the order given. */
async function atOnce<T>(id: string, works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const started: Promise<T>[] = []
  await clinic.within(async ({ sql }) => {
    await sql`SELECT 1 FROM campaigns WHERE id = ${id} FOR UPDATE`
    for (const [n, work] of works.entries()) {
      started.push(work())
      await untilWaiting(n + 1)
    }
  })
  return Promise.all(started)
}

async function untilWaiting(wanted: number): Promise<void> {
  for (;;) {
    const [row] = await clinic.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    if (row!.n >= wanted) return
  }
}

const inBothOrders = [
  ['the first before the second', false],
  ['the second before the first', true],
] as const
const ordered = <T>(works: readonly [() => Promise<T>, () => Promise<T>], isTurned: boolean) =>
  isTurned ? [works[1], works[0]] : works

describe('at the same moment', () => {
  it('two of two approvers: both count, once each, and it is scheduled once', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    const answers = await atOnce(id, [() => decide('sari', id), () => decide('dewi', id)])
    expect(answers.map((answer) => unwrap(answer).state)).toEqual(['pending_approval', 'scheduled'])
    expect((await requestOf(id)).decisions).toHaveLength(2)
    expect((await eventsOf(id)).filter(({ action }) => action === 'campaign.approved')).toHaveLength(1)
    expect(await send(clinic, id, openPostOffice())).toBe(3)
    expect(await booksOf(clinic)).toMatchObject({ held: 3n * PRICE })
  })

  it('three where two are needed: two count, the third comes too late', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    const answers = await atOnce(
      id,
      (['sari', 'dewi', 'ratna'] as const).map((who) => () => decide(who, id)),
    )
    expect(answers.map(reasonOf)).toEqual([undefined, undefined, 'wrong_state'])
    expect((await requestOf(id)).decisions).toHaveLength(2)
  })

  it('one approver twice: it counts once', async () => {
    await asks({ maxRecipients: 0, quorum: 2 })
    const id = await launch(clinic, parts)
    const answers = await atOnce(id, [() => decide('sari', id), () => decide('sari', id)])
    expect(answers.map(reasonOf)).toEqual([undefined, 'already_decided'])
    expect((await stateOf(id)).state).toBe('pending_approval')
  })

  it.each(inBothOrders)(
    'the last approval and a rejection, %s: one of them is what happens',
    async (_, turned) => {
      await asks({ maxRecipients: 0, quorum: 2 })
      const id = await launch(clinic, parts)
      unwrap(await decide('ratna', id))
      const works = [() => decide('sari', id), () => decide('dewi', id, 'reject')] as const
      const answers = await atOnce(id, ordered(works, turned))
      expect(answers.map(reasonOf)).toEqual([undefined, 'wrong_state'])
      const { state } = await stateOf(id)
      expect(state).toBe(turned ? 'rejected' : 'scheduled')
      expect(await booksOf(clinic)).toMatchObject({ held: turned ? 0n : 3n * PRICE })
      await allIsWell()
    },
  )

  it.each(inBothOrders)(
    'the last approval and the end of its time, %s: one of them is what happens',
    async (_, turned) => {
      await asks({ maxRecipients: 0, expiresAfterHours: 3 })
      const id = await launch(clinic, parts)
      clinic.later(3 * HOUR_MS - 1)
      const approving = () => decide('sari', id)
      const lapsing = () => clinic.within((scope) => tendCampaign(scope, id))
      // Each is begun at a moment of its own: the approval while there was time, the sweep when there was none.
      const works: (() => Promise<unknown>)[] = turned
        ? [lapsingAt(lapsing, 1), () => at(-1, approving)]
        : [approving, lapsingAt(lapsing, 1)]
      const answers = await atOnce(id, works)
      const approved = answers[turned ? 1 : 0] as Result<{ state: string }>
      expect(reasonOf(approved)).toBe(turned ? 'wrong_state' : undefined)
      expect(['scheduled', 'sending', 'expired']).toContain((await stateOf(id)).state)
      expect((await stateOf(id)).state === 'expired').toBe(turned)
      expect(await draftsOf()).toHaveLength(turned ? 1 : 0)
      expect(await booksOf(clinic)).toMatchObject({ held: turned ? 0n : 3n * PRICE })
      await allIsWell()
    },
  )

  it.each(inBothOrders)('an approval and an edit, %s: what waits is not edited', async (_, turned) => {
    await asks({ maxRecipients: 0 })
    const id = await launch(clinic, parts)
    const before = await stateOf(id)
    const edit = () => clinic.as('budi', (scope) => editCampaign(scope, id, { name: 'Other words' }))
    const works = [() => decide('sari', id), edit] as const
    const answers = await atOnce<Result<{ state: string }>>(id, ordered(works, turned))
    expect(answers.map(reasonOf).sort()).toEqual(['wrong_state', undefined])
    expect(await stateOf(id)).toEqual({ ...before, state: 'scheduled' })
  })

  it.each(inBothOrders)(
    'the last approval and a cancellation, %s: nothing is sent or held in the end',
    async (_, turned) => {
      await asks({ maxRecipients: 0 })
      const id = await launch(clinic, parts)
      const cancel = () => clinic.as('budi', (scope) => cancelCampaign(scope, id))
      const works = [() => decide('sari', id), cancel] as const
      const answers = await atOnce<Result<{ state: string }>>(id, ordered(works, turned))
      expect(answers.map(reasonOf)).toEqual([undefined, turned ? 'wrong_state' : undefined])
      expect((await stateOf(id)).state).toBe('cancelled')
      expect(await send(clinic, id, openPostOffice())).toBe(0)
      expect(await booksOf(clinic)).toMatchObject({ wallet: FUNDS, held: 0n })
    },
  )
})

function at<T>(ms: number, work: () => Promise<T>): Promise<T> {
  clinic.later(ms)
  return work()
}

function lapsingAt<T>(work: () => Promise<T>, ms: number): () => Promise<T> {
  return () => at(ms, work)
}
