import type { Scope } from '../platform/scope.ts'

/** How many messages had reached each stage by each moment; sums from the beginning, moments in Unix seconds. */
export type Timeline = {
  readonly at: readonly number[]
  readonly sent: readonly number[]
  readonly delivered: readonly number[]
  readonly read: readonly number[]
  readonly failed: readonly number[]
}

const MOST_POINTS = 240
const STAGES = ['sent', 'delivered', 'read', 'failed'] as const

type Row = { stage: (typeof STAGES)[number]; step: number; n: number }

/** How a campaign has gone so far, in at most 240 steps of equal length between its first message and its last news. */
export async function readTimeline(scope: Scope, campaignId: string): Promise<Timeline> {
  const { sql, workspaceId } = scope
  const [span] = await sql<{ first: number | null; last: number | null }[]>`
    SELECT extract(epoch FROM min(sent_at))::float8 AS first,
           extract(epoch FROM greatest(max(sent_at), max(delivered_at), max(read_at), max(failed_at)))::float8 AS last
      FROM messages WHERE campaign_id = ${campaignId} AND workspace_id = ${workspaceId}`
  if (!span || span.first === null || span.last === null)
    return { at: [], sent: [], delivered: [], read: [], failed: [] }
  const stepSeconds = Math.max(1, Math.ceil((span.last - span.first) / MOST_POINTS))
  const rows = await sql<Row[]>`
    SELECT stage, floor((extract(epoch FROM at) - ${span.first}::float8) / ${stepSeconds}::float8)::int AS step, count(*)::int AS n
      FROM messages m, LATERAL (VALUES ('sent', m.sent_at), ('delivered', coalesce(m.delivered_at, m.read_at)),
             ('read', m.read_at), ('failed', m.failed_at)) AS v(stage, at)
     WHERE m.campaign_id = ${campaignId} AND m.workspace_id = ${workspaceId} AND v.at IS NOT NULL
     GROUP BY 1, 2 ORDER BY 2`
  return summed(rows, Math.floor(span.first), stepSeconds)
}

function summed(rows: readonly Row[], firstSecond: number, stepSeconds: number): Timeline {
  const last = rows.reduce((most, { step }) => Math.max(most, step), 0)
  const at = Array.from({ length: last + 2 }, (_, step) => firstSecond + step * stepSeconds)
  const curve = (stage: Row['stage']) => {
    const gains = new Array<number>(last + 2).fill(0)
    for (const row of rows) if (row.stage === stage) gains[Math.max(0, row.step) + 1]! += row.n
    let sum = 0
    return gains.map((gain) => {
      sum += gain
      return sum
    })
  }
  const [sent, delivered, read, failed] = STAGES.map(curve) as [number[], number[], number[], number[]]
  return { at, sent, delivered, read, failed }
}
