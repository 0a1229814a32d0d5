/**
 * A verb returns a result or a refusal. A refusal is a value with a stable word from a closed list and the
 * facts a door needs to say it; a bug or an outage is thrown instead.
 */
export type Refusal<Reason extends string = string> = {
  readonly ok: false
  readonly reason: Reason
  /** What a person should read and do; one plain sentence, in English. */
  readonly message: string
  /** Further members of the problem document (`available`, `shortfall`, `errors`…); JSON-safe. */
  readonly facts?: Readonly<Record<string, unknown>>
}

export type Ok<T> = { readonly ok: true; readonly value: T }
export type Result<T, Reason extends string = string> = Ok<T> | Refusal<Reason>

/** Wraps a verb's answer. */
export function ok<T>(value: T): Ok<T> {
  return { ok: true, value }
}

/** Builds a refusal; `reason` is the stable code that clients switch on. */
export function refuse<Reason extends string>(
  reason: Reason,
  message: string,
  facts?: Readonly<Record<string, unknown>>,
): Refusal<Reason> {
  return facts === undefined ? { ok: false, reason, message } : { ok: false, reason, message, facts }
}

/** Throws where a refusal would be a bug: inside seeds, the demo, and after a check that already passed. */
export function unwrap<T>(result: Result<T>): T {
  if (result.ok) return result.value
  throw new Error(`${result.reason}: ${result.message}`)
}
