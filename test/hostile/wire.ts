import { connect } from 'node:net'

/** A request as it goes over the wire, byte for byte: no client of ours keeps an attacker from sending it. */
export type WireRequest = {
  readonly method: string
  readonly target: string
  /** As written, in this order; `Host` is added unless it is among them or `bare` is set. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body?: Buffer | undefined
  /** Neither Host nor Content-Length is added. */
  readonly bare?: boolean
  readonly version?: string
}

export type WireAnswer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

const MOST_WAIT_MS = 20_000
const CRLF = '\r\n'

/**
 * Sends a request and waits for the answer.
 * @returns undefined where the connection ended without one, or nothing came for too long
 */
export function exchange(base: string, request: WireRequest): Promise<WireAnswer | undefined> {
  const { hostname, port, host } = new URL(base)
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port) })
    let come: Buffer = Buffer.alloc(0)
    const timer = setTimeout(() => end(undefined), MOST_WAIT_MS)
    const end = (answer: WireAnswer | undefined) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    socket.on('data', (bytes) => {
      come = Buffer.concat([come, bytes])
      const answer = readAnswer(come, request.method, false)
      if (answer) end(answer)
    })
    // A server that has answered may close before it has read all; what it said still counts.
    socket.on('error', () => {})
    socket.on('close', () => end(readAnswer(come, request.method, true)))
    socket.write(bytesOf(request, host))
  })
}

function bytesOf(request: WireRequest, host: string): Buffer {
  const { method, target, headers, body, bare = false, version = 'HTTP/1.1' } = request
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name)
  const own: (readonly [string, string])[] = []
  if (!bare && !has('host')) own.push(['Host', host])
  if (!bare && body !== undefined && !has('content-length') && !has('transfer-encoding'))
    own.push(['Content-Length', String(body.length)])
  const lines = [...own, ...headers].map(([name, value]) => `${name}: ${value}`)
  const head = [`${method} ${target} ${version}`, ...lines, '', ''].join(CRLF)
  return Buffer.concat([Buffer.from(head, 'latin1'), body ?? Buffer.alloc(0)])
}

/** The answer in what has come; undefined while it is not whole. */
function readAnswer(come: Buffer, method: string, isOver: boolean): WireAnswer | undefined {
  const headEnd = come.indexOf(`${CRLF}${CRLF}`)
  if (headEnd === -1) return undefined
  const [first = '', ...lines] = come.toString('latin1', 0, headEnd).split(CRLF)
  const status = Number(first.split(' ')[1])
  const rest = come.subarray(headEnd + 4)
  if (status >= 100 && status < 200) return readAnswer(rest, method, isOver)
  const headers = Object.fromEntries(
    lines.map((line) => [line.split(':')[0]!.toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  )
  const body = bodyOf(rest, headers, isBodyless(method, status), isOver)
  return body && { status, headers, body }
}

function isBodyless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

function bodyOf(
  rest: Buffer,
  headers: Readonly<Record<string, string>>,
  isEmpty: boolean,
  isOver: boolean,
): Buffer | undefined {
  if (isEmpty) return Buffer.alloc(0)
  // A stream of events never ends: that it began is the answer.
  if (headers['content-type']?.startsWith('text/event-stream')) return rest
  if (headers['transfer-encoding'] === 'chunked') return isOver || isLast(rest) ? unchunk(rest) : undefined
  const length = headers['content-length']
  if (length === undefined) return isOver ? rest : undefined
  return rest.length >= Number(length) ? rest.subarray(0, Number(length)) : undefined
}

function isLast(rest: Buffer): boolean {
  return rest.subarray(-5).toString('latin1') === `0${CRLF}${CRLF}`
}

function unchunk(rest: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; at < rest.length; ) {
    const lineEnd = rest.indexOf(CRLF, at)
    if (lineEnd === -1) break
    const size = Number.parseInt(rest.toString('latin1', at, lineEnd), 16)
    if (!(size > 0)) break
    chunks.push(rest.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(chunks)
}
