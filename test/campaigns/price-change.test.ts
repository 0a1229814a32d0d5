import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  answerPriceChange,
  cancelCampaign,
  decideApproval,
  findCampaign,
  findPriceChange,
  requoteCampaign,
  resumeCampaign,
  setPolicy,
} from '../../src/campaigns/index.ts'
import { suppress } from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  type Books,
  booksOf,
  type Clinic,
  fund,
  launch,
  makeList,
  openClinic,
  PRICE,
  patients,
  reasonOf,
} from './clinic.ts'
import { type Change, categoryNews, makeCloudSender, makeSubmitted, meta, statusNews } from './meta.ts'
import { close, openPostOffice, send, tell, tend } from './post.ts'

/** Marketing, Indonesia, from the card that is installed: IDR 586.33. */
const DEARER = 5_863_300n
const FUNDS = 1_000_000_000n
const IN_AN_HOUR = { at: '2026-11-23T10:00:00', timeZone: 'Asia/Jakarta' }

let clinic: Clinic
let senderId: string
let templateId: string

beforeEach(async () => {
  clinic = await openClinic()
  await fund(clinic, '100000')
  senderId = await makeCloudSender(clinic)
  templateId = await makeSubmitted(clinic, senderId)
}, 60_000)

afterEach(async () => {
  const audit = await clinic.within((scope) => auditWorkspace(scope))
  expect(audit.checks.filter(({ ok }) => !ok)).toEqual([])
  await clinic.close()
})

const stateOf = async (id: string) => unwrap(await clinic.within((scope) => findCampaign(scope, id)))
const questionOf = async (id: string) => unwrap(await clinic.within((scope) => findPriceChange(scope, id)))
const accept = async (id: string, quoteId?: string) => {
  const shown = quoteId ?? (await questionOf(id)).quote!.id
  return clinic.as('budi', (scope) => answerPriceChange(scope, id, { decision: 'accept', quoteId: shown }))
}
const later = (seconds: number) => new Date(clinic.now().getTime() + seconds * 1000)
const say = async (change: Change, seconds: number) =>
  meta(clinic, senderId, [{ ...change, at: later(seconds) }])
const becomeMarketing = async () => say(await categoryNews(clinic, templateId, 'MARKETING'), 1)
const becomeUtility = async (seconds = 5) => say(await categoryNews(clinic, templateId, 'UTILITY'), seconds)
const scheduled = async (count = 10, more: object = { schedule: IN_AN_HOUR }) => {
  const listId = await makeList(clinic, patients(count))
  return launch(clinic, { templateId, senderId, listId }, more)
}
const books = (held: bigint, spent = 0n, funds = FUNDS): Partial<Books> => ({
  wallet: funds - held - spent,
  held,
  spent,
  receivable: 0n,
})
const asksAbove = (amount: string) =>
  clinic.as('ratna', (scope) =>
    setPolicy(scope, {
      maxAmount: { amount, currency: 'IDR' },
      maxShareOfAvailable: null,
      maxRecipients: null,
    }),
  )

