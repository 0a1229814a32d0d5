import type { ErrorAction, PlatformFile, UploadOutcome } from '../../provider.ts'
import { explain, ruleFor } from './errors.ts'
import { callGraph, type GraphAnswer, type GraphEndpoint, type GraphSilence } from './graph-call.ts'
import { isRecord, maskNumbers, readCode, readId, readText } from './shapes.ts'

const ANSWER_MAX_BYTES = 64 * 1024
/** Sixteen megabytes over a poor line. */
const ANSWER_TIMEOUT_MS = 60_000
const MESSAGE_MAX_CHARS = 500

/**
 * Gives the platform a file for the headers of messages; it keeps it for 30 days
 * (developers.facebook.com/docs/whatsapp/cloud-api/reference/media).
 */
export async function uploadMedia(
  endpoint: GraphEndpoint & { readonly phoneNumberId: string },
  file: PlatformFile,
  answerMs = ANSWER_TIMEOUT_MS,
): Promise<UploadOutcome> {
  const form = new FormData()
  form.set('messaging_product', 'whatsapp')
  form.set('type', file.mime)
  form.set('file', new Blob([new Uint8Array(file.content)], { type: file.mime }), file.fileName)
  // As bytes: given a form, undici's `request` sends nothing at all on some versions of Node.js 24.
  const encoded = new Response(form)
  const request = {
    method: 'POST',
    path: `${endpoint.phoneNumberId}/media`,
    query: {},
    file: Buffer.from(await encoded.arrayBuffer()),
    headers: { 'content-type': encoded.headers.get('content-type')! },
  } as const
  const answer = await callGraph(endpoint, request, { answerMs, maxBytes: ANSWER_MAX_BYTES })
  return readUpload(answer, 'id')
}

/**
 * Gives the platform the example of a header that a template's reviewers look at, by its resumable upload: the app that
 * the token belongs to opens a session, the bytes follow, and their handle goes into the template
 * (developers.facebook.com/docs/graph-api/guides/upload).
 */
export async function uploadExample(
  endpoint: GraphEndpoint,
  file: PlatformFile,
  answerMs = ANSWER_TIMEOUT_MS,
): Promise<UploadOutcome> {
  const limits = { answerMs, maxBytes: ANSWER_MAX_BYTES }
  const query = { input_token: endpoint.accessToken }
  const token = await callGraph(endpoint, { method: 'GET', path: 'debug_token', query }, limits)
  const appId = readAppId(token)
  if (appId === undefined) return troubleOf(token) ?? NO_APP
  const session = await callGraph(
    endpoint,
    {
      method: 'POST',
      path: `${appId}/uploads`,
      query: { file_name: file.fileName, file_length: String(file.content.length), file_type: file.mime },
    },
    limits,
  )
  const opened = readUpload(session, 'id')
  if (opened.outcome !== 'done') return opened
  const bytes = {
    method: 'POST',
    path: opened.platformId,
    query: {},
    file: file.content,
    headers: {
      authorization: `OAuth ${endpoint.accessToken}`,
      file_offset: '0',
      'content-type': 'application/octet-stream',
    },
  } as const
  return readUpload(await callGraph(endpoint, bytes, limits), 'h')
}

const STOPPING_SENDERS: readonly ErrorAction[] = ['sender', 'account']

type Trouble = Exclude<UploadOutcome, { outcome: 'done' }>

const NO_APP: Trouble = {
  outcome: 'unknown',
  code: 'no_app',
  message: 'The platform did not say which app the access token belongs to; it is asked again.',
}

function readAppId(answer: GraphAnswer | GraphSilence): string | undefined {
  if ('failure' in answer || !isRecord(answer.body) || !isRecord(answer.body.data)) return undefined
  const { app_id: id } = answer.body.data
  return readId(typeof id === 'number' ? String(id) : id, 64)
}

const HANDLE_MAX_CHARS = 4_096

function readUpload(answer: GraphAnswer | GraphSilence, member: 'id' | 'h'): UploadOutcome {
  const trouble = troubleOf(answer)
  if (trouble) return trouble
  const { body } = answer as GraphAnswer
  const platformId = isRecord(body) ? readId(body[member], HANDLE_MAX_CHARS) : undefined
  return platformId === undefined
    ? { outcome: 'unknown', code: 'no_id', message: 'The answer named no file; it is tried again.' }
    : { outcome: 'done', platformId }
}

function troubleOf(answer: GraphAnswer | GraphSilence): Trouble | undefined {
  if ('failure' in answer) {
    const message = 'The platform could not be reached; it is tried again.'
    return { outcome: 'unknown', code: answer.failure ?? 'no_answer', message }
  }
  const { status, body } = answer
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined
  if (!error && status >= 200 && status < 300) return undefined
  const code = readCode(error?.code)
  const message = maskNumbers(
    readText(error?.error_user_msg, MESSAGE_MAX_CHARS) ?? readText(error?.message, MESSAGE_MAX_CHARS),
  )
  const rule = code === undefined ? undefined : ruleFor(code)
  if (code === undefined || status >= 500 || status === 429 || rule?.action === 'retry')
    return { outcome: 'unknown', code: String(code ?? `http_${status}`), message }
  const concerned = rule && STOPPING_SENDERS.includes(rule.action) ? rule : undefined
  return {
    outcome: 'refused',
    code: String(code),
    message: concerned ? explain(concerned) : `${message} Check the file, then resume.`,
    action: concerned?.action ?? 'campaign',
  }
}
