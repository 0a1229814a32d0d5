import { categoryOfWord, type ListedTemplate, statusOfWord } from '../../../templates/index.ts'
import type {
  ConnectDeps,
  TemplateLine,
  TemplateOutcome,
  TemplateRequest,
  UploadOutcome,
} from '../../provider.ts'
import { callGraph, type GraphEndpoint } from './graph-call.ts'
import { uploadExample } from './media-line.ts'
import { isRecord, type JsonRecord, maskNumbers, readCode, readId, readList, readText } from './shapes.ts'
import { templateRequestBody } from './template-request.ts'

/** Where and as whom a business account is spoken to. */
export type AccountEndpoint = GraphEndpoint & { readonly accountId: string }

const ANSWER_TIMEOUT_MS = 20_000
const ANSWER_MAX_BYTES = 8 * 1024 * 1024
const PAGE_SIZE = 100
/** An account has at most 6,000 templates. */
const PAGES_MAX = 70
const FIELDS = 'id,name,language,status,category,components,parameter_format,quality_score,rejected_reason'
const MESSAGE_MAX_CHARS = 500

/** Graph's `error_subcode` for a name and language that the account has already. */
const EXISTS_SUBCODE = 2_388_024
const NOT_FOUND_CODES: ReadonlySet<number> = new Set([100, 33, 2_593_002])
/** Codes that say nothing about the template: the same call may work later. */
const LATER_CODES: ReadonlySet<number> = new Set([1, 2, 4, 17, 32, 613, 80_007, 80_008])
/** Codes by which the token, and not the template, is at fault. */
const TOKEN_CODES: ReadonlySet<number> = new Set([0, 3, 10, 102, 190])

/** A line to the template management of one business account. Each call is made once; nothing here throws. */
export function openTemplateLine(
  endpoint: AccountEndpoint,
  deps: Pick<ConnectDeps, 'timeouts'>,
): TemplateLine {
  const call = caller(endpoint, deps.timeouts?.answerMs ?? ANSWER_TIMEOUT_MS)
  const path = `${endpoint.accountId}/message_templates`
  return {
    async create(template) {
      const { sampleFile } = template
      const example = sampleFile && (await uploadExample(endpoint, sampleFile, deps.timeouts?.answerMs))
      if (example && example.outcome !== 'done') return troubleOfUpload(example)
      const body = templateRequestBody(template, example?.platformId)
      return readCreated(await call('POST', path, {}, body), template)
    },
    async remove({ name, platformId }) {
      const query = platformId === null ? { name } : { hsm_id: platformId, name }
      return readRemoved(await call('DELETE', path, query))
    },
    list: (name) => listAll(call, path, name),
  }
}

/** A file that is refused for its sender’s sake may be taken once that is mended; only what is wrong with the file stays so. */
function troubleOfUpload(upload: Exclude<UploadOutcome, { outcome: 'done' }>): Trouble {
  const staysSo = upload.outcome === 'refused' && upload.action === 'campaign'
  return { outcome: staysSo ? 'refused' : 'unknown', code: upload.code, message: upload.message }
}

type Answer = { readonly status: number; readonly body: unknown; readonly at: string | undefined }
type Failure = { readonly failure: string }
type Call = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  query: Readonly<Record<string, string>>,
  body?: object,
) => Promise<Answer | Failure>

function caller(endpoint: AccountEndpoint, answerMs: number): Call {
  return async (method, path, query, body) => {
    const limits = { answerMs, maxBytes: ANSWER_MAX_BYTES }
    const answer = await callGraph(endpoint, { method, path, query, body }, limits)
    if ('failure' in answer) return { failure: answer.failure ?? 'no_answer' }
    return { ...answer, at: answer.at?.toISOString() }
  }
}

type Trouble = Exclude<TemplateOutcome<never>, { outcome: 'done' }>

function readCreated(answer: Answer | Failure, template: TemplateRequest): TemplateOutcome<ListedTemplate> {
  const trouble = troubleOf(answer)
  if (trouble) return trouble
  const { body, at } = answer as Answer & { body: JsonRecord }
  const platformId = readId(body.id, 128) ?? (typeof body.id === 'number' ? String(body.id) : undefined)
  if (platformId === undefined)
    return { outcome: 'unknown', code: 'no_id', message: 'The answer named no template.' }
  const value = {
    platformId,
    name: template.name,
    language: template.languageCode,
    status: statusOfWord(body.status) ?? 'pending',
    category: categoryOfWord(body.category) ?? template.category,
  }
  return { outcome: 'done', value, at }
}

