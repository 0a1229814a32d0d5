import { findPeople, recordWishes, rememberHandles, type Wish } from '../contacts/index.ts'
import type { Scope } from '../platform/scope.ts'
import { readPreferences } from './preference.ts'

/**
 * Does what people have told the platform itself: that they want no more marketing, or want it again. It concerns
 * marketing alone; a reminder may still go.
 * @param values of webhooks of the field `user_preferences`
 */
export async function hearPreferences(scope: Scope, values: readonly unknown[]): Promise<void> {
  const preferences = values.flatMap(readPreferences)
  if (preferences.length === 0) return
  const people = await findPeople(scope, preferences)
  await rememberHandles(
    scope,
    preferences.flatMap(({ userId }, index) =>
      userId !== undefined && people[index] !== undefined
        ? [{ contactId: people[index], kind: 'user_id' as const, handle: userId }]
        : [],
    ),
  )
  await recordWishes(
    scope,
    preferences.flatMap(({ number, userId, wish, saidAt }): Wish[] =>
      [number, userId].flatMap((person) =>
        person === undefined ? [] : [{ person, scope: 'marketing', wish, saidAt, reason: REASONS[wish] }],
      ),
    ),
  )
}

const REASONS = { stop: 'stopped marketing in WhatsApp', go: 'allowed marketing in WhatsApp' } as const
