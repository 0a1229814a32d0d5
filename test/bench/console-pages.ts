import { unwrap } from '../../src/platform/result.ts'
import { makeRecurrence, makeStarterLadder } from '../../src/reminders/index.ts'
import { makeBusy } from './busy.ts'
import { type Sitting, sitDown } from './console-door.ts'
import type { Figure } from './figure.ts'
import type { Ground } from './ground.ts'
import { familySeconds, freePort, startPart } from './processes.ts'
import { draft, makeContacts, makeParts, openStage, quoteAndSubmit, type Stage } from './stage.ts'

const P99_MS_MAX = 150
const LOOKS = 40
const WARM_LOOKS = 3
const SETTLED = 9
const EXPORT_MB_MAX = 100
const BYTES_IN_MB = 1024 * 1024

/**
 * How long each page of the console takes in a workspace of so many contacts, each of whom has been written to ten
 * times; and what memory it takes to send all contacts as a file.
 */
export async function benchConsolePages(ground: Ground, contacts: number): Promise<Figure[]> {
  const stage = await openStage(ground, { RATE_LIMIT_PER_MINUTE: '1000000' })
  try {
    const pages = await furnish(stage, contacts)
    // The server alone: a worker would send what waits, and hold up the pages by it.
    const environment = { ...stage.environment, PORT: String(await freePort()) }
    const server = await startPart('src/main.ts', /listens on/, environment, ['--server-only'])
    const sitting = await sitDown(stage, { server }, 1)
    try {
      const seconds = () => server.processorSeconds() + familySeconds(ground.postgresPid)
      const took: Took[] = []
      for (const [name, address] of await pages(sitting)) {
        took.push({ page: name, ...(await timesOf(sitting, address, seconds)) })
      }
      const file = await memoryOfFile(sitting, () => server.memoryBytes())
      return [...figuresOf(took, contacts), file]
    } finally {
      await sitting.pool.close()
      await server.stop()
    }
  } finally {
    await stage.close()
  }
}

/** `processorMs` is of the server and PostgreSQL together: unlike the clock it does not count what others do. */
type Times = { readonly p99Ms: number; readonly medianMs: number; readonly processorMs: number }
type Took = Times & { readonly page: string }

function figuresOf(took: readonly Took[], contacts: number): Figure[] {
  const slowest = took.reduce((a, b) => (b.p99Ms > a.p99Ms ? b : a))
  const messages = (contacts * (SETTLED + 1)).toLocaleString('en-GB')
  const asked = { value: { atMost: P99_MS_MAX } }
  return [
    {
      name: `console pages with ${messages} messages and ${contacts.toLocaleString('en-GB')} contacts: slowest page's 99th percentile`,
      unit: 'ms',
      value: slowest.p99Ms,
      asked,
      note: `${slowest.page}; ${took.length} pages, ${LOOKS} times each`,
    },
    ...took.map(({ page, p99Ms, medianMs, processorMs }) => ({
      name: `console page: ${page}`,
      unit: 'ms',
      value: p99Ms,
      asked,
      note: `median ${Math.round(medianMs)} ms, processor time ${Math.round(processorMs)} ms`,
    })),
  ]
}

async function timesOf({ see }: Sitting, path: string, seconds: () => number): Promise<Times> {
  for (let n = 0; n < WARM_LOOKS; n++) await see(path)
  const tookMs: number[] = []
  const before = seconds()
  for (let n = 0; n < LOOKS; n++) {
    const startedMs = performance.now()
    await see(path)
    tookMs.push(performance.now() - startedMs)
  }
  const processorMs = ((seconds() - before) * 1000) / LOOKS
  tookMs.sort((a, b) => a - b)
  const at = (share: number) => tookMs[Math.floor((tookMs.length - 1) * share)]!
  return { p99Ms: at(0.99), medianMs: at(0.5), processorMs }
}

/** Resident memory of the server at most while all contacts go out as a workbook, beyond what it has before. */
async function memoryOfFile({ see }: Sitting, memoryBytes: () => number): Promise<Figure> {
  const before = memoryBytes()
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, memoryBytes())
  }, 20)
  const bytes = await see('/contacts/people/export.xlsx')
  clearInterval(watch)
  return {
    name: 'memory that the server takes more while every contact goes out as a workbook',
    unit: 'MB',
    value: (most - before) / BYTES_IN_MB,
    asked: { value: { atMost: EXPORT_MB_MAX } },
    note: `a file of ${(bytes / BYTES_IN_MB).toFixed(1)} MB`,
  }
}

type Pages = (sitting: Sitting) => Promise<readonly (readonly [name: string, address: string])[]>

