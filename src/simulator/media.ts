import { createHash } from 'node:crypto'
import { type GraphAnswer, graphError } from './graph.ts'

/** The largest file that the platform takes of each type that may stand above a message. */
const MAX_BYTES: Readonly<Record<string, number>> = {
  'image/jpeg': 5 * 1024 ** 2,
  'image/png': 5 * 1024 ** 2,
  'video/mp4': 16 * 1024 ** 2,
  'video/3gpp': 16 * 1024 ** 2,
  'application/pdf': 100 * 1024 ** 2,
}
const ID_DIGITS = 15
const CHECK_DIGITS = 6

/** `POST /{phone_number_id}/media`: takes a file, and names it by its bytes and the number that it was given to. */
export async function takeMedia(
  phoneNumberId: string,
  body: Buffer,
  contentType: string | undefined,
): Promise<GraphAnswer> {
  const form = await formOf(body, contentType)
  if (form?.get('messaging_product') !== 'whatsapp')
    return graphError(100, 'The parameter messaging_product is required.')
  const file = form.get('file')
  if (!(file instanceof Blob)) return graphError(100, 'The parameter file is required.')
  const mostBytes = MAX_BYTES[file.type]
  if (mostBytes === undefined)
    return graphError(
      100,
      `Param file must be a file with one of the supported types. Received ${file.type}.`,
    )
  if (file.size > mostBytes) return graphError(131_053, 'Media upload error', 'The file is too large.')
  const hash = createHash('sha256')
    .update(Buffer.from(await file.arrayBuffer()))
    .digest('hex')
  return { status: 200, body: JSON.stringify({ id: mediaId(phoneNumberId, hash) }) }
}

async function formOf(body: Buffer, contentType: string | undefined): Promise<FormData | undefined> {
  try {
    return await new Response(new Uint8Array(body), {
      headers: { 'content-type': contentType ?? '' },
    }).formData()
  } catch {
    return undefined
  }
}

/** An id says by its last digits which number knows it, so that a restart forgets none. */
function mediaId(phoneNumberId: string, hash: string): string {
  const digits = (BigInt(`0x${hash}`) % 10n ** 9n).toString().padStart(ID_DIGITS - CHECK_DIGITS, '1')
  return digits + checkDigits(phoneNumberId, digits)
}

function checkDigits(phoneNumberId: string, digits: string): string {
  const hash = createHash('sha256').update(`${phoneNumberId} ${digits}`).digest()
  return String(hash.readUInt32BE() % 10 ** CHECK_DIGITS).padStart(CHECK_DIGITS, '0')
}

/** Whether a number was given a file under that id. */
export function knowsMedia(phoneNumberId: string, id: string): boolean {
  const digits = id.slice(0, ID_DIGITS - CHECK_DIGITS)
  return /^\d{15}$/.test(id) && id === digits + checkDigits(phoneNumberId, digits)
}

/** `POST /{app_id}/uploads`: opens a session for the example of a template. */
export function openUpload(query: URLSearchParams): GraphAnswer {
  const type = query.get('file_type') ?? ''
  const bytes = Number(query.get('file_length'))
  if (MAX_BYTES[type] === undefined || !(bytes > 0)) return graphError(100, 'Invalid parameter')
  return { status: 200, body: JSON.stringify({ id: `${SESSION}${bytes}` }) }
}

const SESSION = 'upload:standin-'
const HANDLE = '4:standin:'

/** `POST /upload:…`: takes the bytes of a session, and answers with the handle that a template names. */
export function takeUpload(session: string, body: Buffer, offset: string | undefined): GraphAnswer {
  if (!session.startsWith(SESSION) || offset !== '0') return graphError(100, 'Invalid parameter')
  if (body.length !== Number(session.slice(SESSION.length)))
    return graphError(100, 'Invalid parameter', 'The file is not as long as was said.')
  const hash = createHash('sha256').update(body).digest('base64url')
  return { status: 200, body: JSON.stringify({ h: `${HANDLE}${hash}` }) }
}

/** Whether a template's example was uploaded. */
export function isHandle(example: unknown): boolean {
  const handles = (example as { header_handle?: unknown } | undefined)?.header_handle
  return Array.isArray(handles) && handles.length === 1 && String(handles[0]).startsWith(HANDLE)
}
