import { findContact } from '../../contacts/index.ts'
import { isCalendarDay } from '../../platform/calendar.ts'
import { parseAmount } from '../../platform/money.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import {
  cancelInvoice,
  disputeInvoice,
  findInvoice,
  type Invoice,
  invoiceHistory,
  listReminders,
  type MovedInvoice,
  type MoveRefusal,
  outstandingMinor,
  promiseInvoice,
  recordPayment,
  reopenInvoice,
  saveInvoice,
} from '../../reminders/index.ts'
import { fault, refuseFields } from '../faults.ts'
import { type Again, act, errorsOf, mustMay, page, type View, type Visit } from '../page.ts'
import { actorNames } from '../recorded.ts'
import { groupDigits } from '../show.ts'
import { say, sayOr } from '../view.ts'

/** The book of invoices: what is owed by whom, what was paid, and what reminds of it. */

const PATH = '/reminders/invoices'
const AMOUNT = /^\d{1,14}(\.\d{1,4})?$/
const NUMBER_MAX_CHARS = 200
const REFERENCE_MAX_CHARS = 300
const MOST_REMINDERS = 50

const blank = page('/reminders/invoices/new', (visit) => showNew(visit))

const enter = act(
  '/reminders/invoices/new',
  async (visit, { fields }) => {
    const amount = (fields.amount ?? '').trim()
    const number = (fields.number ?? '').trim()
    const faults = [
      ...(number === '' || number.length > NUMBER_MAX_CHARS
        ? [fault('number', say('refused.name', { n: NUMBER_MAX_CHARS }))]
        : []),
      ...(AMOUNT.test(amount) ? [] : [fault('amount', say('wallet.amount.fault'))]),
      ...(isDay(fields.due_date) ? [] : [fault('due_date', say('invoice.new.day.fault'))]),
    ]
    if (faults.length > 0) return refuseFields(faults)
    const saved = await saveInvoice(
      visit.scope,
      {
        number,
        contact: { phone: fields.phone ?? '', name: fields.name?.trim() || undefined },
        amount: { amount, currency: visit.workspace.currency },
        dueDate: fields.due_date!,
      },
      'console',
    )
    return saved.ok ? ok({ to: `${PATH}/${saved.value.invoice.id}?done=invoice` }) : saved
  },
  showNew,
)

const one = page('/reminders/invoices/:id', (visit) => showInvoice(visit))

const pay = act(
  '/reminders/invoices/:id/payments',
  async (visit, { fields }) => {
    const amount = (fields.amount ?? '').trim()
    const reference = (fields.reference ?? '').trim()
    const faults = [
      ...(amount === '' || AMOUNT.test(amount) ? [] : [fault('amount', say('wallet.amount.fault'))]),
      ...(reference === '' || reference.length > REFERENCE_MAX_CHARS
        ? [fault('reference', say('invoice.pay.reference.fault', { n: REFERENCE_MAX_CHARS }))]
        : []),
    ]
    if (faults.length > 0) return refuseFields(faults)
    const recorded = await recordPayment(visit.scope, {
      invoiceId: visit.params.id!,
      amountMinor: amount === '' ? undefined : parseAmount(amount),
      paidAt: visit.scope.now,
      source: 'console',
      externalId: reference,
    })
    return recorded.ok ? ok({ to: `${PATH}/${recorded.value.invoice.id}?done=payment` }) : recorded
  },
  showInvoice,
)

const promise = move('promise', (visit, fields) =>
  isDay(fields.until)
    ? promiseInvoice(visit.scope, { invoiceId: visit.params.id! }, fields.until!)
    : refuse('validation_failed', say('invoice.new.day.fault'), {
        errors: [fault('until', say('invoice.new.day.fault'))],
      }),
)
const dispute = move('dispute', (visit) => disputeInvoice(visit.scope, { invoiceId: visit.params.id! }))
const cancel = move('cancellation', (visit) => cancelInvoice(visit.scope, { invoiceId: visit.params.id! }))
const reopen = move('reopening', (visit) => reopenInvoice(visit.scope, { invoiceId: visit.params.id! }))

export const invoicesPages = [blank, enter, pay, promise, dispute, cancel, reopen, one]

type Moving = Result<MovedInvoice, MoveRefusal>

function move(
  noun: string,
  does: (visit: Visit, fields: Readonly<Record<string, string | undefined>>) => Moving | Promise<Moving>,
) {
  return act(
    `/reminders/invoices/:id/${noun}`,
    async (visit, { fields }) => {
      const moved = await does(visit, fields)
      return moved.ok ? ok({ to: `${PATH}/${moved.value.invoice.id}?done=moved` }) : moved
    },
    showInvoice,
  )
}

async function showNew(visit: Visit, again?: Again): Promise<Result<View>> {
  const refusal = mustMay(visit, 'invoices.write')
  if (refusal) return refusal
  return ok({
    name: 'invoice-new',
    section: 'reminders',
    title: say('invoices.new'),
    data: {
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, { 'amount.amount': 'amount', 'contact.phone': 'phone' }),
      again,
    },
  })
}

async function showInvoice(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const found = await findInvoice(scope, { invoiceId: visit.params.id! })
  if (!found.ok) return found
  const invoice = found.value
  const history = await invoiceHistory(scope, invoice.id)
  if (!history.ok) return history
  const reminders = await listReminders(scope, {
    invoiceId: invoice.id,
    limit: MOST_REMINDERS,
    after: undefined,
  })
  const nameOf = await actorNames(
    scope,
    history.value.map(({ actor }) => actor),
  )
  const contact = await findContact(scope, invoice.contactId.toString())
  return ok({
    name: 'invoice',
    section: 'reminders',
    title: invoice.number,
    data: {
      invoice: { ...invoice, owedMinor: outstandingMinor(invoice) },
      debtor: contact.ok ? contact.value : undefined,
      ...waysOf(invoice),
      reminders: reminders.items.map((reminder) => ({
        ...reminder,
        step: reminder.stepKey.replaceAll('_', ' '),
        why: reminder.reason && sayOr(`remind.${reminder.reason}`, reminder.reason),
      })),
      history: [...history.value].reverse().map((event) => ({
        ...event,
        by: nameOf(event.actor),
        amount: typeof event.facts.amount === 'string' ? groupDigits(event.facts.amount) : undefined,
        until: event.facts.promised_until,
        reason: event.facts.reason,
      })),
      values: again?.fields ?? {},
      errors: again && errorsOf(again.refusal, { 'amount.amount': 'amount' }),
      again,
    },
  })
}

/** Which forms the page has: what is paid has none, what stands still can be opened again. */
function waysOf({ state }: Invoice) {
  const isOver = state === 'paid' || state === 'cancelled'
  return {
    open: !isOver,
    reopens: state === 'promised' || state === 'disputed' || state === 'cancelled',
    payable: state !== 'paid',
  }
}

function isDay(text: string | undefined): boolean {
  return text !== undefined && isCalendarDay(text)
}
