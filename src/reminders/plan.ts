import { RECIPIENT_ZONE } from '../campaigns/index.ts'
import { instantOf, type Purpose } from '../delivery/index.ts'
import { listOf } from '../platform/db.ts'
import { formatAmount } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'
import { findTemplate } from '../templates/index.ts'
import { digestOfSequence, findStanding, lockSequence, type Sequence } from './find-sequence.ts'
import { ceilingOf, type MadeRun, makeRun } from './make-run.ts'
import type { Slot } from './occurrence.ts'
import { type Candidate, candidatesOf, type Ground as Days, groundOf, placeOf, plusDays } from './place.ts'
import { purposeOf, type Step, unfitFor } from './sequence.ts'

/** Steps are planned from this hour, on the account's clock, of the day before: what a run lacks is seen in time. */
const PLAN_FROM = '16:00'
/** However far east somebody is, a step is planned so long before it may go. */
const PLAN_AHEAD_MS = 60 * 60 * 1000
export type Planned = {
  readonly planned: number
  readonly held: number
  readonly skipped: number
  readonly campaigns: number
}

/**
 * Plans what is due of a ladder: finds the invoices at each step, records what is missed, overtaken or unfit, and makes
 * a campaign of each day's step. Safe to call at any time and any number of times: the ladder is locked meanwhile, and
 * each step and invoice has one row.
 */
export async function planSequence(scope: Scope, sequenceId: string): Promise<Planned> {
  const found = await lockSequence(scope, sequenceId)
  if (!found.ok || found.value.state !== 'active') return NOTHING
  const sequence = found.value
  const ground = { ...(await groundOf(scope)), sequence, eves: new Map() }
  const { today } = ground
  await endPromises(scope, today)
  await takeBackStopped(scope, sequence.id)
  const fates: Fate[] = []
  for (const step of sequence.steps) fates.push(...(await fatesOf(scope, ground, step)))
  await writeFates(
    scope,
    sequence.id,
    fates.filter(({ kind }) => kind !== 'go'),
  )
  const made = await goOut(
    scope,
    ground,
    fates.filter((fate) => fate.kind === 'go'),
  )
  await scope.sql`
    UPDATE sequences SET planned_to = ${today}::text::date WHERE id = ${sequence.id} AND workspace_id = ${scope.workspaceId}`
  return {
    planned: made.planned,
    campaigns: made.campaigns,
    held: made.held + fates.filter(({ kind }) => kind === 'held').length,
    skipped: made.skipped + fates.filter(({ kind }) => kind === 'skipped').length,
  }
}

const NOTHING: Planned = { planned: 0, held: 0, skipped: 0, campaigns: 0 }

type Ground = Days & { readonly sequence: Sequence; readonly eves: Map<string, Date> }

/** A promise holds to the end of its day; then the invoice is open again. */
async function endPromises(scope: Scope, today: string): Promise<void> {
  const at = scope.now.toISOString()
  await scope.sql`
    WITH over AS (
      UPDATE invoices SET state = CASE WHEN paid > 0 THEN 'partly_paid' ELSE 'open' END, promised_until = NULL, updated_at = ${at}::timestamptz
       WHERE workspace_id = ${scope.workspaceId} AND state = 'promised' AND promised_until < ${today}::text::date
      RETURNING id, state)
    INSERT INTO invoice_events (workspace_id, invoice_id, kind, from_state, to_state, actor, at)
    SELECT ${scope.workspaceId}::uuid, id, 'promise_passed', 'promised', state, ${scope.actor.name}, ${at}::timestamptz FROM over`
}

/** A message that was stopped for its figures, or for what has been taken back since, is owed anew while its day lasts. */
async function takeBackStopped(scope: Scope, sequenceId: string): Promise<void> {
  await scope.sql`
    UPDATE reminders r SET state = 'held', reason = m.stopped, campaign_id = NULL, updated_at = ${scope.now.toISOString()}::timestamptz
      FROM messages m, invoices i
     WHERE r.sequence_id = ${sequenceId} AND r.workspace_id = ${scope.workspaceId} AND r.state = 'planned'
       AND r.closes_at > ${scope.now.toISOString()}::timestamptz
       AND m.campaign_id = r.campaign_id AND m.contact_id = r.contact_id AND m.state = 'skipped' AND m.stopped IS NOT NULL
       AND i.id = r.invoice_id AND i.state IN ('open','partly_paid')`
}

type Fate = { readonly step: Step; readonly of: Candidate; readonly nominal: string } & (
  | { readonly kind: 'go'; readonly slot: Slot }
  | { readonly kind: 'held' | 'skipped'; readonly reason: string; readonly slot: Slot | undefined }
)

