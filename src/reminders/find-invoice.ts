import { ofSoughtContacts, seekContacts } from '../contacts/index.ts'
import { instant } from '../platform/db.ts'
import { isUuid } from '../platform/ids.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { Invoice, InvoiceState } from './invoice.ts'

/** An invoice by its id or by the number that the business gave it. */
export type InvoiceRef = { readonly invoiceId: string } | { readonly number: string }

type Row = {
  id: string
  number: string
  contact_id: bigint
  currency: string
  amount: bigint
  paid: bigint
  due_date: string
  state: InvoiceState
  promised_until: string | null
  pay_link: string | null
  attachment: string | null
  tags: string[]
  variables: Record<string, string>
  source: string
  created_at: string
  updated_at: string
  paid_at: string | null
}

/** One invoice of this workspace; another's does not exist here. */
export async function findInvoice(scope: Scope, ref: InvoiceRef): Promise<Result<Invoice, 'not_found'>> {
  return readInvoice(scope, ref, false)
}

/** The same, locked until the transaction ends, for verbs that move it. */
export async function lockInvoice(scope: Scope, ref: InvoiceRef): Promise<Result<Invoice, 'not_found'>> {
  return readInvoice(scope, ref, true)
}

async function readInvoice(
  scope: Scope,
  ref: InvoiceRef,
  lock: boolean,
): Promise<Result<Invoice, 'not_found'>> {
  const { sql, workspaceId } = scope
  if ('invoiceId' in ref && !isUuid(ref.invoiceId)) return NOT_FOUND
  const [row] = await sql<Row[]>`
    SELECT ${columns(scope)} FROM invoices i
     WHERE i.workspace_id = ${workspaceId}
       AND ${'invoiceId' in ref ? sql`i.id = ${ref.invoiceId}` : sql`i.number = ${ref.number}`}
     ${lock ? sql`FOR UPDATE` : sql``}`
  return row ? ok(toInvoice(row)) : NOT_FOUND
}

const NOT_FOUND = refuse('not_found', 'There is no such invoice in this workspace.')

export type InvoiceFilter = {
  readonly state?: InvoiceState | undefined
  readonly contactId?: bigint | undefined
  readonly number?: string | undefined
  /** In the number of the invoice, or in the name, address or number of whom it is for. */
  readonly words?: string | undefined
  /** Only what is unpaid and was due before this ISO day. */
  readonly overdueOn?: string | undefined
}

/** The workspace's invoices, newest first; a page ends at an id. */
export async function listInvoices(
  scope: Scope,
  request: PageRequest<string> & InvoiceFilter,
): Promise<Page<Invoice, string>> {
  const { sql, workspaceId } = scope
  const { after, limit, state, contactId, number, words, overdueOn } = request
  const sought = words === undefined ? undefined : await seekContacts(scope, words)
  const rows = await sql<Row[]>`
    SELECT ${columns(scope)} FROM invoices i WHERE i.workspace_id = ${workspaceId}
       ${state === undefined ? sql`` : sql`AND i.state = ${state}`}
       ${contactId === undefined ? sql`` : sql`AND i.contact_id = ${contactId}`}
       ${number === undefined ? sql`` : sql`AND i.number = ${number}`}
       ${sought === undefined ? sql`` : sql`AND (i.number ILIKE ${readSought(sought.words).like} OR ${ofSoughtContacts(scope, sought, 'i.contact_id')})`}
       ${overdueOn === undefined ? sql`` : sql`AND i.state NOT IN ('paid','cancelled') AND i.due_date < ${overdueOn}::text::date`}
       ${after === undefined ? sql`` : sql`AND i.id < ${after}::uuid`}
     ORDER BY i.id DESC LIMIT ${limit + 1}`
  return pageOf(rows.map(toInvoice), limit, ({ id }) => id)
}

export type InvoiceEvent = {
  readonly kind: string
  readonly fromState: InvoiceState | null
  readonly toState: InvoiceState
  readonly facts: Readonly<Record<string, unknown>>
  readonly actor: string
  /** RFC 3339. */
  readonly at: string
}

const MOST_EVENTS = 1_000

/** All that ever happened to an invoice, oldest first. */
export async function invoiceHistory(
  scope: Scope,
  invoiceId: string,
): Promise<Result<readonly InvoiceEvent[], 'not_found'>> {
  const found = await findInvoice(scope, { invoiceId })
  if (!found.ok) return found
  const rows = await scope.sql<
    {
      kind: string
      from_state: InvoiceState | null
      to_state: InvoiceState
      facts: Record<string, unknown>
      actor: string
      at: string
    }[]
  >`
    SELECT kind, from_state, to_state, facts, actor, at FROM invoice_events
     WHERE invoice_id = ${invoiceId} AND workspace_id = ${scope.workspaceId} ORDER BY id LIMIT ${MOST_EVENTS}`
  return ok(
    rows.map(({ kind, from_state: fromState, to_state: toState, facts, actor, at }) => ({
      kind,
      fromState,
      toState,
      facts,
      actor,
      at: instant(at)!,
    })),
  )
}

/** How old what is owed is: by days past due, in the currency of each invoice. */
export type AgeingLine = {
  readonly currency: string
  readonly bucket: 'not_due' | '1_30' | '31_60' | '61_90' | 'over_90'
  readonly invoices: number
  readonly outstandingMinor: bigint
}

/** What is owed on an ISO day, by currency and age. Promised and disputed invoices count: they are owed too. */
export async function readAgeing(scope: Scope, on: string): Promise<readonly AgeingLine[]> {
  const rows = await scope.sql<{ currency: string; bucket: AgeingLine['bucket']; n: number; owed: string }[]>`
    SELECT currency, CASE WHEN ${on}::text::date <= due_date THEN 'not_due'
                          WHEN ${on}::text::date - due_date <= 30 THEN '1_30'
                          WHEN ${on}::text::date - due_date <= 60 THEN '31_60'
                          WHEN ${on}::text::date - due_date <= 90 THEN '61_90' ELSE 'over_90' END AS bucket,
           count(*)::int AS n, sum(amount - paid)::text AS owed
      FROM invoices WHERE workspace_id = ${scope.workspaceId} AND state NOT IN ('paid','cancelled')
     GROUP BY 1, 2 ORDER BY 1, min(${on}::text::date - due_date)`
  return rows.map(({ currency, bucket, n, owed }) => ({
    currency,
    bucket,
    invoices: n,
    // A sum may be more than one invoice, and so one column, can hold.
    outstandingMinor: BigInt(owed),
  }))
}

function columns({ sql }: Scope) {
  return sql`i.id, i.number, i.contact_id, i.currency, i.amount, i.paid, i.due_date::text, i.state, i.promised_until::text,
    i.pay_link, i.attachment, i.tags, i.variables, i.source, i.created_at, i.updated_at, i.paid_at`
}

function toInvoice(row: Row): Invoice {
  return {
    id: row.id,
    number: row.number,
    contactId: row.contact_id,
    currency: row.currency,
    amountMinor: row.amount,
    paidMinor: row.paid,
    dueDate: row.due_date,
    state: row.state,
    promisedUntil: row.promised_until,
    payLink: row.pay_link,
    attachment: row.attachment,
    tags: row.tags,
    variables: row.variables,
    source: row.source,
    createdAt: instant(row.created_at)!,
    updatedAt: instant(row.updated_at)!,
    paidAt: instant(row.paid_at),
  }
}
