import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { allow, recordEvent } from '../workspaces/index.ts'
import { faultOfHours, type Purpose } from './decency.ts'
import type { Calendar, PlainRule } from './decency-seed.ts'
import { type DecencySettings, findDecencySettings } from './find-decency.ts'

type Refused = 'forbidden' | 'validation_failed'

/** Says by which rules campaigns go, and how often one person may be written to, whichever campaign it is. */
export async function setDecencySettings(
  scope: Scope,
  settings: DecencySettings,
): Promise<Result<DecencySettings, Refused>> {
  const forbidden = allow(scope.actor, 'decency.write')
  if (forbidden) return forbidden
  const before = await findDecencySettings(scope)
  await scope.sql`
    INSERT INTO decency_settings AS d (workspace_id, campaigns_purpose, cap_messages, cap_days, updated_by, updated_at)
    VALUES (${scope.workspaceId}, ${settings.campaignsPurpose}, ${settings.cap?.messages ?? null}, ${settings.cap?.days ?? null},
            ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id) DO UPDATE SET campaigns_purpose = excluded.campaigns_purpose, cap_messages = excluded.cap_messages,
      cap_days = excluded.cap_days, updated_by = excluded.updated_by, updated_at = excluded.updated_at`
  await recordEvent(scope, 'decency.settings_changed', 'decency', { before, after: settings })
  return ok(settings)
}

/** Puts a rule of the workspace's own in the place of the shipped one. Queued messages follow it from then on. */
export async function setDecencyRule(scope: Scope, rule: PlainRule): Promise<Result<PlainRule, Refused>> {
  const forbidden = allow(scope.actor, 'decency.write')
  if (forbidden) return forbidden
  const fault = faultOfHours(rule.hours)
  if (fault) {
    const errors = [{ code: 'invalid', ...fault }]
    return refuse('validation_failed', `The hours have a fault: ${fault.message}`, { errors })
  }
  await scope.sql`
    INSERT INTO decency_rules (workspace_id, country, purpose, hours, keeps_holidays, source, as_of, updated_by, updated_at)
    VALUES (${scope.workspaceId}, ${rule.country}, ${rule.purpose}, ${JSON.stringify(rule.hours)}::text::jsonb, ${rule.keepsHolidays},
            ${rule.source}, ${rule.asOf}::text::date, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, country, purpose) DO UPDATE SET hours = excluded.hours, keeps_holidays = excluded.keeps_holidays,
      source = excluded.source, as_of = excluded.as_of, updated_by = excluded.updated_by, updated_at = excluded.updated_at`
  await recordEvent(scope, 'decency.rule_set', `decency:${rule.country}:${rule.purpose}`, {
    hours: rule.hours,
    keeps_holidays: rule.keepsHolidays,
    source: rule.source,
  })
  return ok(rule)
}

/** Goes back to the shipped rule; refuses `not_found` where the workspace has none of its own. */
export async function dropDecencyRule(
  scope: Scope,
  country: string,
  purpose: Purpose,
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'decency.write')
  if (forbidden) return forbidden
  const gone = await scope.sql`
    DELETE FROM decency_rules WHERE workspace_id = ${scope.workspaceId} AND country = ${country} AND purpose = ${purpose}
    RETURNING 1`
  if (gone.length === 0)
    return refuse('not_found', 'There is no rule of your own for this country and purpose.')
  await recordEvent(scope, 'decency.rule_dropped', `decency:${country}:${purpose}`)
  return ok(undefined)
}

/** Puts a calendar of the workspace's own in the place of the shipped one of that country and year. */
export async function setCalendar(scope: Scope, calendar: Calendar): Promise<Result<Calendar, Refused>> {
  const forbidden = allow(scope.actor, 'decency.write')
  if (forbidden) return forbidden
  await scope.sql`
    INSERT INTO holiday_calendars (workspace_id, country, year, source, days, updated_by, updated_at)
    VALUES (${scope.workspaceId}, ${calendar.country}, ${calendar.year}, ${calendar.source},
            ${JSON.stringify(calendar.days)}::text::jsonb, ${scope.actor.name}, ${scope.now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, country, year) DO UPDATE SET source = excluded.source, days = excluded.days,
      updated_by = excluded.updated_by, updated_at = excluded.updated_at`
  await recordEvent(scope, 'decency.calendar_set', `calendar:${calendar.country}:${calendar.year}`, {
    days: calendar.days.length,
    source: calendar.source,
  })
  return ok(calendar)
}

/** Goes back to the shipped calendar, if there is one; refuses `not_found` where the workspace has none of its own. */
export async function dropCalendar(
  scope: Scope,
  country: string,
  year: number,
): Promise<Result<undefined, 'forbidden' | 'not_found'>> {
  const forbidden = allow(scope.actor, 'decency.write')
  if (forbidden) return forbidden
  const gone = await scope.sql`
    DELETE FROM holiday_calendars WHERE workspace_id = ${scope.workspaceId} AND country = ${country} AND year = ${year}
    RETURNING 1`
  if (gone.length === 0)
    return refuse('not_found', 'There is no calendar of your own for this country and year.')
  await recordEvent(scope, 'decency.calendar_dropped', `calendar:${country}:${year}`)
  return ok(undefined)
}