/** A step with what its template says of it: whether its words hold the link by which the invoice is paid. */
type Rung = { readonly step: Step; readonly purpose: Purpose; readonly tellsLink: boolean }

async function fatesOf(scope: Scope, ground: Ground, step: Step): Promise<Fate[]> {
  const template = await findTemplate(scope, step.templateId)
  if (!template.ok) return []
  const rung = {
    step,
    purpose: purposeOf(step, template.value.category),
    tellsLink: JSON.stringify(template.value.words).includes('pay_link'),
  }
  const fates: Fate[] = []
  const { sequence, today } = ground
  // What an outage has missed is looked at too, so that it is recorded.
  const between = { from: [sequence.plannedTo ?? today, today].sort()[0]!, to: today }
  for (const of of await candidatesOf(scope, sequence.id, step, between, true)) {
    const fate = fateOf(scope.now, ground, rung, of)
    if (fate) fates.push(fate)
  }
  return fates
}

/** What becomes of a step for an invoice at this moment; undefined while there is nothing to say yet. */
function fateOf(
  now: Date,
  ground: Ground,
  { step, purpose, tellsLink }: Rung,
  of: Candidate,
): Fate | undefined {
  const { sequence } = ground
  const place = placeOf(ground, sequence, step, purpose, of)
  const { nominal } = place
  const about = { step, of, nominal }
  if (place.kind === 'unnamed') return { ...about, kind: 'held', reason: place.reason, slot: undefined }
  if (place.kind === 'held') return heldFor(about, place.reason, now)
  const { opensAt, closesAt, sendDay } = place.slot
  const fate = (kind: 'held' | 'skipped', reason: string): Fate => ({
    ...about,
    kind,
    reason,
    slot: place.slot,
  })
  if (closesAt <= new Date(of.created_at)) return fate('skipped', 'not_yet_known')
  if (closesAt <= new Date(sequence.activeSince!)) return undefined
  if (closesAt <= now)
    return fate('skipped', of.state === 'promised' || of.state === 'disputed' ? of.state : 'missed')
  if (now < plansFrom(ground, sendDay, opensAt)) return undefined
  if (of.state === 'promised' || of.state === 'disputed') return undefined
  if (place.isOvertaken) return fate('skipped', 'overtaken')
  const unfit = unfitFor(
    step,
    { owedMinor: of.amount - of.paid, tags: of.tags, messages: of.messages, answered: of.answered },
    sequence.mostMessages,
  )
  if (!unfit && tellsLink && of.awaits_link) return fate('held', 'link_not_made')
  return unfit ? fate('skipped', unfit) : { ...about, kind: 'go', slot: place.slot }
}

/** What is not known yet may become known while the day lasts, somewhere on Earth. */
function heldFor(
  about: { step: Step; of: Candidate; nominal: string },
  reason: string,
  now: Date,
): Fate | undefined {
  const endsMs = Date.parse(`${about.nominal}T00:00:00Z`) + (MOST_HOLD_DAYS + 1) * 86_400_000
  if (now.getTime() < Date.parse(`${about.nominal}T00:00:00Z`) - 86_400_000) return undefined
  return { ...about, kind: now.getTime() > endsMs ? 'skipped' : 'held', reason, slot: undefined }
}

const MOST_HOLD_DAYS = 1

function plansFrom({ timeZone, eves }: Ground, sendDay: string, opensAt: Date): Date {
  const eve = eves.get(sendDay) ?? instantOf(`${plusDays(sendDay, -1)}T${PLAN_FROM}`, timeZone)
  eves.set(sendDay, eve)
  return new Date(Math.min(eve.getTime(), opensAt.getTime() - PLAN_AHEAD_MS))
}

type Going = Extract<Fate, { kind: 'go' }>

/** A campaign for each step, day and hours, and for each further invoice of the same debtor. */
async function goOut(scope: Scope, ground: Ground, going: readonly Fate[]) {
  const sum = { planned: 0, held: 0, skipped: 0, campaigns: 0 }
  const { sequence, today } = ground
  const runs = runsOf(sequence, going as readonly Going[])
  if (runs.length === 0) return sum
  const standing = await findStanding(scope, sequence.id, digestOfSequence(sequence))
  for (const run of runs) {
    const all = run.flatMap(({ of }) => of)
    if (!standing) {
      await write(scope, sequence.id, all, 'held', 'no_standing_approval')
      sum.held += all.length
      continue
    }
    const ceilingMinor = await ceilingOf(scope, sequence.id, standing, today)
    const made = await makeRun(scope, wordsOf(sequence, run), standing, { ceilingMinor, today })
    const counts = made.ok
      ? await writeRun(scope, sequence, run, made.value)
      : await writeRefusal(
          scope,
          sequence,
          run,
          made.reason,
          made.facts?.excluded as ReadonlyMap<bigint, string>,
        )
    sum.planned += counts.planned
    sum.held += counts.held
    sum.skipped += counts.skipped
    sum.campaigns += made.ok ? 1 : 0
  }
  return sum
}

