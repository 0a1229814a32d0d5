import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Call = {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}
export type Script = (response: ServerResponse, call: Call) => void

/** A platform that answers just as it is told, for answers that no sane one gives. */
export type ScriptedPlatform = {
  readonly url: string
  readonly calls: Call[]
  play(script: Script): void
  close(): Promise<void>
}

export async function openScriptedPlatform(): Promise<ScriptedPlatform> {
  const calls: Call[] = []
  let script: Script = (response) => response.end()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('error', () => {})
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString()
      const call = { method: request.method!, url: request.url!, headers: request.headers, body }
      calls.push(call)
      script(response, call)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    play(next) {
      script = next
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

/** Answers with a status and a body, JSON unless it is a text already. */
export function answers(status: number, body: unknown, headers: Record<string, string> = {}): Script {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
}
