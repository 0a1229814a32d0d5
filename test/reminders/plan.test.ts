import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { decideApproval, listCampaigns, setPolicy } from '../../src/campaigns/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import {
  approveSequence,
  awaitLinks,
  disputeInvoice,
  editSequence,
  linkInvoice,
  moveSequence,
  promiseInvoice,
  reopenInvoice,
} from '../../src/reminders/index.ts'
import { booksOf, type Clinic, fund, openClinic, PRICE } from '../campaigns/clinic.ts'
import { openPostOffice } from '../campaigns/post.ts'
import { fates, LARGE, makeLadder, owe, pay, plan, sendDue, step } from './ladder.ts'

const SITI = '+6281200000001'
const AGUS = '+6281200000002'
const jakarta = (day: string, clock: string) => new Date(`${day}T${clock}:00+07:00`)

let clinic: Clinic
beforeEach(async () => {
  clinic = await openClinic()
  await fund(clinic, '1000000')
}, 60_000)
afterEach(() => clinic.close())

describe('a ladder', () => {
  it('goes step by step around the due date, at its hour on the debtor’s clock, and each step once', async () => {
    await makeLadder(clinic, [step('before', -7), step('due', 0), step('after', 2)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    const sent: string[] = []
    for (let day = 24; day <= 36; day++) {
      for (const hour of ['08', '09', '17', '23']) {
        clinic.at(new Date(Date.UTC(2026, 10, day, Number(hour) - 7)))
        await plan(clinic)
        await plan(clinic)
        for (const what of await sendDue(clinic)) sent.push(`${day} ${hour} ${what}`)
      }
    }
    // 26 November, 3 December and 5 December, a Saturday.
    expect(sent).toEqual(['26 09 INV-1 150000', '33 09 INV-1 150000', '35 09 INV-1 150000'])
    expect(await fates(clinic)).toEqual(['before INV-1 planned', 'due INV-1 planned', 'after INV-1 planned'])
  })

  it('is planned the afternoon before, with its money held', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-02', '15:59'))
    await plan(clinic)
    expect(await booksOf(clinic)).toMatchObject({ held: 0n })
    clinic.at(jakarta('2026-12-02', '16:00'))
    await plan(clinic)
    expect(await booksOf(clinic)).toMatchObject({ held: PRICE })
  })

  it('moves a step on a Sunday or a holiday to the next decent day', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'SUNDAY', phone: SITI, dueDate: '2026-12-06', zone: 'Asia/Jakarta' })
    await owe(clinic, { number: 'XMAS', phone: AGUS, dueDate: '2026-12-25', zone: 'Asia/Jakarta' })
    const sent: string[] = []
    for (let day = 5; day <= 29; day++) {
      clinic.at(jakarta(`2026-12-${String(day).padStart(2, '0')}`, '09:30'))
      await plan(clinic)
      for (const what of await sendDue(clinic)) sent.push(`${day} ${what}`)
    }
    expect(sent).toEqual(['7 SUNDAY 150000', '26 XMAS 150000'])
  })

  it('counts working days where it says so', async () => {
    await makeLadder(clinic, [step('after', 2, { unit: 'working_days' })])
    await owe(clinic, { number: 'FRIDAY', phone: SITI, dueDate: '2026-12-04', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-07', '10:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
    clinic.at(jakarta('2026-12-08', '10:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['FRIDAY 150000'])
  })

  it('holds whose clock is not known, and says so', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'INV-1', phone: '+87812345678', dueDate: '2026-12-03' }).catch(
      () => undefined,
    )
    await owe(clinic, { number: 'INV-2', phone: SITI, dueDate: '2026-12-03' })
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    // Whose number is Indonesian without a zone of its own is written to when it is nine o’clock everywhere in Indonesia.
    expect(await fates(clinic)).toContain('due INV-2 planned')
  })

  it('one message tells a debtor of all invoices of a step, where the ladder says so', async () => {
    await makeLadder(clinic, [step('due', 0)], { onePerDebtor: true })
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    await owe(clinic, { number: 'INV-2', phone: SITI, dueDate: '2026-12-03', amount: '50000' })
    clinic.at(jakarta('2026-12-03', '10:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1, INV-2 200000'])
  })

  it('two invoices of one person are two messages otherwise', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    await owe(clinic, { number: 'INV-2', phone: SITI, dueDate: '2026-12-03', amount: '50000' })
    clinic.at(jakarta('2026-12-03', '10:00'))
    await plan(clinic)
    expect((await sendDue(clinic)).sort()).toEqual(['INV-1 150000', 'INV-2 50000'])
  })

  it('may leave out who has written back since the first reminder', async () => {
    const { senderId } = await makeLadder(clinic, [
      step('due', 0),
      step('after', 2, { conditions: { unanswered: true } }),
    ])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    await owe(clinic, { number: 'INV-2', phone: AGUS, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    const writes = (phone: string, at: Date) =>
      clinic.within(
        ({ sql, workspaceId }) => sql`
          INSERT INTO inbound_messages (workspace_id, sender_id, webhook_id, provider_message_id, contact_id, kind, occurred_at)
          SELECT ${workspaceId}, ${senderId}, 1, ${`wamid.${phone}.${at.getTime()}`}, id, 'text', ${at.toISOString()}::timestamptz
            FROM contacts WHERE phone = ${phone}`,
      )
    await writes(AGUS, jakarta('2026-12-01', '12:00'))
    clinic.at(jakarta('2026-12-03', '10:00'))
    await plan(clinic)
    expect((await sendDue(clinic)).sort()).toEqual(['INV-1 150000', 'INV-2 150000'])
    await writes(SITI, jakarta('2026-12-03', '12:00'))
    clinic.at(jakarta('2026-12-05', '10:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-2 150000'])
    expect(await fates(clinic)).toContain('after INV-1 skipped answered')
  })

  it('waits for the link by which it is paid, where its words hold one, and goes without where none comes', async () => {
    await makeLadder(
      clinic,
      [step('due', 0)],
      {},
      { body: 'Pay {{invoice}}, {{amount}}, at {{default pay_link "our desk"}}.' },
    )
    const [first, second] = [
      await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' }),
      await owe(clinic, { number: 'INV-2', phone: AGUS, dueDate: '2026-12-03', zone: 'Asia/Jakarta' }),
    ]
    await clinic.within((scope) => awaitLinks(scope, [first, second]))
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
    expect(await fates(clinic)).toEqual(['due INV-1 held link_not_made', 'due INV-2 held link_not_made'])
    await clinic.within((scope) => linkInvoice(scope, first, 'https://pay.example/1'))
    await clinic.within((scope) => linkInvoice(scope, second, undefined))
    await plan(clinic)
    clinic.at(jakarta('2026-12-03', '09:30'))
    const office = openPostOffice()
    await sendDue(clinic, office)
    const texts = office.handedIn.map(({ template }) =>
      template.parameters.body.map(({ text }) => text).join(' '),
    )
    expect(texts.sort()).toEqual(['INV-1 150000 https://pay.example/1', 'INV-2 150000 our desk'])
  })

  it('a link to another amount is taken out of what waits to be sent', async () => {
    await makeLadder(clinic, [step('due', 0)], {}, { body: 'Pay {{invoice}}, {{amount}}, at {{pay_link}}.' })
    const id = await owe(clinic, {
      number: 'INV-1',
      phone: SITI,
      dueDate: '2026-12-03',
      zone: 'Asia/Jakarta',
    })
    await clinic.within((scope) => linkInvoice(scope, id, 'https://pay.example/old'))
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
    expect(await booksOf(clinic)).toMatchObject({ held: PRICE })
    await clinic.within((scope) => awaitLinks(scope, [id]))
    expect(await booksOf(clinic)).toMatchObject({ held: 0n })
    clinic.at(jakarta('2026-12-03', '09:30'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
    await clinic.within((scope) => linkInvoice(scope, id, 'https://pay.example/new'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 150000'])
  })

  it.each([
    ['amounts below', { mostMinor: '1000000000' }, 'due INV-1 skipped condition_amount'],
    ['amounts above', { leastMinor: '10000000000' }, 'due INV-1 skipped condition_amount'],
    ['a tag', { tags: ['vip'] }, 'due INV-1 skipped condition_tag'],
    ['no tag', { withoutTags: ['school'] }, 'due INV-1 skipped condition_tag'],
    ['all', {}, 'due INV-1 planned'],
  ])('a step may be for %s only', async (_, conditions, fate) => {
    await makeLadder(clinic, [step('due', 0, { conditions })])
    await owe(clinic, {
      number: 'INV-1',
      phone: SITI,
      dueDate: '2026-12-03',
      zone: 'Asia/Jakarta',
      tags: ['school'],
    })
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    expect(await fates(clinic)).toEqual([fate])
  })

  it('stops after so many messages in all', async () => {
    await makeLadder(clinic, [step('one', 0), step('two', 1), step('three', 2)], { mostMessages: 2 })
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    for (const day of ['03', '04', '05']) {
      clinic.at(jakarta(`2026-12-${day}`, '09:00'))
      await plan(clinic)
      await sendDue(clinic)
    }
    expect(await fates(clinic)).toEqual([
      'one INV-1 planned',
      'two INV-1 planned',
      'three INV-1 skipped enough_messages',
    ])
  })
})

describe('paid means stop', () => {
  beforeEach(async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
  })

  it('a payment before the hour: nothing goes, and the money is back at once', async () => {
    const { stopped } = unwrap(await pay(clinic, 'INV-1'))
    expect(stopped).toEqual({ count: 1, releasedMinor: PRICE })
    expect(await booksOf(clinic)).toMatchObject({ held: 0n })
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
  })

  it('a part of it: the reminder tells the rest', async () => {
    unwrap(await pay(clinic, 'INV-1', 50_000))
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 100000'])
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
  })

  it('a promise holds until its day is over, a dispute until it is taken back', async () => {
    const ref = { number: 'INV-1' }
    unwrap(await clinic.as('budi', (scope) => promiseInvoice(scope, ref, '2026-12-10')))
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
    unwrap(await clinic.as('budi', (scope) => disputeInvoice(scope, ref)))
    unwrap(await clinic.as('budi', (scope) => reopenInvoice(scope, ref)))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 150000'])
  })
})

describe('a standing approval', () => {
  async function oneDue(more: Parameters<typeof makeLadder>[2] = {}, count = 3) {
    const ladder = await makeLadder(clinic, [step('due', 0)], more)
    for (let n = 1; n <= count; n++)
      await owe(clinic, {
        number: `INV-${n}`,
        phone: `+628120000000${n}`,
        dueDate: '2026-12-03',
        zone: 'Asia/Jakarta',
        amount: `${n}00000`,
      })
    clinic.at(jakarta('2026-12-03', '09:00'))
    return ladder
  }

  it('is not given by its maker, and not by who edited it, in the table itself too', async () => {
    const { id } = await makeLadder(clinic, [step('due', 0)])
    unwrap(await clinic.as('ratna', (scope) => editSequence(scope, id, { name: 'Mine' })))
    for (const person of ['ratna', 'dewi'] as const) {
      const given = await clinic.as(person, (scope) => approveSequence(scope, id, LARGE))
      expect(given.ok ? 'given' : given.reason).toBe(person === 'dewi' ? 'given' : 'self_approval')
    }
    const forged = clinic.within(
      ({ sql, workspaceId }) => sql`
        INSERT INTO standing_approvals (id, workspace_id, subject_id, digest, approver, cap_run, cap_day, cap_month, created_at)
        VALUES (gen_random_uuid(), ${workspaceId}, ${id}, sha256('a'), 'key:budi', 1, 1, 1, now())`,
    )
    await expect(forged).rejects.toMatchObject({ code: '23001' })
  })

  it('is void when the ladder is edited: nothing goes until it is given anew', async () => {
    const { id } = await oneDue()
    unwrap(await clinic.as('budi', (scope) => editSequence(scope, id, { name: 'Changed' })))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
    expect(await fates(clinic)).toContain('due INV-1 held no_standing_approval')
    unwrap(await clinic.as('sari', (scope) => approveSequence(scope, id, LARGE)))
    await plan(clinic)
    expect(await sendDue(clinic)).toHaveLength(3)
  })

  it('is one person’s approval: where the policy asks for two, each run waits for another', async () => {
    await clinic.as('ratna', (scope) => setPolicy(scope, { maxRecipients: 0, quorum: 2 })).then(unwrap)
    await oneDue()
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
    const list = { limit: 10, state: 'pending_approval' as const }
    const [run, ...others] = (await clinic.within((scope) => listCampaigns(scope, list))).items
    expect(others).toEqual([])
    const approve = (person: 'sari' | 'dewi') =>
      clinic.as(person, (scope) => decideApproval(scope, run!.id, { decision: 'approve' }))
    expect(await approve('sari')).toMatchObject({ ok: false, reason: 'already_decided' })
    expect(unwrap(await approve('dewi')).state).toBe('scheduled')
    expect(await sendDue(clinic)).toHaveLength(3)
  })

  it('caps a run: who owes most goes first, the rest waits', async () => {
    await oneDue({ caps: { ...LARGE, run: { amount: '800', currency: 'IDR' } } })
    await plan(clinic)
    expect((await sendDue(clinic)).sort()).toEqual(['INV-2 200000', 'INV-3 300000'])
    expect(await fates(clinic)).toContain('due INV-1 held over_cap')
  })

  it('caps a day over all its runs', async () => {
    await oneDue({ caps: { ...LARGE, day: { amount: '800', currency: 'IDR' } } })
    await plan(clinic)
    await plan(clinic)
    expect(await sendDue(clinic)).toHaveLength(2)
    expect(await fates(clinic)).toContain('due INV-1 held over_cap')
  })

  it('a paused ladder plans nothing', async () => {
    const { id } = await oneDue()
    unwrap(await clinic.as('sari', (scope) => moveSequence(scope, id, 'paused')))
    await plan(clinic)
    expect(await fates(clinic)).toEqual([])
  })
})

describe('where the money does not suffice', () => {
  async function short(whenShort: 'block' | 'wait' | 'partial') {
    const poor = await openClinic()
    await clinic.close()
    clinic = poor
    await fund(clinic, '800')
    await makeLadder(clinic, [step('due', 0)], { whenShort })
    for (let n = 1; n <= 3; n++)
      await owe(clinic, {
        number: `INV-${n}`,
        phone: `+628120000000${n}`,
        dueDate: '2026-12-03',
        zone: 'Asia/Jakarta',
        amount: `${n}00000`,
      })
    clinic.at(jakarta('2026-12-03', '09:00'))
    await plan(clinic)
    return (await sendDue(clinic)).sort()
  }

  it('block: nothing goes until all of it can', async () => {
    expect(await short('block')).toEqual([])
    await fund(clinic, '10000')
    await plan(clinic)
    expect(await sendDue(clinic)).toHaveLength(3)
  })

  it('wait: in order of the amount due, and on after a top-up', async () => {
    expect(await short('wait')).toEqual(['INV-2 200000', 'INV-3 300000'])
    expect(await fates(clinic)).toContain('due INV-1 held insufficient_funds')
    await fund(clinic, '10000')
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 100000'])
  })

  it('partial: up to the budget, and no further', async () => {
    expect(await short('partial')).toEqual(['INV-2 200000', 'INV-3 300000'])
    expect(await fates(clinic)).toContain('due INV-1 skipped insufficient_funds')
    await fund(clinic, '10000')
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual([])
  })
})

describe('after an outage', () => {
  it('only the current step goes; what was missed is recorded, and never sent late', async () => {
    await makeLadder(clinic, [step('before', -7), step('due', 0), step('after', 2), step('final', 14)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-05', '11:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 150000'])
    expect(await fates(clinic)).toEqual([
      'before INV-1 skipped missed',
      'due INV-1 skipped missed',
      'after INV-1 planned',
    ])
  })

  it('a step whose hours are over is not sent, although it was planned', async () => {
    await makeLadder(clinic, [step('due', 0)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-02', '17:00'))
    await plan(clinic)
    clinic.at(jakarta('2026-12-03', '18:00'))
    expect(await sendDue(clinic)).toEqual([])
    expect(await booksOf(clinic)).toMatchObject({ held: 0n })
  })

  it('steps that a holiday has pushed onto the day of the next are overtaken by it', async () => {
    await makeLadder(clinic, [step('due', 0), step('after', 1)])
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-06', zone: 'Asia/Jakarta' })
    clinic.at(jakarta('2026-12-07', '09:00'))
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 150000'])
    expect(await fates(clinic)).toEqual(['due INV-1 skipped overtaken', 'after INV-1 planned'])
  })

  it('an invoice that is entered late hears of the current step only', async () => {
    await makeLadder(clinic, [step('before', -7), step('due', 0), step('after', 2)])
    clinic.at(jakarta('2026-12-05', '09:00'))
    await owe(clinic, { number: 'INV-1', phone: SITI, dueDate: '2026-12-03', zone: 'Asia/Jakarta' })
    await plan(clinic)
    expect(await sendDue(clinic)).toEqual(['INV-1 150000'])
    expect(await fates(clinic)).toEqual([
      'before INV-1 skipped not_yet_known',
      'due INV-1 skipped not_yet_known',
      'after INV-1 planned',
    ])
  })
})

it('five who plan at the same moment make one campaign', async () => {
  await makeLadder(clinic, [step('due', 0)])
  for (let n = 1; n <= 5; n++)
    await owe(clinic, {
      number: `INV-${n}`,
      phone: `+628120000000${n}`,
      dueDate: '2026-12-03',
      zone: 'Asia/Jakarta',
    })
  clinic.at(jakarta('2026-12-03', '09:00'))
  const planned = await Promise.all(Array.from({ length: 5 }, () => plan(clinic)))
  expect(planned.map((one) => one.planned).sort()).toEqual([0, 0, 0, 0, 5])
  expect(await sendDue(clinic)).toHaveLength(5)
})
