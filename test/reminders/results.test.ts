import { afterAll, beforeAll, expect, it } from 'vitest'
import { suppress } from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { readResults, writeResults } from '../../src/reports/index.ts'
import { type Clinic, fund, openClinic, PRICE } from '../campaigns/clinic.ts'
import { openPostOffice, tell } from '../campaigns/post.ts'
import { type Ladder, makeLadder, owe, pay, plan, sendDue, step } from './ladder.ts'

let clinic: Clinic
let ladder: Ladder
const phone = (n: number) => `+628120000000${n}`

beforeAll(async () => {
  clinic = await openClinic()
  await fund(clinic, '1000000')
  ladder = await makeLadder(clinic, [step('due', 0), step('after', 2)])
  for (let n = 1; n <= 4; n++)
    await owe(clinic, {
      number: `INV-${n}`,
      phone: phone(n),
      dueDate: '2026-12-02',
      zone: 'Asia/Jakarta',
      amount: '100000',
    })
}, 60_000)
afterAll(() => clinic?.close())

async function day(date: string): Promise<void> {
  clinic.at(new Date(`${date}T10:00:00+07:00`))
  await plan(clinic)
  const office = openPostOffice()
  await sendDue(clinic, office)
  const told = office.handedIn.map((of) => ({ of, status: 'delivered' as const }))
  if (told.length > 0) await tell(clinic, ladder.senderId, told)
}

it('credits each payment to the last reminder before it, and counts cost, opt-outs and what a payment saved', async () => {
  await day('2026-12-02')
  clinic.later(24 * 60 * 60 * 1000)
  unwrap(await pay(clinic, 'INV-1'))
  unwrap(await pay(clinic, 'INV-2', 40_000))
  unwrap(
    await clinic.as('budi', (scope) =>
      suppress(scope, { phone: phone(4), scope: 'all', reason: 'asked', expiresAt: undefined }),
    ),
  )
  clinic.at(new Date('2026-12-03T17:00:00+07:00'))
  await plan(clinic)
  unwrap(await pay(clinic, 'INV-3'))
  await day('2026-12-04')
  clinic.later(12 * 60 * 60 * 1000)
  unwrap(await pay(clinic, 'INV-2', 60_000))

  const results = await clinic.as('joko', (scope) => readResults(scope, ladder.id))
  const common = { templateId: ladder.templateId, currency: 'IDR' }
  expect(results).toEqual([
    {
      ...common,
      step: 'after',
      reminded: 1,
      recovered: 1,
      recoveredMinor: 600_000_000n,
      daysToPayment: 0.5,
      costMinor: PRICE,
      costPerRecoveredMinor: PRICE,
      optOuts: 0,
      stopped: 1,
      savedMinor: PRICE,
    },
    {
      ...common,
      step: 'due',
      reminded: 4,
      recovered: 2,
      recoveredMinor: 2_400_000_000n,
      daysToPayment: 1.1,
      costMinor: 4n * PRICE,
      costPerRecoveredMinor: 2n * PRICE,
      optOuts: 1,
      stopped: 0,
      savedMinor: 0n,
    },
  ])
  const book = await new Response(writeResults(results, 'IDR')).arrayBuffer()
  expect(Buffer.from(book).subarray(0, 2).toString()).toBe('PK')
})
