import { unwrap } from '../../src/platform/result.ts'
import {
  approveSequence,
  makeSequence,
  moveSequence,
  planWorkspace,
  recordPayment,
  type SequenceWords,
  type Step,
  saveInvoice,
} from '../../src/reminders/index.ts'
import type { TemplateInput } from '../../src/templates/index.ts'
import { type Clinic, makeSender, makeTemplate } from '../campaigns/clinic.ts'
import { openPostOffice, type PostOffice, send } from '../campaigns/post.ts'

/** Words that name the invoice and what is still owed of it, so that a test can read both from what was handed in. */
export const OWED: Partial<TemplateInput> = {
  name: 'Owed',
  body: 'Hi {{name}}, {{amount}} of invoice {{invoice}} is due {{due_date}}.',
}

export function step(key: string, offset: number, more: Partial<Step> = {}): Step {
  return {
    key,
    offset,
    unit: 'days',
    templateId: '',
    time: '09:00',
    until: '18:00',
    conditions: {},
    variables: {},
    dates: {},
    ...more,
  }
}

export type Ladder = { id: string; templateId: string; senderId: string }

const money = (amount: string) => ({ amount, currency: 'IDR' })
export const LARGE = { run: money('9000000'), day: money('9000000'), month: money('90000000') }

/** A ladder that Budi wrote and set going, and Sari approved. */
export async function makeLadder(
  clinic: Clinic,
  steps: readonly Step[],
  more: Partial<SequenceWords> & { caps?: typeof LARGE | undefined } = {},
  template: Partial<TemplateInput> = {},
): Promise<Ladder> {
  const { caps = LARGE, ...words } = more
  const templateId = await makeTemplate(clinic, { ...OWED, ...template })
  const senderId = more.senderId ?? (await makeSender(clinic))
  const sequence = unwrap(
    await clinic.as('budi', (scope) =>
      makeSequence(scope, {
        name: 'Ladder',
        senderId,
        country: 'ID',
        whenShort: 'wait',
        mostMessages: null,
        onePerDebtor: false,
        ...words,
        steps: steps.map((one) => ({ ...one, templateId: one.templateId || templateId })),
      }),
    ),
  )
  unwrap(await clinic.as('sari', (scope) => approveSequence(scope, sequence.id, caps)))
  unwrap(await clinic.as('budi', (scope) => moveSequence(scope, sequence.id, 'active')))
  return { id: sequence.id, templateId, senderId }
}

export type Debt = {
  number: string
  phone: string
  amount?: string
  dueDate: string
  zone?: string
  tags?: string[]
}

export async function owe(clinic: Clinic, debt: Debt): Promise<string> {
  const words = {
    number: debt.number,
    contact: { phone: debt.phone, name: `Debtor of ${debt.number}`, timeZone: debt.zone },
    amount: { amount: debt.amount ?? '150000', currency: 'IDR' },
    dueDate: debt.dueDate,
    tags: debt.tags,
  }
  return unwrap(await clinic.as('budi', (scope) => saveInvoice(scope, words, 'api'))).invoice.id
}

export function pay(clinic: Clinic, number: string, amount?: number) {
  return clinic.as('budi', (scope) =>
    recordPayment(scope, {
      number,
      amountMinor: amount === undefined ? undefined : BigInt(amount) * 10_000n,
      paidAt: scope.now,
      source: 'test',
      externalId: `${number} ${scope.now.toISOString()} ${amount}`,
    }),
  )
}

export function plan(clinic: Clinic) {
  return planWorkspace(clinic.within)
}

/** Sends all that is due now of every campaign. @returns invoice and amount of each, in the order in which they were handed in */
export async function sendDue(clinic: Clinic, office: PostOffice = openPostOffice()): Promise<string[]> {
  const before = office.handedIn.length
  const due = await clinic.within(
    ({ sql, workspaceId }) => sql<{ id: string }[]>`
      SELECT id FROM campaigns WHERE workspace_id = ${workspaceId} AND state IN ('scheduled','sending','paused') ORDER BY id`,
  )
  for (const { id } of due) await send(clinic, id, office)
  return office.handedIn.slice(before).map(told)
}

/** The invoice and the amount that a message names. */
export function told({ template }: PostOffice['handedIn'][number]): string {
  const of = (name: string) => template.parameters.body.find((one) => one.name === name)?.text
  return `${of('invoice')} ${of('amount')}`
}

/** What became of each step and invoice: `due INV-1 planned`, `due INV-1 skipped missed`. */
export async function fates(clinic: Clinic): Promise<string[]> {
  const rows = await clinic.within(
    ({ sql, workspaceId }) => sql<{ says: string }[]>`
      SELECT concat_ws(' ', r.step_key, i.number, r.state, r.reason) AS says FROM reminders r JOIN invoices i ON i.id = r.invoice_id
       WHERE r.workspace_id = ${workspaceId} ORDER BY i.number, r.nominal_day`,
  )
  return rows.map(({ says }) => says)
}
