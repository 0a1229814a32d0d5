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
export { forgetDebtor } from './forget-debtor.ts'
export { INVOICE_STATES, type Invoice, type InvoiceState, outstandingMinor } from './invoice.ts'
export {
  cancelInvoice,
  disputeInvoice,
  type MovedInvoice,
  type MoveRefusal,
  promiseInvoice,
  reopenInvoice,
} from './move-invoice.ts'
export { type Payment, type PaymentRecorded, type PaymentRefusal, recordPayment } from './record-payment.ts'
export { type NewInvoice, saveInvoice } from './save-invoice.ts'
export { type InvoiceSheet, takeInvoices } from './take-invoices.ts'