/** What one message is about: one invoice, or all of a debtor's where the ladder says so. */
type Debtor = { readonly contactId: bigint; readonly of: readonly Going[] }

function runsOf(sequence: Sequence, going: readonly Going[]): Debtor[][] {
  const groups = new Map<string, Map<bigint, Going[]>>()
  for (const one of going) {
    const { sendDay, from, until } = one.slot
    const key = [sendDay, from, until, sequence.steps.indexOf(one.step)].join(' ')
    const debtors = groups.get(key) ?? new Map<bigint, Going[]>()
    groups.set(key, debtors.set(one.of.contact_id, [...(debtors.get(one.of.contact_id) ?? []), one]))
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).flatMap(([, debtors]) => wavesOf(sequence, debtors))
}

function wavesOf({ onePerDebtor }: Sequence, debtors: ReadonlyMap<bigint, Going[]>): Debtor[][] {
  const waves: Debtor[][] = []
  for (const [contactId, of] of debtors) {
    const messages = onePerDebtor ? [of] : of.map((one) => [one])
    for (const [n, message] of messages.entries()) {
      waves[n] ??= []
      waves[n].push({ contactId, of: message })
    }
  }
  return waves.map((wave) => wave.sort(byOwed))
}

/** The most first; of equals who came first. */
function byOwed(one: Debtor, other: Debtor): number {
  const [a, b] = [owedBy(one), owedBy(other)]
  if (a !== b) return a < b ? 1 : -1
  return one.contactId < other.contactId ? -1 : 1
}

function owedBy({ of }: Debtor): bigint {
  return of.reduce((sum, { of: invoice }) => sum + invoice.amount - invoice.paid, 0n)
}

function wordsOf(sequence: Sequence, run: readonly Debtor[]) {
  const { step, slot } = run[0]!.of[0]!
  const closings = run.flatMap(({ of }) => of.map((one) => one.slot.closesAt.getTime()))
  return {
    name: `${sequence.name}: ${step.key}, ${slot.sendDay}`,
    subjectId: sequence.id,
    stepKey: step.key,
    templateId: step.templateId,
    senderId: step.senderId ?? sequence.senderId,
    fallback: step.fallback,
    whenShort: sequence.whenShort,
    sendDay: slot.sendDay,
    schedule: {
      at: `${slot.sendDay}T${slot.from}:00`,
      timeZone: RECIPIENT_ZONE,
      window: { from: slot.from, to: slot.until, days: [weekdayOf(slot.sendDay)] },
      // When its day is over for the last of them.
      sendBefore: new Date(Math.max(...closings)).toISOString(),
    },
    audience: {
      members: run.map((debtor) => ({ contactId: debtor.contactId, variables: variablesOf(step, debtor) })),
    },
  }
}

function weekdayOf(day: string): number {
  return new Date(`${day}T00:00:00Z`).getUTCDay() || 7
}

/** What the template may say: the invoice with what is still owed of it, then the step's own words. */
function variablesOf(step: Step, debtor: Debtor): Record<string, string> {
  const invoices = debtor.of.map(({ of }) => of).sort(oldestFirst)
  const first = invoices[0]!
  const dates = Object.entries(step.dates).map(([name, days]) => [name, plusDays(first.due_date, days)])
  return {
    ...first.variables,
    invoice: invoices.map(({ number }) => number).join(', '),
    invoices: String(invoices.length),
    amount: plainAmount(owedBy(debtor)),
    invoice_amount: plainAmount(invoices.reduce((sum, { amount }) => sum + amount, 0n)),
    paid: plainAmount(invoices.reduce((sum, { paid }) => sum + paid, 0n)),
    due_date: first.due_date,
    pay_link: first.pay_link ?? '',
    attachment: first.attachment ?? '',
    ...step.variables,
    ...Object.fromEntries(dates),
  }
}

type Dated = { readonly due_date: string; readonly number: string }

function oldestFirst(a: Dated, b: Dated): number {
  const [x, y] = [`${a.due_date} ${a.number}`, `${b.due_date} ${b.number}`]
  return x < y ? -1 : x > y ? 1 : 0
}

function plainAmount(minor: bigint): string {
  return formatAmount(minor).replace(/\.0+$/, '')
}

