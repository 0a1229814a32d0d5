import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addSender, fallOver } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import { approveSequence, editSequence } from '../../src/reminders/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { booksOf, type Clinic, fund, makeTemplate, openClinic, PRICE } from '../campaigns/clinic.ts'
import { openPostOffice, type PostOffice, send, tell } from '../campaigns/post.ts'
import { LARGE, makeLadder, owe, pay, plan, step } from './ladder.ts'

const SMS_PRICE = 1_000_000n
const CEILING = 5_000_000n
const TABLE =
  'model,currency,market,category,effective_from,price_per_unit,charge_on\n' +
  'per_segment,IDR,Indonesia,utility,2026-01-01,100.00,accepted'
const box = openSecretBox('a key that only tests have, of no value to anyone')
const jakarta = (day: string, clock: string) => new Date(`${day}T${clock}:00+07:00`)

let clinic: Clinic
type Fallback = { senderId: string; templateId: string; ceilingMinor: string }
let fallback: Fallback
let ladderId: string
let templateId: string
let senderId: string
let whatsapp: PostOffice
let runId: string
let nextId: string
/** Three debtors on the day, none of whom is on WhatsApp, and a step that may then write by SMS. */
beforeEach(async () => {
  clinic = await openClinic()
  unwrap(await clinic.asOwner(({ sql }) => publishCommonRates(sql, { table: TABLE, fileName: 'sms.csv' })))
  await fund(clinic, '100000')
  const sms = { provider: 'simulator_sms', name: 'Text desk', config: {} }
  const smsSender = unwrap(await clinic.as('dewi', (scope) => addSender(scope, box, sms))).id
  const smsTemplate = await makeTemplate(clinic, {
    name: 'By SMS',
    channel: 'sms',
    body: 'Pay {{invoice}}, {{amount}}.',
  })
  fallback = { senderId: smsSender, templateId: smsTemplate, ceilingMinor: CEILING.toString() }
  ;({
    id: ladderId,
    senderId,
    templateId,
  } = await makeLadder(clinic, [step('due', 0, { fallback })], { whenShort: 'block' }))
  for (const n of [1, 2, 3])
    await owe(clinic, {
      number: `INV-${n}`,
      phone: `+628120000000${n}`,
      dueDate: '2026-12-03',
      zone: 'Asia/Jakarta',
    })
  clinic.at(jakarta('2026-12-03', '09:30'))
  await plan(clinic)
  const [run] = await clinic.within(
    ({ sql }) => sql<{ id: string; next: string }[]>`
    SELECT r.campaign_id AS id, c.id AS next FROM reminder_runs r JOIN campaigns c ON c.fallback_of = r.campaign_id`,
  )
  ;[runId, nextId] = [run!.id, run!.next]
  whatsapp = openPostOffice()
  await send(clinic, runId, whatsapp)
}, 60_000)
afterEach(() => clinic.close())

const fail = () =>
  tell(
    clinic,
    senderId,
    whatsapp.handedIn.map((of) => ({ of, status: 'failed' as const })),
  )
const fall = () => clinic.within((scope) => fallOver(scope, runId, nextId))

/** The numbers to whom an SMS went. */
async function sendSms(): Promise<string[]> {
  const office = openPostOffice()
  await send(clinic, nextId, office)
  return office.handedIn.map(({ to }) => to).sort()
}

async function isSound(): Promise<void> {
  expect((await clinic.within(auditWorkspace)).checks.filter(({ ok }) => !ok)).toEqual([])
}

describe('a step’s fall-over to SMS', () => {
  it.each([
    [
      'a sender that sends no SMS',
      (good: Fallback) => ({ ...good, senderId }),
      'steps[0].fallback.sender_id',
    ],
    [
      'a template that is none of SMS',
      (good: Fallback) => ({ ...good, templateId }),
      'steps[0].fallback.template_id',
    ],
    ['no money', (good: Fallback) => ({ ...good, ceilingMinor: '0' }), 'steps[0].fallback.ceiling'],
  ])('is refused with %s', async (_, worsen, path) => {
    const refused = await clinic.as('budi', (scope) =>
      editSequence(scope, ladderId, { steps: [step('due', 0, { templateId, fallback: worsen(fallback) })] }),
    )
    expect(refused).toMatchObject({ ok: false, facts: { errors: [{ path }] } })
  })

  it('may be left to a step of its own sender, by SMS from the beginning', async () => {
    const bySms = step('text', 3, { templateId: fallback.templateId, senderId: fallback.senderId })
    unwrap(
      await clinic.as('budi', (scope) =>
        editSequence(scope, ladderId, { steps: [step('due', 0, { templateId, fallback }), bySms] }),
      ),
    )
    unwrap(await clinic.as('sari', (scope) => approveSequence(scope, ladderId, LARGE)))
    clinic.at(jakarta('2026-12-07', '09:30'))
    await plan(clinic)
    const [run] = await clinic.within(
      ({ sql }) => sql<{ provider: string; n: number }[]>`
        SELECT s.provider, count(*)::int AS n FROM reminder_runs r JOIN campaigns c ON c.id = r.campaign_id JOIN senders s ON s.id = c.sender_id
          JOIN messages m ON m.campaign_id = c.id WHERE r.step_key = 'text' GROUP BY 1`,
    )
    expect(run).toEqual({ provider: 'simulator_sms', n: 3 })
    const mismatch = await clinic.as('budi', (scope) =>
      editSequence(scope, ladderId, { steps: [{ ...bySms, templateId }] }),
    )
    expect(mismatch).toMatchObject({ ok: false, facts: { errors: [{ path: 'steps[0].sender_id' }] } })
  })

  it('is refused where a run may go out in part', async () => {
    const refused = await clinic.as('budi', (scope) => editSequence(scope, ladderId, { whenShort: 'wait' }))
    expect(refused).toMatchObject({ ok: false, facts: { errors: [{ path: 'when_short' }] } })
  })

  it('holds its ceiling beside the run, under the same caps', async () => {
    expect(await booksOf(clinic)).toMatchObject({ held: 3n * PRICE + 3n * SMS_PRICE })
    await isSound()
  })

  it('writes to whom WhatsApp could not reach', async () => {
    await fail()
    expect(await sendSms()).toEqual(['+6281200000001', '+6281200000002', '+6281200000003'])
    await isSound()
  })

  it('never after the payment: paid before it fell over', async () => {
    await fail()
    unwrap(await pay(clinic, 'INV-1'))
    expect(await sendSms()).toEqual(['+6281200000002', '+6281200000003'])
    await isSound()
  })

  it('never after the payment: paid while WhatsApp had not yet said that it failed', async () => {
    unwrap(await pay(clinic, 'INV-2'))
    await fail()
    expect(await sendSms()).toEqual(['+6281200000001', '+6281200000003'])
  })

  it('never after the payment: paid when the SMS waited, whose money is back at once', async () => {
    await fail()
    expect(await fall()).toBe(3)
    const { held } = await booksOf(clinic)
    unwrap(await pay(clinic, 'INV-3'))
    expect((await booksOf(clinic)).held).toBe(held - SMS_PRICE)
    expect(await sendSms()).toEqual(['+6281200000001', '+6281200000002'])
    await isSound()
  })

  it('never after the payment: paid at the very moment at which it falls over', async () => {
    await fail()
    await Promise.all([fall(), pay(clinic, 'INV-1'), fall(), pay(clinic, 'INV-2')])
    await fall()
    expect(await sendSms()).toEqual(['+6281200000003'])
    await isSound()
  })
})
