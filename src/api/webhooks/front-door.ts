import type { IncomingMessage, ServerResponse } from 'node:http'
import { isUuid } from '../../platform/ids.ts'
import { answerError } from '../answer.ts'
import type { ApiHouse } from '../house.ts'
import { REQUEST_ID_HEADER, watchOf } from '../observe.ts'
import { Problem } from '../problem.ts'
import { SAFE_HEADERS } from '../safe-headers.ts'
import { receiveFor, receiveWebhook, WEBHOOK_MAX_BYTES } from './whatsapp.ts'

const ROUTE = receiveWebhook.facts.path
const ADDRESS = ROUTE.slice(0, ROUTE.indexOf('{'))

/** Takes a request and answers it, or leaves it untouched to who stands behind. */
export type FrontDoor = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Webhooks come by the thousand a second, and Express takes longer with one than all else that is done to it: those that
 * are plain do not go through it. What a webhook is and why it is refused is decided by the same functions as behind
 * Express; whatever is not plain goes there.
 */
export function openFrontDoor(house: ApiHouse): FrontDoor {
  const watch = watchOf(house)
  return (request, response) => {
    const { method, url = '' } = request
    if (method !== 'POST' || !url.startsWith(ADDRESS)) return false
    const senderId = url.slice(ADDRESS.length)
    if (!isUuid(senderId) || !isPlain(request)) return false
    const origin = watch(request, response, () => ROUTE)
    const { requestId } = origin
    receiveFor(house, { senderId, headers: request.headers, origin }, () => readBody(request))
      .then(() => thank(response, requestId))
      .catch((error: unknown) => refuse(house, response, requestId, error))
    return true
  }
}

/** Of one piece, of a size that is said and taken, and without anything to be settled before it is read. */
function isPlain({ headers, httpVersion }: IncomingMessage): boolean {
  return (
    httpVersion === '1.1' &&
    headers.host !== undefined &&
    Number(headers['content-length']) <= WEBHOOK_MAX_BYTES &&
    headers['transfer-encoding'] === undefined &&
    headers['content-encoding'] === undefined &&
    headers.expect === undefined &&
    headers.upgrade === undefined
  )
}

/** The parser has seen to it that what comes is as long as was said. */
function readBody(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.once('end', () => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    request.once('close', () => reject(new Problem('malformed_request', 'The body did not come whole.')))
  })
}

/** With all headers at once: given one by one, each is looked at again. */
const ALWAYS = [...SAFE_HEADERS, ['Content-Length', '0']].flat()

function thank(response: ServerResponse, requestId: string): void {
  response.writeHead(200, [REQUEST_ID_HEADER, requestId, ...ALWAYS]).end()
}

function refuse(house: ApiHouse, response: ServerResponse, requestId: string, error: unknown): void {
  response.setHeader(REQUEST_ID_HEADER, requestId)
  for (const [name, value] of SAFE_HEADERS) response.setHeader(name, value)
  answerError(house, response, requestId, error)
}
