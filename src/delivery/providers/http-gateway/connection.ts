import { smsSize } from '../../../templates/index.ts'
import type { ConnectDeps, OutgoingMessage, ProviderConnection } from '../../provider.ts'
import { guardedLookup, mayCall } from '../address-guard.ts'
import { callbackUrl } from '../callback.ts'
import { brokenCall, type LineRequest, lineHeaders, openLine } from '../http-line.ts'
import { callbackKey } from './callback-key.ts'
import { classifyCall } from './classify.ts'
import type { HttpGatewayConfig } from './config.ts'
import { fillJson, fillText, type Placeholders } from './placeholders.ts'

/** Opens a sender's own connections to its gateway; an address that may not be called refuses every message. */
export function openConnection(config: HttpGatewayConfig, deps: ConnectDeps): ProviderConnection {
  const url = new URL(config.url)
  const allowLoopback = deps.allowLoopback === true
  const trustedOrigins = URL.canParse(deps.simulatorUrl) ? [new URL(deps.simulatorUrl).origin] : []
  if (!mayCall(url, { trustedOrigins, allowLoopback })) return REFUSING
  const isTrusted = trustedOrigins.includes(url.origin)
  const line = openLine(url.origin, {
    connections: deps.connections,
    timeouts: deps.timeouts,
    ...(isTrusted ? {} : { lookup: guardedLookup({ allowLoopback }) }),
  })
  return {
    async send(message) {
      const request = requestFor(url, config, placeholders(message, config, deps))
      return classifyCall(await line.call(request), config, message.attemptRef)
    },
    close: () => line.close(),
  }
}

const REFUSING: ProviderConnection = {
  send: async () => brokenCall('the gateway', 'address_not_allowed', false),
  close: async () => {},
}

function placeholders(message: OutgoingMessage, config: HttpGatewayConfig, deps: ConnectDeps): Placeholders {
  const text = message.text ?? ''
  return {
    to: message.to,
    to_digits: message.to.replace(/^\+/, ''),
    from: config.from ?? '',
    text,
    attempt: message.attemptRef,
    callback_url: callbackUrl(`${deps.webhookUrl}/${callbackKey(deps.appSecret)}`, message.attemptRef),
    encoding: smsSize(text).encoding,
    secrets: config.secrets ?? {},
  }
}

function requestFor(url: URL, config: HttpGatewayConfig, values: Placeholders): LineRequest {
  const address = new URL(url)
  for (const [name, text] of Object.entries(config.query ?? {}))
    address.searchParams.set(name, fillText(text, values))
  const { type, body } = bodyFor(config, values)
  const own = Object.entries(config.headers ?? {}).map(([name, text]) => [
    name.toLowerCase(),
    headerText(fillText(text, values)),
  ])
  return {
    method: config.method ?? 'POST',
    path: `${address.pathname}${address.search}`,
    headers: lineHeaders({ accept: 'application/json', ...type, ...Object.fromEntries(own) }),
    ...(body === undefined ? {} : { body }),
  }
}

function bodyFor(
  { body }: HttpGatewayConfig,
  values: Placeholders,
): { type: Record<string, string>; body: string | undefined } {
  if (body === undefined) return { type: {}, body: undefined }
  if ('json' in body)
    return { type: { 'content-type': 'application/json' }, body: JSON.stringify(fillJson(body.json, values)) }
  const form = new URLSearchParams()
  for (const [name, text] of Object.entries(body.form)) form.set(name, fillText(text, values))
  return { type: { 'content-type': 'application/x-www-form-urlencoded' }, body: form.toString() }
}

/** A header is one line of printable characters, whatever was filled into it. */
function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, ' ')
}
