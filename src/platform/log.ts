import pino from 'pino'

export type Log = pino.Logger

/**
 * The program's log. It never holds a full phone number or a message's text: what is logged are ids and counts, and
 * the error serializer drops what a database error quotes of its parameters.
 */
export function openLog(level: string, destination?: pino.DestinationStream): Log {
  const options: pino.LoggerOptions = {
    level,
    base: { app: 'duecast', pid: process.pid },
    serializers: { err: describeError },
    hooks: {
      logMethod(args, method) {
        method.apply(this, args.map(maskArgument) as Parameters<typeof method>)
      },
    },
  }
  return destination ? pino(options, destination) : pino(options, pino.destination({ dest: 2, sync: false }))
}

/** A phone number as logs may show it: the country and the last two digits. */
export function maskPhone(phone: string): string {
  return phone.length < 8 ? '…' : `${phone.slice(0, 3)}…${phone.slice(-2)}`
}

const PHONE = /\+?\d{8,15}(?![\d-])/g

/** The net below the rule: a run of digits that could be a phone number is masked in any text that is logged. */
export function maskText(text: string): string {
  return text.replace(PHONE, (digits) => maskPhone(digits))
}

function maskArgument(argument: unknown): unknown {
  return typeof argument === 'string' ? maskText(argument) : argument
}

type DescribedError = { type: string; message: string; code?: string; stack?: string; cause?: DescribedError }

/** An error without what the database was given: drizzle puts a statement's parameters into message and members. */
export function describeError(error: unknown, depth = 0): DescribedError {
  if (!(error instanceof Error)) return { type: typeof error, message: maskText(String(error)) }
  const message = error.message.startsWith('Failed query:') ? 'Failed query' : maskText(error.message)
  const described: DescribedError = { type: error.name, message }
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string') described.code = code
  const frames = error.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, 8)
  if (frames?.length) described.stack = frames.join('\n')
  if (error.cause !== undefined && depth < 3) described.cause = describeError(error.cause, depth + 1)
  return described
}
