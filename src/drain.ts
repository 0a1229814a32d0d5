import type { Server, ServerResponse } from 'node:http'

/** What a server still has to answer, and whether it has said that it is stopping. */
export type Drain = {
  isStopping(): boolean
  /** From now on the server says that it is stopping, and lets each connection go with its next answer. */
  begin(): void
  /** Resolves when every request at hand is answered, after `mostMs` at the latest. */
  answered(mostMs: number): Promise<void>
}

/** Watches the requests of a server that is not yet listening. */
export function watchRequests(server: Server): Drain {
  const open = new Set<ServerResponse>()
  let stopping = false
  let tellAnswered = () => {}

  const endIfStream = (response: ServerResponse) => {
    if (isStream(response)) response.end()
  }
  server.prependListener('request', (_request, response: ServerResponse) => {
    open.add(response)
    if (stopping) response.setHeader('Connection', 'close')
    response.once('close', () => {
      open.delete(response)
      if (open.size === 0) tellAnswered()
    })
  })

  return {
    isStopping: () => stopping,
    begin() {
      stopping = true
      for (const response of open) {
        if (!response.headersSent) response.setHeader('Connection', 'close')
        endIfStream(response)
      }
    },
    async answered(mostMs) {
      for (const response of open) endIfStream(response)
      if (open.size === 0) return
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, mostMs)
        tellAnswered = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
  }
}

/** A stream of events has no last answer: whoever listens comes again, to another server. */
function isStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type')).startsWith('text/event-stream')
}
