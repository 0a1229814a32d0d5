import { fault } from '../faults.ts'
import { say } from '../view.ts'
import { type Fields, inputName, type SenderField } from './sender-fields.ts'

/** The form of a gateway that is described by data: lines and pointers for what the configuration nests. */

type Config = Record<string, unknown>
type Read = { config: Config; faults: { path: string; code: string; message: string }[] }

/** Which field of the form a part of the configuration stands in; what is more particular comes first. */
export const gatewayPaths: Readonly<Record<string, string>> = {
  'answer.id': 'answer_id',
  'answer.status': 'answer_status',
  'answer.accepted': 'answer_accepted',
  'answer.error': 'answer_error',
  answer: 'answer_accepted',
  'callback.format': 'callback_format',
  'callback.attempt': 'callback_attempt',
  'callback.id': 'callback_id',
  'callback.statuses': 'callback_statuses',
  'callback.status': 'callback_status',
  'callback.error': 'callback_error',
  'callback.signature.header': 'signature_header',
  'callback.signature.encoding': 'signature_encoding',
  'callback.signature.prefix': 'signature_prefix',
  'callback.signature.secret': 'signature_secret',
  'callback.signature': 'signature',
  callback: 'callback_format',
  from: 'from_text',
}

/** Reads what the form was asked for; what it was not asked for is not in the configuration either. */
export function readGateway(asked: readonly SenderField[], fields: Fields): Read {
  const config: Config = {}
  const faults: Read['faults'] = []
  const isAsked = (name: string) => asked.some((field) => field.name === name)
  const text = (name: string) => (fields[name] ?? '').trim() || undefined
  const wrong = (path: string, message: string) => void faults.push(fault(path, message))
  const table = (name: string, path = name) => {
    const read = readLines(fields[path] ?? '')
    if (!read) wrong(path, say('sender.lines.fault'))
    return read && Object.keys(read).length > 0 ? read : undefined
  }
  if (isAsked('url')) {
    config.url = text('url')
    config.method = text('method')
    config.from = text('from_text')
    config.headers = table('headers')
    config.query = table('query')
    config.body = bodyIn(fields, () => table('body'), wrong)
    config.answer = answerIn(text)
    config.errors = table('errors')
    config.callback = callbackIn(text, () => table('callback_statuses'))
    for (const name of ['messages_per_second', 'lifetime_seconds']) {
      const given = text(name)
      if (given !== undefined && !/^\d{1,9}$/.test(given)) wrong(name, say(`sender.${name}.fault`))
      config[name] = given === undefined ? undefined : Number(given)
    }
  }
  const secrets = asked.find(({ kind }) => kind === 'secret_lines')
  const given = secrets && table(secrets.name, inputName(secrets))
  if (given) config.secrets = given
  return { config, faults }
}

/** `name = value`, one a line. @returns undefined where a line is none, or a name stands twice */
export function readLines(text: string): Record<string, string> | undefined {
  const rows = text.split(/\r?\n/).filter((row) => row.trim() !== '')
  const pairs = rows.map((row) => {
    const at = row.indexOf('=')
    return at < 0 ? ['', ''] : [row.slice(0, at).trim(), row.slice(at + 1).trim()]
  })
  const names = new Set(pairs.map(([name]) => name))
  return names.has('') || names.size < pairs.length ? undefined : Object.fromEntries(pairs)
}

function bodyIn(
  fields: Fields,
  table: () => Record<string, string> | undefined,
  wrong: (path: string, message: string) => void,
) {
  if (fields.body_kind === 'form') return { form: table() ?? {} }
  if (fields.body_kind !== 'json') return undefined
  try {
    return { json: JSON.parse(fields.body ?? '') as unknown }
  } catch {
    wrong('body', say('sender.body.fault'))
    return undefined
  }
}

function answerIn(text: (name: string) => string | undefined) {
  const accepted = text('answer_accepted')
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
  const answer = {
    id: text('answer_id'),
    status: text('answer_status'),
    accepted,
    error: text('answer_error'),
  }
  return Object.values(answer).some((part) => part !== undefined) ? answer : undefined
}

function callbackIn(
  text: (name: string) => string | undefined,
  statuses: () => Record<string, string> | undefined,
) {
  const format = text('callback_format')
  if (format === undefined || format === 'none') return undefined
  return {
    format,
    attempt: text('callback_attempt'),
    id: text('callback_id'),
    status: text('callback_status') ?? '',
    statuses: statuses() ?? {},
    error: text('callback_error'),
    signature:
      text('signature') === 'hmac_sha256'
        ? {
            scheme: 'hmac_sha256',
            header: text('signature_header') ?? '',
            encoding: text('signature_encoding') ?? 'hex',
            prefix: text('signature_prefix'),
            secret: text('signature_secret') ?? '',
          }
        : { scheme: 'none' },
  }
}

/** What is open of a gateway, as its form says it. */
export function gatewayWords(config: Readonly<Record<string, unknown>>): Fields {
  const { body, answer, callback, ...rest } = config as {
    readonly body?: { json?: unknown; form?: Record<string, unknown> }
    readonly answer?: Record<string, unknown>
    readonly callback?: Record<string, unknown> & { signature?: Record<string, unknown> }
  } & Record<string, unknown>
  const word = (value: unknown) => (value === undefined || value === null ? '' : String(value))
  return {
    url: word(rest.url),
    method: word(rest.method ?? 'POST'),
    from_text: word(rest.from),
    headers: linesOf(rest.headers),
    query: linesOf(rest.query),
    body_kind: body === undefined ? 'none' : body.form ? 'form' : 'json',
    body: body?.form ? linesOf(body.form) : body === undefined ? '' : JSON.stringify(body.json, undefined, 2),
    answer_id: word(answer?.id),
    answer_status: word(answer?.status),
    answer_accepted: ((answer?.accepted ?? []) as string[]).join(', '),
    answer_error: word(answer?.error),
    errors: linesOf(rest.errors),
    callback_format: word(callback?.format ?? 'none'),
    callback_status: word(callback?.status),
    callback_statuses: linesOf(callback?.statuses),
    callback_id: word(callback?.id),
    callback_attempt: word(callback?.attempt),
    callback_error: word(callback?.error),
    signature: word(callback?.signature?.scheme ?? 'none'),
    signature_header: word(callback?.signature?.header),
    signature_encoding: word(callback?.signature?.encoding ?? 'hex'),
    signature_prefix: word(callback?.signature?.prefix),
    signature_secret: word(callback?.signature?.secret),
    messages_per_second: word(rest.messages_per_second),
    lifetime_seconds: word(rest.lifetime_seconds),
  }
}

function linesOf(table: unknown): string {
  const rows = Object.entries((table ?? {}) as Record<string, unknown>)
  return rows.map(([name, value]) => `${name} = ${String(value)}`).join('\n')
}
