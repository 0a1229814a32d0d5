import { randomUUID } from 'node:crypto'

/** An API of this program as a customer's own program sees it: HTTP, a key, JSON. */
export type Api = {
  get<T>(path: string): Promise<T>
  post<T>(path: string, body?: unknown): Promise<T>
  upload<T>(
    path: string,
    fields: Readonly<Record<string, string>>,
    file: { fileName: string; bytes: Buffer },
  ): Promise<T>
  /** The objects of a stream of server-sent events, until the server ends it or `signal` is aborted. */
  events<T>(path: string, signal: AbortSignal): AsyncGenerator<T>
}

/** An answer that is not a success: the problem document's own sentence. */
export class ApiProblem extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, detail: string) {
    super(detail)
    this.name = 'ApiProblem'
    this.status = status
    this.code = code
  }
}

const TIMEOUT_MS = 30_000

/** Speaks to the server at `url` with one key. Each POST has an idempotency key, as a careful client's would. */
export function openApi(url: string, apiKey: string): Api {
  const call = async (path: string, init: RequestInit): Promise<Response> => {
    const headers = { Authorization: `Bearer ${apiKey}`, ...init.headers }
    const response = await fetch(url + path, { signal: AbortSignal.timeout(TIMEOUT_MS), ...init, headers })
    if (!response.ok) throw await problemOf(response)
    return response
  }
  const json = async <T>(path: string, init: RequestInit = {}) => (await (await call(path, init)).json()) as T
  const once = () => ({ 'Idempotency-Key': randomUUID() })
  return {
    get: (path) => json(path),
    post: (path, body = {}) =>
      json(path, {
        method: 'POST',
        headers: { ...once(), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    upload: (path, fields, file) =>
      json(path, { method: 'POST', headers: once(), body: formOf(fields, file) }),
    events: (path, signal) => readEvents(() => call(path, { signal })),
  }
}

function formOf(
  fields: Readonly<Record<string, string>>,
  { fileName, bytes }: { fileName: string; bytes: Buffer },
): FormData {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.set(name, value)
  form.set('file', new Blob([new Uint8Array(bytes)]), fileName)
  return form
}

async function problemOf(response: Response): Promise<ApiProblem> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string }
  return new ApiProblem(response.status, body.code ?? 'unknown', body.detail ?? response.statusText)
}

async function* readEvents<T>(open: () => Promise<Response>): AsyncGenerator<T> {
  const decoder = new TextDecoder()
  let pending = ''
  for await (const chunk of (await open()).body as AsyncIterable<Uint8Array>) {
    pending += decoder.decode(chunk, { stream: true })
    const events = pending.split('\n\n')
    pending = events.pop()!
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) yield JSON.parse(data) as T
    }
  }
}
