import {
  decideApproval,
  draftCampaign,
  quoteCampaign,
  type Schedule,
  submitCampaign,
} from '../campaigns/index.ts'
import { newId } from '../platform/ids.ts'
import { ok, type Result, refuse } from '../platform/result.ts'
import { undoIfRefused } from '../platform/savepoint.ts'
import type { Scope } from '../platform/scope.ts'
import { readBalance } from '../wallet/index.ts'
import type { StandingApproval } from './find-sequence.ts'
import type { Step, WhenShort } from './sequence.ts'

/** One send-out to make: whom, with which words, on which day and between which hours of their own clocks. */
export type RunWords = {
  readonly name: string
  readonly subjectId: string
  readonly stepKey: string
  readonly templateId: string
  readonly senderId: string
  readonly fallback: Step['fallback']
  readonly whenShort: WhenShort
  readonly sendDay: string
  readonly schedule: Schedule
  /** A list that is there, or who is written to, in the order in which money is spent on them. */
  readonly audience: { readonly listId: string } | { readonly members: readonly RunMember[] }
}

export type RunMember = {
  readonly contactId: bigint
  readonly variables: Readonly<Record<string, string>>
}

export type MadeRun = {
  readonly campaignId: string
  /** Contacts that have a message now. */
  readonly planned: ReadonlySet<bigint>
  /** Contacts that cannot be sent this, with the reason. */
  readonly excluded: ReadonlyMap<bigint, string>
  /** Why those that are in neither wait: the money or a cap came to its end. */
  readonly shortOf: 'insufficient_funds' | 'over_cap'
}

/** How much may still be planned under an approval on the account's own day and in its month; 1/10,000 of a unit. */
export async function ceilingOf(
  scope: Scope,
  subjectId: string,
  standing: StandingApproval,
  today: string,
): Promise<bigint> {
  const [spent] = await scope.sql<{ day: bigint; month: bigint }[]>`
    SELECT coalesce(sum(t.net) FILTER (WHERE r.planned_on = ${today}::text::date), 0)::bigint AS day, coalesce(sum(t.net), 0)::bigint AS month
      FROM reminder_runs r CROSS JOIN LATERAL (
        SELECT sum(CASE kind WHEN 'reserve' THEN amount WHEN 'late_capture' THEN amount WHEN 'release' THEN -amount ELSE 0 END) AS net
          FROM transfers t WHERE t.workspace_id = ${scope.workspaceId} AND (t.campaign_id = r.campaign_id OR t.campaign_id IN (
            SELECT f.id FROM campaigns f WHERE f.fallback_of = r.campaign_id AND f.workspace_id = ${scope.workspaceId}))) t
     WHERE r.subject_id = ${subjectId} AND r.workspace_id = ${scope.workspaceId}
       AND date_trunc('month', r.planned_on) = date_trunc('month', ${today}::text::date)`
  const left = [
    standing.capRunMinor,
    standing.capDayMinor - spent!.day,
    standing.capMonthMinor - spent!.month,
  ]
  return left.sort((a, b) => (a < b ? -1 : 1))[0]!
}

/**
 * Makes a campaign of a day's step and takes it the way of every other: drafted, priced, held, submitted, and approved
 * where the policy asks for it under the approval that stands. A refusal leaves nothing behind.
 */
export async function makeRun(
  scope: Scope,
  words: RunWords,
  standing: StandingApproval,
  limits: { ceilingMinor: bigint; today: string },
): Promise<Result<MadeRun>> {
  if (limits.ceilingMinor <= 0n) return OVER_CAP
  const { availableMinor } = await readBalance(scope)
  const scarce = limits.ceilingMinor < availableMinor ? 'over_cap' : 'insufficient_funds'
  return undoIfRefused(scope, async (inner) => {
    const drafted = await draft(inner, words)
    if (!drafted.ok) return drafted
    const { id } = drafted.value
    const quoted = await quoteCampaign(inner, id)
    if (!quoted.ok) return quoted
    const excluded = await excludedBy(inner, quoted.value.id)
    if (quoted.value.recipients === 0) return nobodyLeft(excluded)
    // What a fall-over keeps is spent under the same cap.
    const ceilingMinor = limits.ceilingMinor - (quoted.value.fallback?.keptMinor ?? 0n)
    if (ceilingMinor <= 0n) return OVER_CAP
    const short = quoted.value.totalMinor > ceilingMinor
    if (short && words.whenShort === 'block') return OVER_CAP
    const submitted = await submitCampaign(inner, id, {
      quoteId: quoted.value.id,
      ceilingMinor,
      mayHaveBegun: true,
    })
    if (!submitted.ok)
      return submitted.reason === 'insufficient_funds' && scarce === 'over_cap' ? OVER_CAP : submitted
    await noteRun(inner, id, words, standing, limits.today)
    const approved = await approveUnderStanding(inner, id, submitted.value.state, standing)
    if (!approved.ok) return approved
    return ok({ campaignId: id, planned: await plannedIn(inner, id), excluded, shortOf: scarce } as const)
  })
}

