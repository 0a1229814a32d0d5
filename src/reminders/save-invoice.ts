import { type ContactWords, findContact, saveContact } from '../contacts/index.ts'
import { type MoneyJson, parseAmount } from '../platform/money.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, findWorkspace } from '../workspaces/index.ts'
import { findInvoice } from './find-invoice.ts'
import type { Invoice } from './invoice.ts'
import { saveInvoices } from './save-invoices.ts'

/** An invoice as a program or a person enters it; its contact by id or by number. */
export type NewInvoice = {
  readonly number: string
  readonly contact: ContactWords | { readonly id: string }
  readonly amount: MoneyJson
  /** ISO day. */
  readonly dueDate: string
  readonly payLink?: string | undefined
  readonly attachment?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly variables?: Readonly<Record<string, string>> | undefined
}

export type SaveRefusal = 'forbidden' | 'not_found' | 'validation_failed'

/**
 * Enters an invoice, or brings the one of this number up to date.
 * @param source `api` or `console`
 */
export async function saveInvoice(
  scope: Scope,
  words: NewInvoice,
  source: string,
): Promise<Result<{ invoice: Invoice; isNew: boolean }, SaveRefusal>> {
  const forbidden = allow(scope.actor, 'invoices.write')
  if (forbidden) return forbidden
  const amountMinor = parseAmount(words.amount.amount)
  if (amountMinor === undefined || amountMinor <= 0n) return refuseAmount()
  const contact =
    'id' in words.contact
      ? await findContact(scope, words.contact.id)
      : await saveContact(scope, words.contact)
  if (!contact.ok) return contact
  const currency = words.amount.currency || (await findWorkspace(scope)).currency
  const { sql } = scope
  const saved = await saveInvoices(
    scope,
    sql`
      SELECT ${words.number}::text AS number, ${contact.value.id}::bigint AS contact_id, ${amountMinor}::bigint AS amount,
             ${currency}::text AS currency, ${words.dueDate}::text::date AS due_date, ${words.payLink ?? null}::text AS pay_link,
             ${words.attachment ?? null}::text AS attachment,
             (SELECT array_agg(t) FROM jsonb_array_elements_text(${words.tags ? JSON.stringify(words.tags) : null}::text::jsonb) t) AS tags,
             ${words.variables ? JSON.stringify(words.variables) : null}::text::jsonb AS variables`,
    source,
  )
  const found = await findInvoice(scope, { number: words.number })
  return found.ok ? ok({ invoice: found.value, isNew: saved.made === 1 }) : found
}

function refuseAmount(): Result<never, 'validation_failed'> {
  const message = 'An invoice is for more than zero.'
  return refuse('validation_failed', message, {
    errors: [{ path: 'amount.amount', code: 'invalid_amount', message }],
  })
}
