/** What one person told the platform about marketing. At least one of `number` and `userId` is there. */
export type Preference = {
  readonly number: string | undefined
  readonly userId: string | undefined
  readonly wish: 'stop' | 'go'
  readonly saidAt: Date
}

const WISHES: Readonly<Record<string, 'stop' | 'go'>> = { stop: 'stop', resume: 'go', signup: 'go' }

/** Reads the value of a `user_preferences` webhook; what is no preference about marketing is passed over. */
export function readPreferences(value: unknown): Preference[] {
  if (!isObject(value) || !Array.isArray(value.user_preferences)) return []
  const people = Array.isArray(value.contacts) ? value.contacts.filter(isObject) : []
  return value.user_preferences.filter(isObject).flatMap((item): Preference[] => {
    const wish =
      typeof item.value === 'string' && Object.hasOwn(WISHES, item.value) ? WISHES[item.value] : undefined
    const saidAt = instantOf(item.timestamp)
    if (item.category !== 'marketing_messages' || wish === undefined || saidAt === undefined) return []
    const number = text(item.wa_id)
    // Only the contact with this very number can lend its id: the list names whoever the webhook is about.
    const sameNumber = people.find((person) => number !== undefined && person.wa_id === number)
    const userId = text(item.user_id) ?? text(sameNumber?.user_id)
    return number === undefined && userId === undefined ? [] : [{ number, userId, wish, saidAt }]
  })
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const ID_MAX_CHARS = 512

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= ID_MAX_CHARS ? value : undefined
}

const LATEST_SECONDS = 253_402_300_799

function instantOf(value: unknown): Date | undefined {
  const seconds = typeof value === 'string' && /^\d{1,12}$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && seconds >= 0 && seconds <= LATEST_SECONDS
    ? new Date(seconds * 1_000)
    : undefined
}
