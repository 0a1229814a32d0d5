import { DateTime } from 'luxon'
import { moneyJson } from '../platform/money.ts'
import type { Scope } from '../platform/scope.ts'
import { findWorkspace, recordEvent } from '../workspaces/index.ts'
import { foresee } from './foresee.ts'
import { firstLack } from './foresight.ts'

/** So far ahead it is said: a transfer by bank takes some days. */
const WARN_DAYS_AHEAD = 7

/**
 * Says, once on each of the account's own days, that the balance will not carry a run to come. What is said stands in
 * the audit trail, from which everybody who wants to know is told.
 * @returns whether something was said now
 */
export async function forewarn(scope: Scope): Promise<boolean> {
  const { timeZone, currency } = await findWorkspace(scope)
  const today = DateTime.fromJSDate(scope.now, { zone: timeZone }).toISODate()!
  if (await hasToldOn(scope, today)) return false
  const { days, availableMinor } = await foresee(scope, { days: WARN_DAYS_AHEAD })
  const lack = firstLack(days)
  if (!lack) return false
  const told = await scope.sql`
    INSERT INTO forewarnings (workspace_id, told_on, day, lacking)
    VALUES (${scope.workspaceId}, ${today}::text::date, greatest(${lack.day}, ${today})::text::date, ${lack.lackingMinor})
    ON CONFLICT (workspace_id, told_on) DO NOTHING`
  if (told.count === 0) return false
  const lacking = moneyJson(lack.lackingMinor, currency)
  await recordEvent(scope, 'wallet.will_lack', `workspace:${scope.workspaceId}`, {
    day: lack.day,
    lacking,
    needed: moneyJson(lack.costMinor, currency),
    available: moneyJson(availableMinor, currency),
    runs: lack.runs.length,
    sentence: `The runs of ${spokenDay(lack.day)} will lack ${lacking.amount} ${currency}: top up at least that before then, or they wait or go out in part.`,
  })
  return true
}

async function hasToldOn({ sql, workspaceId }: Scope, today: string): Promise<boolean> {
  const rows = await sql`
    SELECT 1 FROM forewarnings WHERE workspace_id = ${workspaceId} AND told_on = ${today}::text::date`
  return rows.length > 0
}

/** The weekday and the day as people say it: `Friday, 4 December`. */
function spokenDay(day: string): string {
  return DateTime.fromISO(day, { zone: 'utc', locale: 'en-GB' }).toFormat('cccc, d LLLL')
}
