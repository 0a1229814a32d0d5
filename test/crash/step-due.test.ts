import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { setDecencyRule } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { approveSequence, makeSequence, moveSequence, saveInvoice } from '../../src/reminders/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import { saveTemplate } from '../../src/templates/index.ts'
import type { Child } from './child.ts'
import { openStage, type Stage } from './stage.ts'
import { readWitness } from './witness.ts'

/**
 * Two servers and three workers, real processes on one database and one queue (on Redis where there is one), at the
 * moment at which a reminder step is due for everybody: each must go, once.
 */
const INVOICES = 240
const SERVERS = 2
const WORKERS = 3
const MINUTE_MS = 60_000
/** Long enough before the moment for a plan to be made by whoever comes first. */
const LEAST_AHEAD_MS = 20_000

let stage: Stage
const children: Child[] = []
beforeAll(async () => {
  stage = await openStage({
    messages: 1,
    messagesPerSecond: 200,
    seed: 7,
    platform: { lifetime_seconds: 4, lost: 0 },
  })
}, 120_000)
afterAll(async () => {
  await Promise.all(children.map((child) => child.stop()))
  await stage?.close({ keepLogs: false })
}, 60_000)

/** A zone where it is about noon, so that no day ends while the test runs. */
function noonZone(now: Date): string {
  const hours = 12 - now.getUTCHours()
  return hours === 0 ? 'Etc/GMT' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`
}

/** The next full minute that is far enough away; the clock of every whole-hour zone shows the same one. */
function nextMoment(now: Date): Date {
  return new Date(Math.ceil((now.getTime() + LEAST_AHEAD_MS) / MINUTE_MS) * MINUTE_MS)
}

async function makeLadder(opensAt: Date): Promise<void> {
  const zone = noonZone(opensAt)
  const local = new Date(opensAt.getTime() + (12 - opensAt.getUTCHours()) * 3_600_000)
  const [day, time] = [local.toISOString().slice(0, 10), local.toISOString().slice(11, 16)]
  await stage.within(async (scope) => {
    const hours = [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }]
    unwrap(
      await setDecencyRule(scope, {
        country: 'ID',
        purpose: 'reminder',
        hours,
        keepsHolidays: false,
        source: 'this test',
        asOf: day,
      }),
    )
    for (let n = 0; n < INVOICES; n++)
      unwrap(
        await saveInvoice(
          scope,
          {
            number: `INV-${n}`,
            contact: { phone: `+628139${String(n).padStart(7, '0')}`, name: `Debtor ${n}`, timeZone: zone },
            amount: { amount: '150000', currency: 'IDR' },
            dueDate: day,
          },
          'api',
        ),
      )
  })
  const id = await stage.within(async (scope) => {
    const template = unwrap(
      await saveTemplate(scope, {
        name: 'Due today',
        language: 'en',
        category: 'utility',
        body: 'Hi {{name}}, {{amount}} of {{invoice}} is due today.',
      }),
    )
    const step = {
      key: 'due',
      offset: 0,
      unit: 'days' as const,
      templateId: template.id,
      time,
      until: '23:59',
      conditions: {},
      variables: {},
      dates: {},
    }
    const words = {
      name: 'Ladder',
      senderId: stage.senderId,
      country: 'ID',
      whenShort: 'wait' as const,
      mostMessages: null,
      onePerDebtor: false,
    }
    return unwrap(await makeSequence(scope, { ...words, steps: [step] })).id
  })
  const cap = { amount: '900000000', currency: 'IDR' }
  unwrap(
    await stage.within((scope) => approveSequence(scope, id, { run: cap, day: cap, month: cap }), 'key:sari'),
  )
  unwrap(await stage.within((scope) => moveSequence(scope, id, 'active')))
}

async function countOf(what: string): Promise<number> {
  const [row] = await stage.within(
    ({ sql, workspaceId }) => sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM ${sql(what)} WHERE workspace_id = ${workspaceId}`,
  )
  return row!.n
}

/** Until everything that was planned has its end. */
async function settled(): Promise<void> {
  for (;;) {
    const [row] = await stage.within(
      ({ sql, workspaceId }) => sql<{ open: number; all: number }[]>`
        SELECT count(*)::int AS all, count(*) FILTER (WHERE c.state <> 'settled')::int AS open
          FROM reminder_runs r JOIN campaigns c ON c.id = r.campaign_id WHERE r.workspace_id = ${workspaceId}`,
    )
    if (row!.all > 0 && row!.open === 0) return
    await wait(250)
  }
}

it(`goes once to each of ${INVOICES} debtors, with ${SERVERS} servers and ${WORKERS} workers at work`, async () => {
  children.push(...Array.from({ length: SERVERS - 1 }, () => stage.startServer()))
  const workers = Array.from({ length: WORKERS }, () => stage.startWorker())
  children.push(...workers)
  await Promise.all(children.map((child) => child.line()))
  const opensAt = nextMoment(new Date())
  await makeLadder(opensAt)
  for (const worker of workers) worker.tell('go')
  await settled()
  const witness = await readWitness(stage.recordFile)
  // One more is the message of the campaign that the stage itself begins with.
  expect(witness).toMatchObject({ accepted: INVOICES + 1, recipientsTwice: 0, attemptsTwice: 0 })
  expect(await countOf('reminders')).toBe(INVOICES)
  const [sent] = await stage.within(
    ({ sql, workspaceId }) => sql<{ early: number; planned: number }[]>`
      SELECT count(*) FILTER (WHERE m.sent_at < ${opensAt.toISOString()}::timestamptz)::int AS early,
             count(DISTINCT m.id) FILTER (WHERE m.state IN ('delivered','read','failed','expired','sent'))::int AS planned
        FROM reminder_runs r JOIN messages m ON m.campaign_id = r.campaign_id WHERE r.workspace_id = ${workspaceId}`,
  )
  expect(sent).toMatchObject({ early: 0, planned: INVOICES })
  const audit = await stage.within(auditWorkspace)
  expect(audit.checks.filter(({ ok }) => !ok)).toEqual([])
}, 240_000)