async function writeRun(scope: Scope, sequence: Sequence, run: readonly Debtor[], made: MadeRun) {
  const planned = run.filter(({ contactId }) => made.planned.has(contactId))
  const excluded = run.filter(({ contactId }) => made.excluded.has(contactId))
  const rest = run.filter(({ contactId }) => !made.planned.has(contactId) && !made.excluded.has(contactId))
  await write(scope, sequence.id, fatesIn(planned), 'planned', null, made.campaignId)
  await writeExcluded(scope, sequence.id, excluded, made.excluded)
  const left = sequence.whenShort === 'partial' ? 'skipped' : 'held'
  await write(scope, sequence.id, fatesIn(rest), left, made.shortOf)
  return {
    planned: fatesIn(planned).length,
    held: left === 'held' ? fatesIn(rest).length : 0,
    skipped: fatesIn(excluded).length + (left === 'skipped' ? fatesIn(rest).length : 0),
  }
}

/** A run that could not be made waits, and is tried again as long as its day lasts. */
async function writeRefusal(
  scope: Scope,
  sequence: Sequence,
  run: readonly Debtor[],
  reason: string,
  excluded: ReadonlyMap<bigint, string> = new Map(),
) {
  const out = run.filter(({ contactId }) => excluded.has(contactId))
  const rest = run.filter(({ contactId }) => !excluded.has(contactId))
  await writeExcluded(scope, sequence.id, out, excluded)
  await write(scope, sequence.id, fatesIn(rest), 'held', reason)
  return { planned: 0, held: fatesIn(rest).length, skipped: fatesIn(out).length }
}

async function writeExcluded(
  scope: Scope,
  sequenceId: string,
  debtors: readonly Debtor[],
  reasons: ReadonlyMap<bigint, string>,
): Promise<void> {
  for (const reason of new Set(debtors.map(({ contactId }) => reasons.get(contactId)!))) {
    const these = debtors.filter(({ contactId }) => reasons.get(contactId) === reason)
    await write(scope, sequenceId, fatesIn(these), 'skipped', reason)
  }
}

function fatesIn(debtors: readonly Debtor[]): Going[] {
  return debtors.flatMap(({ of }) => of)
}

async function writeFates(scope: Scope, sequenceId: string, fates: readonly Fate[]): Promise<void> {
  const groups = new Map<string, Fate[]>()
  for (const fate of fates) {
    if (fate.kind === 'go') continue
    const key = `${fate.kind} ${fate.reason}`
    groups.set(key, [...(groups.get(key) ?? []), fate])
  }
  for (const [key, group] of groups) {
    const [kind, reason] = key.split(' ') as ['held' | 'skipped', string]
    await write(scope, sequenceId, group, kind, reason)
  }
}

/** One row for each step and invoice; a row that has its end stays as it is. */
async function write(
  scope: Scope,
  sequenceId: string,
  fates: readonly Fate[],
  state: 'planned' | 'held' | 'skipped',
  reason: string | null,
  campaignId: string | null = null,
): Promise<void> {
  if (fates.length === 0) return
  const at = scope.now.toISOString()
  await scope.sql`
    INSERT INTO reminders AS r (sequence_id, step_key, invoice_id, workspace_id, contact_id, state, reason, nominal_day, send_day,
                                closes_at, amount, campaign_id, created_at, updated_at)
    SELECT ${sequenceId}::uuid, u.step_key, u.invoice_id, ${scope.workspaceId}::uuid, u.contact_id, ${state}, ${reason}, u.nominal,
           u.send_day, u.closes_at, u.amount, ${campaignId}::text::uuid, ${at}::timestamptz, ${at}::timestamptz
      FROM unnest(${listOf(fates.map(({ step }) => step.key))}::text[], ${listOf(fates.map(({ of }) => of.invoice_id))}::uuid[],
                  ${listOf(fates.map(({ of }) => of.contact_id))}::bigint[], ${listOf(fates.map(({ nominal }) => nominal))}::date[],
                  ${listOf(fates.map(({ slot }) => slot?.sendDay ?? null))}::date[],
                  ${listOf(fates.map(({ slot }) => slot?.closesAt.toISOString() ?? null))}::text[]::timestamptz[],
                  ${listOf(fates.map(({ of }) => of.amount - of.paid))}::bigint[])
           AS u(step_key, invoice_id, contact_id, nominal, send_day, closes_at, amount)
    ON CONFLICT (sequence_id, step_key, invoice_id) DO UPDATE SET
      state = excluded.state, reason = excluded.reason, send_day = excluded.send_day, closes_at = excluded.closes_at,
      amount = excluded.amount, campaign_id = excluded.campaign_id, updated_at = excluded.updated_at
    WHERE r.state = 'held'`
}
