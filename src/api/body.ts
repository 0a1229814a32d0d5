import express, { type Request, type RequestHandler, type Response } from 'express'
import { invalid, refuseBadText } from './input.ts'
import { Problem } from './problem.ts'

export const JSON_MAX_BYTES = 1024 * 1024
/** Some times what the largest request needs; a megabyte of commas would keep everybody else waiting. */
const JSON_MAX_VALUES = 20_000
const JSON_TYPES = ['application/json', 'application/*+json']
/** RFC 8259: JSON between systems is UTF-8. */
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii'])

const readJsonBytes = express.raw({ type: () => true, limit: JSON_MAX_BYTES })

/**
 * Reads a JSON body, undefined where there is none. Bytes that are not UTF-8 are refused rather than replaced: a
 * silently altered text would be sent to somebody.
 * @throws Problem `malformed_json`, `unsupported_media_type`, `body_too_large`, `validation_failed`
 */
export async function readJson(request: Request, response: Response): Promise<unknown> {
  await run(readJsonBytes, request, response)
  const bytes: unknown = request.body
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) return undefined
  refuseOtherTypes(request)
  refuseTooMany(bytes)
  const body = parseJson(bytes)
  refuseBadText(body)
  return body
}

/** Reads a body byte for byte, compressed ones refused: signatures are over the bytes that were sent. */
export function rawBodyReader(maxBytes: number) {
  const read = express.raw({ type: () => true, limit: maxBytes, inflate: false })
  return async (request: Request, response: Response): Promise<Buffer> => {
    await run(read, request, response)
    const bytes: unknown = request.body
    return Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0)
  }
}

/** A middleware as a promise, so that reading a body is a step of a route like any other. */
export function run(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void middleware(request, response, (error?: unknown) =>
      error ? reject(problemOfBody(error)) : resolve(),
    )
  })
}

function refuseOtherTypes(request: Request): void {
  const charset = /;\s*charset\s*=\s*"?([^";\s]+)/i.exec(request.get('content-type') ?? '')?.[1]
  const known = charset === undefined || CHARSETS.has(charset.toLowerCase())
  if (request.is(JSON_TYPES) && known) return
  throw new Problem('unsupported_media_type', 'Send the body as application/json in UTF-8.')
}

/** Counts, before anything is made of them, the values of a JSON text: what follows a comma or a bracket. */
function refuseTooMany(bytes: Buffer): void {
  let count = 0
  let isInText = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (isInText && byte === BACKSLASH) at++
    else if (byte === QUOTE) isInText = !isInText
    else if (!isInText && (byte === COMMA || byte === BRACKET || byte === BRACE)) count++
  }
  if (count <= JSON_MAX_VALUES) return
  const message = `a body here has at most ${JSON_MAX_VALUES} values.`
  throw invalid([{ path: '', code: 'too_big', message }])
}

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = [...Buffer.from('"\\,[{')]

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (error) {
    const why = error instanceof SyntaxError ? 'it does not parse' : 'it is not UTF-8'
    throw new Problem('malformed_json', `The body is not JSON: ${why}.`)
  }
}

/** What the reader of bodies says, in our words; anything else is passed on as it is. */
function problemOfBody(error: unknown): unknown {
  const { type, status, limit } = error as { type?: string; status?: number; limit?: number }
  if (type === 'entity.too.large')
    return new Problem('body_too_large', `A body here has at most ${limit} bytes.`)
  if (type === 'encoding.unsupported' || type === 'charset.unsupported')
    return new Problem('unsupported_media_type', 'That content encoding is not supported here.')
  if (status === 400) return new Problem('malformed_request', 'The body did not arrive whole.')
  return error
}