describe('a template that becomes marketing', () => {
  it('pauses what is scheduled, says what it would cost, and holds no more until somebody accepts', async () => {
    const id = await scheduled()
    expect(await becomeMarketing()).toEqual([id])
    await tend(clinic, id)
    const paused = await stateOf(id)
    expect(paused.state).toBe('paused')
    expect(paused.pauseReason).toContain('5863.3')
    expect(await booksOf(clinic)).toMatchObject(books(10n * PRICE))
    expect(await questionOf(id)).toMatchObject({
      state: 'open',
      fromCategory: 'utility',
      toCategory: 'marketing',
      moreMinor: 10n * (DEARER - PRICE),
      quote: {
        totalMinor: 10n * DEARER,
        recipients: 10,
        lines: [{ category: 'marketing', count: 10, unitPriceMinor: DEARER, subtotalMinor: 10n * DEARER }],
        excluded: [],
      },
    })
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(reasonOf(await clinic.as('budi', (scope) => resumeCampaign(scope, id)))).toBe('price_changed')
  })

  it('is sent at the new price once that is accepted, and every account says so to the end', async () => {
    const id = await scheduled()
    await becomeMarketing()
    await tend(clinic, id)
    expect(unwrap(await accept(id))).toMatchObject({ state: 'scheduled', version: 2 })
    expect(await booksOf(clinic)).toMatchObject(books(10n * DEARER))
    clinic.later(3_600_000)
    const office = openPostOffice()
    expect(await send(clinic, id, office)).toBe(10)
    await tell(
      clinic,
      senderId,
      office.handedIn.slice(0, 8).map((of) => ({ of, status: 'delivered' as const })),
    )
    await tell(
      clinic,
      senderId,
      office.handedIn.slice(8).map((of) => ({ of, status: 'failed' as const })),
    )
    await close(clinic, id)
    expect((await stateOf(id)).state).toBe('settled')
    expect(await booksOf(clinic)).toMatchObject(books(0n, 8n * DEARER))
    expect(await questionOf(id)).toMatchObject({ state: 'accepted' })
  })

  it('gives everything back where the new price is not accepted', async () => {
    const id = await scheduled()
    await becomeMarketing()
    await tend(clinic, id)
    const cancelled = await clinic.as('budi', (scope) => answerPriceChange(scope, id, { decision: 'cancel' }))
    expect(unwrap(cancelled).state).toBe('cancelled')
    expect(await booksOf(clinic)).toMatchObject(books(0n))
    expect(await questionOf(id)).toMatchObject({ state: 'cancelled' })
  })

  it('in the middle of sending leaves what is sent at its price, and asks for the rest', async () => {
    await fund(clinic, '900000')
    const id = await scheduled(600, { schedule: { now: true } })
    const office = openPostOffice()
    const told: string[] = []
    const half = openPostOffice(async (message, nth) => {
      if (nth === 200) told.push(...(await becomeMarketing()))
      return {
        outcome: 'accepted',
        providerMessageId: `wamid.${message.attemptRef}`,
        messageStatus: 'accepted',
      }
    })
    const first = await send(clinic, id, half)
    expect(told).toEqual([id])
    expect(first).toBeLessThan(600)
    await tend(clinic, id)
    const rest = 600 - first
    expect(await questionOf(id)).toMatchObject({
      quote: { recipients: rest, totalMinor: BigInt(rest) * DEARER },
    })
    unwrap(await accept(id))
    expect(await send(clinic, id, office)).toBe(rest)
    const all = [...half.handedIn, ...office.handedIn]
    expect(new Set(all.map(({ to }) => to)).size).toBe(600)
    await tell(
      clinic,
      senderId,
      all.map((of) => ({ of, status: 'delivered' as const })),
    )
    await close(clinic, id)
    const spent = BigInt(first) * PRICE + BigInt(rest) * DEARER
    expect(await booksOf(clinic)).toMatchObject(books(0n, spent, 10n * FUNDS))
  })

  it('is not sent to those who want no marketing: they are left out, and their money goes back', async () => {
    const id = await scheduled()
    const { phone } = patients(1)[0]!
    unwrap(
      await clinic.as('budi', (scope) => suppress(scope, { phone, scope: 'marketing', reason: 'asked' })),
    )
    await becomeMarketing()
    await tend(clinic, id)
    expect(await questionOf(id)).toMatchObject({
      moreMinor: 9n * (DEARER - PRICE),
      quote: { recipients: 9, excluded: [{ reason: 'opted_out', count: 1 }] },
    })
    unwrap(await accept(id))
    expect(await booksOf(clinic)).toMatchObject(books(9n * DEARER))
    clinic.later(3_600_000)
    expect(await send(clinic, id, openPostOffice())).toBe(9)
  })

  it('is refused where the wallet does not suffice for the difference, and nothing has changed', async () => {
    const id = await scheduled()
    await clinic.as('ratna', (scope) =>
      setPolicy(scope, { maxAmount: null, maxShareOfAvailable: null, maxRecipients: null }),
    )
    await launch(clinic, { templateId, senderId, listId: await makeList(clinic, patients(269, 1_000)) })
    await becomeMarketing()
    await tend(clinic, id)
    expect(await accept(id)).toMatchObject({ ok: false, reason: 'insufficient_funds' })
    expect(await booksOf(clinic)).toMatchObject(books(279n * PRICE))
    expect((await stateOf(id)).state).toBe('paused')
  })

  it('needs approval again where the policy wants it, from somebody who did not accept it', async () => {
    const id = await scheduled()
    await asksAbove('5000')
    await becomeMarketing()
    await tend(clinic, id)
    expect(unwrap(await accept(id)).state).toBe('pending_approval')
    const approve = (person: 'budi' | 'sari') =>
      clinic.as(person, (scope) => decideApproval(scope, id, { decision: 'approve' }))
    expect((await approve('budi')).ok).toBe(false)
    expect(await booksOf(clinic)).toMatchObject(books(10n * DEARER))
    clinic.later(3_600_000)
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(unwrap(await approve('sari')).state).toBe('scheduled')
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })

  it('voids what had been approved of the old price: as many must approve the new one', async () => {
    const policy = { maxAmount: { amount: '1', currency: 'IDR' }, quorum: 2 }
    await clinic.as('ratna', (scope) => setPolicy(scope, policy))
    const id = await scheduled()
    const approve = (person: 'sari' | 'dewi') =>
      clinic.as(person, (scope) => decideApproval(scope, id, { decision: 'approve' }))
    expect(unwrap(await approve('sari')).state).toBe('pending_approval')
    await becomeMarketing()
    await tend(clinic, id)
    expect(reasonOf(await approve('dewi'))).toBe('wrong_state')
    expect(unwrap(await accept(id)).state).toBe('pending_approval')
    expect(unwrap(await approve('dewi')).state).toBe('pending_approval')
    expect(unwrap(await approve('sari')).state).toBe('scheduled')
    clinic.later(3_600_000)
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })

  it('while the campaign waits for approval is asked about before anybody approves the old price', async () => {
    await asksAbove('1')
    const id = await scheduled()
    expect((await stateOf(id)).state).toBe('pending_approval')
    await becomeMarketing()
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('paused')
    expect(unwrap(await accept(id)).state).toBe('pending_approval')
  })

  it('and utility again, while nobody has answered, takes its question back', async () => {
    const waiting = await scheduled()
    await becomeMarketing()
    await tend(clinic, waiting)
    await becomeUtility()
    await tend(clinic, waiting)
    expect(await questionOf(waiting)).toMatchObject({ state: 'withdrawn' })
    expect(await booksOf(clinic)).toMatchObject(books(10n * PRICE))
    expect(unwrap(await clinic.as('budi', (scope) => resumeCampaign(scope, waiting))).state).toBe('scheduled')
    clinic.later(3_600_000)
    expect(await send(clinic, waiting, openPostOffice())).toBe(10)
  })

  it('and utility again, where the campaign had waited for approval, waits for it again', async () => {
    await asksAbove('1')
    const id = await scheduled()
    await becomeMarketing()
    await tend(clinic, id)
    await becomeUtility()
    expect((await clinic.as('budi', (scope) => resumeCampaign(scope, id))).ok).toBe(false)
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('pending_approval')
  })

  it('changes nothing when its news is folded twice, or late', async () => {
    const id = await scheduled()
    for (const seconds of [3, 3, 2]) await say(await categoryNews(clinic, templateId, 'MARKETING'), seconds)
    await say(await statusNews(clinic, templateId, 'APPROVED'), 1)
    await tend(clinic, id)
    const first = await questionOf(id)
    await say(await categoryNews(clinic, templateId, 'MARKETING'), 4)
    await tend(clinic, id)
    expect(await questionOf(id)).toEqual(first)
    expect(await booksOf(clinic)).toMatchObject(books(10n * PRICE))
  })

  it('is not accepted by another quote, after its time, or twice', async () => {
    const id = await scheduled()
    await becomeMarketing()
    await tend(clinic, id)
    const old = (await questionOf(id)).quote!
    expect(reasonOf(await accept(id, '00000000-0000-7000-8000-000000000000'))).toBe('quote_not_current')
    unwrap(await clinic.as('budi', (scope) => requoteCampaign(scope, id)))
    expect(reasonOf(await accept(id, old.id))).toBe('quote_not_current')
    unwrap(await accept(id))
    expect(reasonOf(await accept(id))).toBe('wrong_state')
    expect(await booksOf(clinic)).toMatchObject(books(10n * DEARER))
    unwrap(await clinic.as('budi', (scope) => cancelCampaign(scope, id)))
    expect(await booksOf(clinic)).toMatchObject(books(0n))
  })

  it('cannot be accepted while it is paused as well', async () => {
    const id = await scheduled()
    await becomeMarketing()
    await tend(clinic, id)
    await say(await statusNews(clinic, templateId, 'PAUSED'), 9)
    expect(reasonOf(await accept(id))).toBe('template_not_approved')
  })
})

describe('a template that becomes cheaper', () => {
  it('goes on by itself, at no more than was approved', async () => {
    await say(await categoryNews(clinic, templateId, 'MARKETING'), 1)
    const id = await scheduled()
    expect(await booksOf(clinic)).toMatchObject(books(10n * DEARER))
    await becomeUtility()
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('scheduled')
    clinic.later(3_600_000)
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })
})
