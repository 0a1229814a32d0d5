import type { ConnectDeps, OutgoingMessage, ProviderConnection, SendOutcome } from '../../provider.ts'
import { type LineHeaders, lineHeaders, openLine } from '../http-line.ts'
import { classifyAnswer, classifyFailure } from './classify.ts'
import { DEFAULT_MESSAGES_PER_SECOND } from './config.ts'
import { uploadMedia } from './media-line.ts'
import { marketingBody, requestBody } from './request.ts'

/** Where and as whom a sender speaks. */
export type CloudApiEndpoint = {
  /** Such as `https://graph.facebook.com`, with or without a path. */
  readonly baseUrl: string
  readonly version: string
  readonly phoneNumberId: string
  readonly accessToken: string
  /** Whether marketing goes by the Marketing Messages API. */
  readonly marketingApi?: boolean
  /** The sender's pace. */
  readonly messagesPerSecond?: number | undefined
  /** What the stand-in must be told of a message’s category, since nobody need have submitted its template there. */
  readonly headersOf?: (category: string | undefined) => Record<string, string>
}

/** developers.facebook.com/docs/whatsapp/cloud-api/reference/media */
const MEDIA_KEPT_DAYS = 30
const ANSWER_TIMEOUT_MS = 10_000
const LEAST_CONNECTIONS = 64
const MOST_CONNECTIONS = 256
/** An answer that takes so long keeps nobody below his pace, up to the thousand a second that Meta gives a number. */
const ANSWER_SECONDS = 0.25

/** Opens a sender's own pool of kept-alive connections, one request at a time on each, as many as its pace needs. */
export function openConnection(
  endpoint: CloudApiEndpoint,
  { connections, timeouts }: Pick<ConnectDeps, 'connections' | 'timeouts'>,
): ProviderConnection {
  const { origin, path } = messagesAddress(endpoint)
  const line = openLine(origin, {
    connections: connections ?? connectionsFor(endpoint.messagesPerSecond),
    timeouts: { answerMs: ANSWER_TIMEOUT_MS, ...timeouts },
  })
  const headersFor = headersByCategory(endpoint)
  const post = async (path: string, body: string, { template }: OutgoingMessage): Promise<SendOutcome> => {
    const end = await line.call({ method: 'POST', path, headers: headersFor(template.category), body })
    return end.kind === 'answer' ? classifyAnswer(end) : classifyFailure(end.code, end.dispatched)
  }
  return {
    media: {
      address: `${endpoint.baseUrl}/${endpoint.phoneNumberId}`,
      keptDays: MEDIA_KEPT_DAYS,
      upload: (file) => uploadMedia(endpoint, file, timeouts?.answerMs),
    },
    send: (message) =>
      endpoint.marketingApi && message.template.category === 'marketing'
        ? post(marketingPath(path), marketingBody(message), message)
        : post(path, requestBody(message), message),
    close: () => line.close(),
  }
}

function connectionsFor(messagesPerSecond = DEFAULT_MESSAGES_PER_SECOND): number {
  return Math.min(
    MOST_CONNECTIONS,
    Math.max(LEAST_CONNECTIONS, Math.ceil(messagesPerSecond * ANSWER_SECONDS)),
  )
}

function messagesAddress({ baseUrl, version, phoneNumberId }: CloudApiEndpoint): {
  origin: string
  path: string
} {
  const { origin, pathname } = new URL(baseUrl)
  return { origin, path: `${pathname.replace(/\/+$/, '')}/${version}/${phoneNumberId}/messages` }
}

function marketingPath(messagesPath: string): string {
  return messagesPath.replace(/messages$/, 'marketing_messages')
}

/** The headers of a call, made once for each of the few categories that there are. */
function headersByCategory({ accessToken, headersOf }: CloudApiEndpoint) {
  const made = new Map<string | undefined, LineHeaders>()
  return (category: string | undefined): LineHeaders => {
    const known = made.get(category)
    if (known) return known
    const headers = lineHeaders({ ...requestHeaders(accessToken), ...headersOf?.(category) })
    made.set(category, headers)
    return headers
  }
}

function requestHeaders(accessToken: string) {
  return {
    authorization: `Bearer ${accessToken}`,
    'content-type': 'application/json',
    accept: 'application/json',
  }
}