const OVER_CAP = refuse('over_cap', 'The standing approval’s cap is used up.')

/** The draft is undone, and the reasons are kept. */
function nobodyLeft(excluded: ReadonlyMap<bigint, string>): Result<never> {
  return refuse('no_recipients', 'Nobody of this step can be sent it.', { excluded })
}

const NAME_MAX_CHARS = 200

async function draft(scope: Scope, words: RunWords) {
  const { audience } = words
  const listId = 'listId' in audience ? audience.listId : await makeList(scope, words.name, audience.members)
  return draftCampaign(scope, {
    name: words.name.slice(0, NAME_MAX_CHARS),
    templateId: words.templateId,
    senderId: words.senderId,
    listId,
    schedule: words.schedule,
    insufficientFunds: words.whenShort === 'block' ? 'block' : 'partial',
    fallback: words.fallback
      ? { ...words.fallback, ceilingMinor: BigInt(words.fallback.ceilingMinor) }
      : null,
  })
}

async function makeList(scope: Scope, name: string, members: readonly RunMember[]): Promise<string> {
  const { sql, workspaceId, now } = scope
  const listId = newId(now.getTime())
  await sql`
    INSERT INTO lists (id, workspace_id, name, created_at, made_for)
    VALUES (${listId}, ${workspaceId}, ${`${name.slice(0, 150)} · ${listId}`}, ${now.toISOString()}::timestamptz, 'reminders')`
  await sql`
    INSERT INTO list_members (workspace_id, list_id, contact_id, variables, rank)
    SELECT ${workspaceId}::uuid, ${listId}::uuid, (m.member ->> 'contact_id')::bigint, m.member -> 'variables', m.rank::int
      FROM jsonb_array_elements(${membersJson(members)}::text::jsonb) WITH ORDINALITY AS m(member, rank)`
  return listId
}

function membersJson(members: readonly RunMember[]): string {
  return JSON.stringify(
    members.map(({ contactId, variables }) => ({ contact_id: contactId.toString(), variables })),
  )
}

async function excludedBy(scope: Scope, quoteId: string): Promise<Map<bigint, string>> {
  const rows = await scope.sql<{ contact_id: bigint; reason: string }[]>`
    SELECT contact_id, reason FROM quote_exclusions WHERE quote_id = ${quoteId} AND workspace_id = ${scope.workspaceId}`
  return new Map(rows.map((row) => [row.contact_id, row.reason]))
}

async function noteRun(
  scope: Scope,
  campaignId: string,
  words: RunWords,
  standing: StandingApproval,
  today: string,
): Promise<void> {
  await scope.sql`
    INSERT INTO reminder_runs (campaign_id, workspace_id, subject_id, standing_id, step_key, send_day, planned_on, created_at)
    VALUES (${campaignId}, ${scope.workspaceId}, ${words.subjectId}, ${standing.id}, ${words.stepKey}, ${words.sendDay}::text::date,
            ${today}::text::date, ${scope.now.toISOString()}::timestamptz)`
}

/** Where the policy asks for a second person, it is the one who gave the approval that stands, and the trail says so. */
async function approveUnderStanding(
  scope: Scope,
  campaignId: string,
  state: string,
  standing: StandingApproval,
): Promise<Result<unknown>> {
  if (state !== 'pending_approval') return ok(null)
  const approver = { ...scope, actor: { name: standing.approver, role: 'approver' as const } }
  return decideApproval(approver, campaignId, {
    decision: 'approve',
    reason: `standing approval ${standing.id}`,
  })
}

async function plannedIn(scope: Scope, campaignId: string): Promise<Set<bigint>> {
  const rows = await scope.sql<{ contact_id: bigint }[]>`
    SELECT contact_id FROM messages WHERE campaign_id = ${campaignId} AND workspace_id = ${scope.workspaceId}`
  return new Set(rows.map((row) => row.contact_id))
}
