/** Again, by due date: invoices, what is paid of them, and the reminders that stop when it is. */
export {
  type AgeingLine,
  findInvoice,
  type InvoiceEvent,
  type InvoiceFilter,
  type InvoiceRef,
  invoiceHistory,
  listInvoices,
  readAgeing,
} from './find-invoice.ts'
export {
  findRecurrence,
  listOccurrences,
  listRecurrences,
  type OccurrenceFate,
  type Recurrence,
} from './find-recurrence.ts'
export { listReminders, type Reminder, type ReminderPlace } from './find-reminders.ts'
export {
  digestOfSequence,
  findSequence,
  findStanding,
  listSequences,
  SEQUENCE_STATES,
  type Sequence,
  type SequenceState,
  type StandingApproval,
} from './find-sequence.ts'
export { type Foresight, foresee, MOST_DAYS_FORESEEN } from './foresee.ts'
export type { ForeseenDay, ForeseenRun } from './foresight.ts'
export { forewarn } from './forewarn.ts'
export { forgetDebtor } from './forget-debtor.ts'
export { INVOICE_STATES, type Invoice, type InvoiceState, outstandingMinor } from './invoice.ts'
export { awaitLinks, linkInvoice } from './link-invoice.ts'
export {
  cancelInvoice,
  disputeInvoice,
  type MovedInvoice,
  type MoveRefusal,
  promiseInvoice,
  reopenInvoice,
} from './move-invoice.ts'
export { planWorkspace } from './plan-workspace.ts'
export { type Payment, type PaymentRecorded, type PaymentRefusal, recordPayment } from './record-payment.ts'
export {
  digestOfRecurrence,
  faultsOfRecurrence,
  nextOccurrences,
  type RecurrenceWords,
  type Rule,
} from './recurrence.ts'
export { type NewInvoice, saveInvoice } from './save-invoice.ts'
export {
  approveRecurrence,
  editRecurrence,
  makeRecurrence,
  moveRecurrence,
  revokeRecurrence,
} from './save-recurrence.ts'
export {
  approveSequence,
  type Caps,
  editSequence,
  makeSequence,
  moveSequence,
  revokeStanding,
} from './save-sequence.ts'
export {
  type Conditions,
  MOST_OFFSET_DAYS,
  type SequenceWords,
  type Step,
  WHEN_SHORT,
  type WhenShort,
} from './sequence.ts'
export { type LadderTerms, makeStarterLadder } from './starter-ladder.ts'
export { type InvoiceSheet, takeInvoices } from './take-invoices.ts'
export { takePayments } from './take-payments.ts'
