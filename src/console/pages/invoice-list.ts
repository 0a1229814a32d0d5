import { DateTime } from 'luxon'
import { formatAmount } from '../../platform/money.ts'
import { ok } from '../../platform/result.ts'
import { INVOICE_STATES, type Invoice, listInvoices, outstandingMinor } from '../../reminders/index.ts'
import { type Asked, exportsOf, type List, lookThrough, soughtWords } from '../list.ts'
import { page, pageRequest, UUID_PLACE } from '../page.ts'
import { say, sayOr } from '../view.ts'

/** The book of invoices. */

const list: List<Invoice, string> = {
  path: '/reminders/invoices',
  permission: 'invoices.read',
  fileName: 'invoices',
  filters: ['state', 'overdue'],
  read: async (asked, request) =>
    ok(
      await listInvoices(asked.scope, {
        ...request,
        state: stateOf(asked),
        words: soughtWords(asked),
        overdueOn: isOverdue(asked) ? todayOf(asked) : undefined,
      }),
    ),
  columns: () => [
    { heading: say('invoice.number'), cell: ({ number }) => number },
    { heading: say('col.state'), cell: ({ state }) => sayOr(`state.${state}`, state) },
    { heading: say('invoice.due'), cell: ({ dueDate }) => dueDate },
    { heading: say('invoice.amount'), cell: ({ amountMinor }) => formatAmount(amountMinor) },
    { heading: say('invoice.owed'), cell: (invoice) => formatAmount(outstandingMinor(invoice)) },
    { heading: say('invoices.currency'), cell: ({ currency }) => currency },
  ],
}

const invoices = page(list.path, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  const state = stateOf(visit)
  return ok({
    name: 'invoices',
    section: 'reminders' as const,
    title: say('reminders.invoices'),
    data: {
      ...read.value.facts,
      invoices: read.value.items.map((invoice) => ({ ...invoice, owedMinor: outstandingMinor(invoice) })),
      states: INVOICE_STATES.map((one) => ({ state: one, chosen: one === state })),
      overdue: isOverdue(visit),
    },
  })
})

export const invoiceListPages = [invoices, ...exportsOf(list)]

function stateOf({ query }: Pick<Asked, 'query'>) {
  return INVOICE_STATES.find((one) => one === query('state'))
}

function isOverdue({ query }: Pick<Asked, 'query'>): boolean {
  return query('overdue') === '1'
}

function todayOf({ scope, workspace }: Asked): string {
  return DateTime.fromJSDate(scope.now, { zone: workspace.timeZone }).toISODate()!
}