function readRemoved(answer: Answer | Failure): TemplateOutcome<undefined> {
  const trouble = troubleOf(answer)
  if (trouble?.outcome === 'refused' && NOT_FOUND_CODES.has(Number(trouble.code)))
    return { outcome: 'done', value: undefined, at: (answer as Answer).at }
  return trouble ?? { outcome: 'done', value: undefined, at: (answer as Answer).at }
}

async function listAll(call: Call, path: string, name?: string): Promise<TemplateOutcome<ListedTemplate[]>> {
  const found: ListedTemplate[] = []
  let after: string | undefined
  let at: string | undefined
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const query = {
      fields: FIELDS,
      limit: String(PAGE_SIZE),
      ...(name !== undefined && { name }),
      ...(after !== undefined && { after }),
    }
    const answer = await call('GET', path, query)
    const trouble = troubleOf(answer)
    if (trouble) return trouble
    const { body } = answer as Answer & { body: JsonRecord }
    if (!Array.isArray(body.data))
      return { outcome: 'unknown', code: 'no_data', message: 'The answer held no list.' }
    at ??= (answer as Answer).at
    found.push(...body.data.flatMap(readListed))
    const paging = isRecord(body.paging) ? body.paging : {}
    const cursors = isRecord(paging.cursors) ? paging.cursors : {}
    after = readId(cursors.after, 4_096)
    if (after === undefined || paging.next === undefined || body.data.length === 0)
      return { outcome: 'done', value: found, at }
  }
  return { outcome: 'unknown', code: 'too_many', message: 'The list had no end.' }
}

function readListed(item: unknown): ListedTemplate[] {
  if (!isRecord(item)) return []
  const platformId = readId(item.id, 128)
  const name = readId(item.name, 512)
  const language = readId(item.language, 35)
  const status = statusOfWord(item.status)
  const category = categoryOfWord(item.category)
  if (!platformId || !name || !language || !status || !category) return []
  const quality = isRecord(item.quality_score) ? readId(item.quality_score.score, 40) : undefined
  const reason = readText(item.rejected_reason, MESSAGE_MAX_CHARS)
  return [
    {
      platformId,
      name,
      language,
      status,
      category,
      parameterFormat: item.parameter_format === 'NAMED' ? 'named' : 'positional',
      components: readList(item.components),
      ...(quality !== undefined && { quality: quality.toLowerCase() }),
      ...(reason !== undefined && reason !== 'NONE' && { reason }),
    },
  ]
}

function troubleOf(answer: Answer | Failure): Trouble | undefined {
  if ('failure' in answer) {
    return {
      outcome: 'unknown',
      code: answer.failure,
      message: 'The platform could not be reached; it is tried again.',
    }
  }
  const error = isRecord(answer.body) && isRecord(answer.body.error) ? answer.body.error : undefined
  if (error) return readError(error, answer.status)
  if (answer.status >= 200 && answer.status < 300 && isRecord(answer.body)) return undefined
  return {
    outcome: 'unknown',
    code: `http_${answer.status}`,
    message: 'The platform gave no usable answer; it is asked again.',
  }
}

function readError(error: JsonRecord, status: number): Trouble {
  const code = readCode(error.code)
  const message = maskNumbers(
    readText(error.error_user_msg, MESSAGE_MAX_CHARS) ?? readText(error.message, MESSAGE_MAX_CHARS),
  )
  if (readCode(error.error_subcode) === EXISTS_SUBCODE) return { outcome: 'refused', code: 'exists', message }
  if (code === undefined || LATER_CODES.has(code) || status >= 500 || status === 429)
    return { outcome: 'unknown', code: String(code ?? `http_${status}`), message }
  if (TOKEN_CODES.has(code) || (code >= 200 && code <= 299)) {
    const told = `The access token of this sender does not allow it: renew it and give it the permission whatsapp_business_management. ${message}`
    return { outcome: 'unknown', code: String(code), message: told }
  }
  return { outcome: 'refused', code: String(code), message }
}
