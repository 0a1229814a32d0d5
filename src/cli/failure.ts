import { ConfigError } from '../platform/config.ts'
import { EmbeddedDatabaseError } from '../platform/embedded/index.ts'
import type { Refusal } from '../platform/result.ts'

/** The exit codes beside 0. */
export const FAILED = 1
export const WRONG_USE = 2

/** What a command was asked and cannot do, or tried and could not: one line for a person and a word for a program. */
export class CommandFailure extends Error {
  readonly code: string
  readonly exitCode: number
  readonly facts: Readonly<Record<string, unknown>>

  constructor(
    code: string,
    message: string,
    options: { exitCode?: number; facts?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message)
    this.name = 'CommandFailure'
    this.code = code
    this.exitCode = options.exitCode ?? WRONG_USE
    this.facts = options.facts ?? {}
  }
}

/** A verb's refusal as this door says it. */
export function failureOf(refusal: Refusal): CommandFailure {
  return new CommandFailure(refusal.reason, refusal.message, { facts: refusal.facts ?? {} })
}

/**
 * Says on standard error why a command ended, in one line (the faults of a file or of the configuration one a line
 * below it), and on standard output too where JSON was asked for.
 * @returns the exit code
 */
export function explainFailure(error: unknown, json: boolean): number {
  const failure = asFailure(error)
  process.stderr.write(`duecast: ${failure.message}\n`)
  for (const line of [...errorLines(failure), ...traceOf(error, failure)]) process.stderr.write(`  ${line}\n`)
  if (json) {
    const body = { error: { code: failure.code, detail: failure.message, ...failure.facts } }
    process.stdout.write(`${JSON.stringify(body)}\n`)
  }
  return failure.exitCode
}

function asFailure(error: unknown): CommandFailure {
  if (error instanceof CommandFailure) return error
  if (error instanceof ConfigError) return new CommandFailure('configuration_invalid', error.message)
  if (error instanceof EmbeddedDatabaseError)
    return new CommandFailure(error.code, error.message, { exitCode: FAILED })
  const code = connectionCode(error)
  if (code) {
    const message = `The database that DATABASE_URL names does not let us in (${code}).`
    return new CommandFailure('database_unreachable', message, { exitCode: FAILED })
  }
  return new CommandFailure('internal_error', internalMessage(error), { exitCode: FAILED })
}

const CONNECTION_CODES =
  /^(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|CONNECT\w+|28\w{3}|3D000|57P03)$/

function connectionCode(error: unknown): string | undefined {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && CONNECTION_CODES.test(code)) return code
  return cause === undefined ? undefined : connectionCode(cause)
}

/** A bug or an outage, without what the database was given, which may be a phone number. */
function internalMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const message = error.message.startsWith('Failed query:') ? 'a statement failed' : error.message
  const cause = error.cause instanceof Error ? ` (${error.cause.message})` : ''
  return `${error.name}: ${message}${cause}`
}

/** Where a bug was, for whoever mends it. */
function traceOf(error: unknown, failure: CommandFailure): string[] {
  if (failure.code !== 'internal_error' || !(error instanceof Error)) return []
  const lines = (error.stack ?? '').split('\n')
  return lines.filter((line) => line.startsWith('    at ')).map((line) => line.trim())
}

const MOST_FAULTS_SHOWN = 20

/** Where there is but one fault, the sentence has said it. */
function errorLines({ facts, message }: CommandFailure): string[] {
  const errors = Array.isArray(facts.errors) ? (facts.errors as { path: string; message: string }[]) : []
  const lines = errors
    .filter((error) => error.message !== message)
    .map((error) => `${error.path}: ${error.message}`)
  const more = lines.length - MOST_FAULTS_SHOWN
  return more > 0 ? [...lines.slice(0, MOST_FAULTS_SHOWN), `and ${more} more`] : lines
}
