/** The states of an invoice. */
export const INVOICE_STATES = ['open', 'partly_paid', 'paid', 'promised', 'disputed', 'cancelled'] as const
export type InvoiceState = (typeof INVOICE_STATES)[number]

/** A debt in a workspace's book. Amounts in 1/10,000 of a unit of `currency`; days as ISO days. */
export type Invoice = {
  readonly id: string
  readonly number: string
  readonly contactId: bigint
  readonly currency: string
  readonly amountMinor: bigint
  readonly paidMinor: bigint
  readonly dueDate: string
  readonly state: InvoiceState
  readonly promisedUntil: string | null
  readonly payLink: string | null
  readonly attachment: string | null
  readonly tags: readonly string[]
  readonly variables: Readonly<Record<string, string>>
  readonly source: string
  /** RFC 3339. */
  readonly createdAt: string
  readonly updatedAt: string
  readonly paidAt: string | null
}

type Debt = Pick<Invoice, 'state' | 'amountMinor' | 'paidMinor'>

/** What is still owed, in 1/10,000 of a unit; never below zero. */
export function outstandingMinor({ amountMinor, paidMinor, state }: Debt): bigint {
  if (state === 'paid' || paidMinor >= amountMinor) return 0n
  return amountMinor - paidMinor
}

/**
 * Where a payment takes an invoice. What is paid in full is paid, from whatever state; a part leaves a promise, a
 * dispute or a cancellation as it is; paid stays paid, and what comes on top is kept as an overpayment.
 */
export function afterPayment(debt: Debt, amountMinor: bigint): { state: InvoiceState; paidMinor: bigint } {
  const paidMinor = debt.paidMinor + amountMinor
  if (debt.state === 'paid' || paidMinor >= debt.amountMinor) return { state: 'paid', paidMinor }
  if (debt.state === 'open') return { state: 'partly_paid', paidMinor }
  return { state: debt.state, paidMinor }
}

/** The state that follows from the figures alone, for an invoice that is open again or whose amount was changed. */
export function stateByFigures({ amountMinor, paidMinor }: Omit<Debt, 'state'>): InvoiceState {
  if (paidMinor >= amountMinor) return 'paid'
  return paidMinor > 0n ? 'partly_paid' : 'open'
}

/** Where a person may take an invoice by hand; `paid` is reached by payments alone, and never left. */
export const INVOICE_MOVES: Readonly<Record<InvoiceState, readonly InvoiceState[]>> = {
  open: ['promised', 'disputed', 'cancelled'],
  partly_paid: ['promised', 'disputed', 'cancelled'],
  promised: ['promised', 'open', 'partly_paid', 'disputed', 'cancelled'],
  disputed: ['promised', 'open', 'partly_paid', 'cancelled'],
  cancelled: ['open', 'partly_paid'],
  paid: [],
}
