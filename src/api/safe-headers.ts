import type { IncomingMessage, ServerResponse } from 'node:http'
import helmet from 'helmet'

/**
 * For answers that are read by programs: nothing of them may run or be framed, and nobody keeps them. Pages set a policy
 * of their own. They depend on nothing, so they are asked for once, and not once a request through a dozen functions.
 */
export const SAFE_HEADERS: ReadonlyMap<string, string> = headersSetBy(
  helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    xFrameOptions: { action: 'deny' },
  }),
).set('Cache-Control', 'no-store')

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void

function headersSetBy(middleware: Middleware): Map<string, string> {
  const headers = new Map<string, string>()
  const noted = { setHeader: (name: string, value: string) => headers.set(name, value), removeHeader() {} }
  middleware({} as IncomingMessage, noted as unknown as ServerResponse, () => {})
  return headers
}