/** Fills the workspace. @returns its pages, once somebody sits there */
async function furnish(stage: Stage, contacts: number): Promise<Pages> {
  const listId = await makeContacts(stage, contacts, false)
  const parts = await makeParts(stage, { seed: 7 })
  const like = await draft(stage, parts, listId)
  await quoteAndSubmit(stage, like)
  const open = await draft(stage, parts, listId)
  const ladder = unwrap(
    await stage.as((scope) =>
      makeStarterLadder(scope, {
        name: 'Ladder',
        senderId: parts.senderId,
        country: 'ID',
        language: 'en',
        industry: 'general',
        currency: 'USD',
        discount: undefined,
        lateFee: undefined,
      }),
    ),
  )
  const recurrence = await stage.as((scope) =>
    makeRecurrence(scope, {
      name: 'Weekly',
      ...parts,
      listId,
      rule: { kind: 'rrule', text: 'FREQ=WEEKLY;BYDAY=MO' },
      startsAt: '2026-12-07T09:00:00',
      timeZone: 'Asia/Jakarta',
      whenShort: 'block',
    }),
  )
  await makeBusy(stage, like, SETTLED)
  const [settled] = await stage.as(
    ({ sql }) => sql<{ id: string }[]>`SELECT id FROM campaigns WHERE state = 'settled' LIMIT 1`,
  )
  const [invoice] = await stage.as(({ sql }) => sql<{ id: string }[]>`SELECT id FROM invoices LIMIT 1`)
  const [last] = await stage.as(
    ({ sql }) =>
      sql<{ slice: number; id: bigint; contact: bigint }[]>`
        SELECT slice_no AS slice, id, contact_id AS contact FROM messages WHERE campaign_id = ${settled!.id} ORDER BY slice_no DESC, id DESC OFFSET 60 LIMIT 1`,
  )
  return async ({ search }) => {
    const done = `/campaigns/${settled!.id}`
    const found = async (name: string, at: string, words: string) =>
      [`${name}, search of “${words}”`, await search(at, words)] as const
    const at = (name: string, address: string) => [name, address] as const
    return [
      at('today', '/'),
      at('campaigns', '/campaigns'),
      at('campaigns that failed', '/campaigns?state=rejected'),
      await found('campaigns', '/campaigns', 'nothing of that name'),
      at('new campaign', '/campaigns/new'),
      at('a settled campaign', done),
      at('a scheduled campaign', `/campaigns/${like}`),
      at('its plot', `${done}/plot.json`),
      at('its recipients', `${done}/recipients`),
      at('its recipients, last page', `${done}/recipients?after=${last!.slice}.${last!.id}`),
      at('its failed recipients', `${done}/recipients?state=failed`),
      at('its uncertain recipients, of which there is none', `${done}/recipients?state=uncertain`),
      await found('its recipients', `${done}/recipients`, 'rahmawati'),
      await found('its recipients', `${done}/recipients`, 'nobody'),
      await found('its recipients', `${done}/recipients`, '+628'),
      at('its cancellation', `/campaigns/${like}/cancel`),
      at('messages of a draft', `/campaigns/${open}/messages`),
      at(
        'messages of a draft, last page',
        `/campaigns/${open}/messages?after=${BigInt(last!.contact) - 30n}`,
      ),
      at('messages of a draft, left out', `/campaigns/${open}/messages?filter=excluded`),
      await found('messages of a draft', `/campaigns/${open}/messages`, 'nobody'),
      at('schedule of a draft', `/campaigns/${open}/schedule`),
      at('recurring campaigns', '/campaigns/recurring'),
      at('a recurring campaign', `/campaigns/recurring/${unwrap(recurrence).id}`),
      at('its form', `/campaigns/recurring/${unwrap(recurrence).id}/edit`),
      at('reminders', '/reminders'),
      at('invoices', '/reminders/invoices'),
      at('overdue invoices', '/reminders/invoices?overdue=1'),
      await found('invoices', '/reminders/invoices', 'rahmawati'),
      await found('invoices', '/reminders/invoices', 'nobody'),
      at('an invoice', `/reminders/invoices/${invoice!.id}`),
      at('ladders', '/reminders/ladders'),
      at('a ladder', `/reminders/ladders/${ladder.id}`),
      at('approvals', '/approvals'),
      at('contacts', '/contacts'),
      at('all contacts', '/contacts/people'),
      at('all contacts of a list', `/contacts/people?list=${listId}`),
      at('all contacts, last page', `/contacts/people?after=${BigInt(last!.contact) - 60n}`),
      await found('all contacts', '/contacts/people', 'rahmawati 99'),
      await found('all contacts', '/contacts/people', 'nobody'),
      await found('all contacts', '/contacts/people', '0812 9999 9999'),
      at('lists', '/contacts/lists'),
      at('blocked numbers', '/contacts/suppressions'),
      await found('blocked numbers', '/contacts/suppressions', 'nobody'),
      at('templates', '/templates'),
      await found('templates', '/templates', 'nobody'),
      at('new template', '/templates/new'),
      at('wallet', '/wallet'),
      await found('wallet', '/wallet', 'nobody'),
      await found('wallet', '/wallet', 'reminders'),
      at('settings', '/settings'),
      at('audit trail', '/settings/audit'),
      await found('audit trail', '/settings/audit', 'nobody'),
      at('members', '/settings/members'),
    ]
  }
}
