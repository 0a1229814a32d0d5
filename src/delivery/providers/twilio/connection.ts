import type { ConnectDeps, OutgoingMessage, ProviderConnection } from '../../provider.ts'
import { callbackUrl } from '../callback.ts'
import { lineHeaders, openLine } from '../http-line.ts'
import { classifyCall } from './classify.ts'

/** Where and as whom a sender speaks. */
export type TwilioEndpoint = {
  readonly baseUrl: string
  readonly accountSid: string
  readonly authToken: string
  readonly from: { readonly From: string } | { readonly MessagingServiceSid: string }
}

/** Opens a sender's own connections to the Messages API. */
export function openConnection(
  endpoint: TwilioEndpoint,
  deps: Pick<ConnectDeps, 'connections' | 'timeouts' | 'webhookUrl'>,
): ProviderConnection {
  const { origin, pathname } = new URL(endpoint.baseUrl)
  const line = openLine(origin, deps)
  const path = `${pathname.replace(/\/+$/, '')}/2010-04-01/Accounts/${endpoint.accountSid}/Messages.json`
  const login = Buffer.from(`${endpoint.accountSid}:${endpoint.authToken}`).toString('base64')
  const headers = lineHeaders({
    authorization: `Basic ${login}`,
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  })
  return {
    async send(message) {
      const body = requestBody(message, endpoint, deps.webhookUrl)
      return classifyCall(await line.call({ method: 'POST', path, headers, body }))
    },
    close: () => line.close(),
  }
}

function requestBody(message: OutgoingMessage, { from }: TwilioEndpoint, webhookUrl: string): string {
  return new URLSearchParams({
    To: message.to,
    ...from,
    Body: message.text ?? '',
    StatusCallback: callbackUrl(webhookUrl, message.attemptRef),
  }).toString()
}
