import { unwrap } from '../../src/platform/result.ts'
import { publishRates } from '../../src/pricing/index.ts'
import {
  type Clinic,
  fund,
  launch,
  makeList,
  makeParts,
  makeSender,
  makeTemplate,
  patients,
} from '../campaigns/clinic.ts'
import { accepted, close, openPostOffice, send, tell } from '../campaigns/post.ts'

/** The campaigns of a day in which everything happened once. */
export type Played = { settled: string; sending: string; conversation: string; second: string }

const DAY_MS = 24 * 60 * 60 * 1000

/**
 * One campaign with every end that a message may come to, late deliveries charged to the wallet and to the
 * receivable; two of the conversation model, the second of them free; and one that is still under way.
 */
export async function playThrough(clinic: Clinic): Promise<Played> {
  await fund(clinic, '100000.00')
  const settled = await everyEnd(clinic)
  const { conversation, second } = await conversations(clinic)
  const sending = await halfWay(clinic)
  return { settled, conversation, second, sending }
}

async function everyEnd(clinic: Clinic): Promise<string> {
  const parts = await makeParts(clinic, patients(9))
  const office = openPostOffice((message, nth) =>
    nth === 9
      ? { outcome: 'rejected', code: '131026', message: 'no such number', action: 'recipient' }
      : accepted(message),
  )
  const id = await launch(clinic, parts)
  await send(clinic, id, office)
  const [a, b, c, d, e, f, g] = office.handedIn as [never, never, never, never, never, never, never]
  await tell(clinic, parts.senderId, [
    { of: a, status: 'sent' },
    { of: a, status: 'delivered' },
    { of: b, status: 'delivered' },
    { of: b, status: 'read' },
    { of: c, status: 'read' },
    { of: d, status: 'failed' },
    { of: e, status: 'delivered', pricing: { billable: false, type: 'free_entry_point' } },
  ])
  clinic.later(2 * DAY_MS)
  await close(clinic, id)
  await tell(clinic, parts.senderId, [{ of: f, status: 'delivered' }])
  await emptyTheWallet(clinic)
  await tell(clinic, parts.senderId, [{ of: g, status: 'read' }])
  await fund(clinic, '100000.00')
  return id
}

/** Takes what is available back by an adjustment, so that the next late delivery is owed. */
async function emptyTheWallet(clinic: Clinic): Promise<void> {
  await clinic.within(
    ({ sql, workspaceId }) => sql`
      INSERT INTO transfers (id, workspace_id, currency, debit_id, credit_id, amount, kind, actor, reason)
      SELECT gen_random_uuid(), ${workspaceId}, 'IDR', w.id, a.id, w.credits - w.debits, 'adjust', 'test', 'paid back'
        FROM accounts w, accounts a WHERE w.kind = 'wallet' AND a.kind = 'adjustment'`,
  )
}

async function conversations(clinic: Clinic): Promise<{ conversation: string; second: string }> {
  const table =
    'model,currency,market,category,effective_from,price_per_unit\nconversation_24h,IDR,Indonesia,marketing,2026-01-01,600'
  unwrap(await clinic.as('dewi', (scope) => publishRates(scope, { table, fileName: 'ours.csv' })))
  const parts = {
    templateId: await makeTemplate(clinic, { category: 'marketing', name: 'Check-up' }),
    senderId: await makeSender(clinic),
    listId: await makeList(clinic, patients(2, 100)),
  }
  const deliverAll = async () => {
    const office = openPostOffice()
    const id = await launch(clinic, parts)
    await send(clinic, id, office)
    await tell(
      clinic,
      parts.senderId,
      office.handedIn.map((of) => ({ of, status: 'delivered' as const })),
    )
    clinic.later(60_000)
    await close(clinic, id)
    return id
  }
  return { conversation: await deliverAll(), second: await deliverAll() }
}

async function halfWay(clinic: Clinic): Promise<string> {
  const parts = await makeParts(clinic, patients(4, 200))
  const office = openPostOffice()
  const id = await launch(clinic, parts)
  await send(clinic, id, office)
  await tell(clinic, parts.senderId, [{ of: office.handedIn[0]!, status: 'delivered' }])
  return id
}
