import { mediaFault } from './header-media.ts'

/** The Graph API's words: its error object, and the checks by which the Cloud API refuses a message. Pure. */
export type GraphAnswer = { readonly status: number; readonly body: string }

export type MessageRequest = {
  readonly to: string
  readonly attemptRef: string
  readonly template: { readonly name: string; readonly language: string }
  /** The type of the file above it, if there is one. */
  readonly media: string | undefined
}

const CALLBACK_DATA_MAX_CHARS = 512
const PARAMETER_MAX_CHARS = 1_024
const TEMPLATE_NAME_MAX_CHARS = 512
const PHONE = /^\+?[\d\s()-]{5,24}$/
const BROKEN_TEXT = /[\n\t]| {5,}/

/** HTTP statuses other than 400 that a code comes with. */
const STATUS_BY_CODE: Readonly<Record<number, number>> = {
  0: 401,
  190: 401,
  3: 403,
  10: 403,
  200: 403,
  368: 403,
  131005: 403,
  131031: 403,
  132001: 404,
  4: 429,
  80007: 429,
  130429: 429,
  131056: 429,
}

/** An error as Graph answers it; `details` goes where the Cloud API puts its own explanation. */
export function graphError(code: number, message: string, details?: string): GraphAnswer {
  const error = {
    message: `(#${code}) ${message}`,
    type: code === 190 || code === 0 ? 'OAuthException' : 'GraphMethodException',
    code,
    ...(details === undefined ? {} : { error_data: { messaging_product: 'whatsapp', details } }),
    fbtrace_id: 'AStandInForThePlatform',
  }
  return { status: STATUS_BY_CODE[code] ?? 400, body: JSON.stringify({ error }) }
}

/** The answer where the number in the path is not the token's. */
export function unknownObject(id: string): GraphAnswer {
  const message = `Unsupported post request. Object with ID '${id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation`
  const error = {
    message,
    type: 'GraphMethodException',
    code: 100,
    error_subcode: 33,
    fbtrace_id: 'AStandIn',
  }
  return { status: 400, body: JSON.stringify({ error }) }
}

/** The answer for an accepted message. */
export function acceptedBody(to: string, messageId: string, messageStatus: string): string {
  return `{"messaging_product":"whatsapp","contacts":[{"input":${JSON.stringify(to)},"wa_id":"${digitsOf(to)}"}],"messages":[{"id":"${messageId}","message_status":${JSON.stringify(messageStatus)}}]}`
}

/** The digits of a phone number, as the platform writes it. */
export function digitsOf(phone: string): string {
  return phone.startsWith('+') && PLAIN_E164.test(phone) ? phone.slice(1) : phone.replace(/\D/g, '')
}

const PLAIN_E164 = /^\+\d+$/

/** Checks the body of a message as the Cloud API does; the first fault refuses it. */
export function readMessageRequest(
  rawBody: string,
  knowsMedia: (id: string) => boolean,
): MessageRequest | GraphAnswer {
  const body = parseObject(rawBody)
  if (body === undefined) return graphError(100, 'Invalid parameter', 'The body is not a JSON object.')
  if (body.messaging_product !== 'whatsapp') {
    return graphError(100, 'The parameter messaging_product is required.')
  }
  if (body.recipient_type !== undefined && body.recipient_type !== 'individual')
    return invalid('recipient_type')
  if (typeof body.to !== 'string' || body.to === '') return graphError(100, 'The parameter to is required.')
  if (!PHONE.test(body.to)) return invalid('to')
  const ref = body.biz_opaque_callback_data
  if (ref !== undefined && (typeof ref !== 'string' || ref.length > CALLBACK_DATA_MAX_CHARS)) {
    return invalid('biz_opaque_callback_data')
  }
  const fault = typeFault(body, knowsMedia)
  if (fault) return fault
  const template = body.template as Template
  return { to: body.to, attemptRef: ref ?? '', template: templateOf(template), media: mediaOf(template) }
}

type Template = {
  readonly name: string
  readonly language: { readonly code: string }
  readonly components?: readonly { type: string; parameters: readonly { type: string }[] }[]
}

function mediaOf({ components = [] }: Template): string | undefined {
  const parameters = components.find(({ type }) => type === 'header')?.parameters ?? []
  return parameters.find(({ type }) => type !== 'text')?.type
}

function templateOf({ name, language }: Template): MessageRequest['template'] {
  return { name, language: language.code }
}

type Members = { readonly [key: string]: unknown }

type Knows = (id: string) => boolean

function typeFault(body: Members, knowsMedia: Knows): GraphAnswer | undefined {
  const type = body.type ?? 'text'
  if (type === 'template') return templateFault(body.template, knowsMedia)
  if (type === 'text') {
    return graphError(
      131047,
      'Re-engagement message',
      'More than 24 hours have passed since they last wrote.',
    )
  }
  return graphError(131051, 'Unsupported message type', 'Message type is not currently supported.')
}

function templateFault(template: unknown, knowsMedia: Knows): GraphAnswer | undefined {
  if (!isObject(template)) return missing('template')
  if (typeof template.name !== 'string' || template.name === '') return missing('template.name')
  if (template.name.length > TEMPLATE_NAME_MAX_CHARS) return invalid('template.name')
  if (
    !isObject(template.language) ||
    typeof template.language.code !== 'string' ||
    template.language.code === ''
  ) {
    return missing('template.language.code')
  }
  if (template.components === undefined) return undefined
  if (!Array.isArray(template.components)) return invalid('template.components')
  return firstFault(template.components, (component) => componentFault(component, knowsMedia))
}

const COMPONENT_TYPES: ReadonlySet<unknown> = new Set(['header', 'body', 'button'])
const BUTTON_TYPES: ReadonlySet<unknown> = new Set(['url', 'quick_reply', 'copy_code'])

function componentFault(component: unknown, knowsMedia: Knows): GraphAnswer | undefined {
  if (!isObject(component) || !COMPONENT_TYPES.has(component.type)) return invalid('template.components.type')
  if (component.type === 'button') {
    if (!BUTTON_TYPES.has(component.sub_type)) return invalid('template.components.sub_type')
    if (!/^\d$/.test(String(component.index))) return invalid('template.components.index')
  }
  if (!Array.isArray(component.parameters)) return missing('template.components.parameters')
  return firstFault(component.parameters, (parameter) =>
    component.type === 'header' && isObject(parameter) && parameter.type !== 'text'
      ? headerFault(parameter, knowsMedia)
      : parameterFault(parameter),
  )
}

function headerFault(parameter: Members, knowsMedia: Knows): GraphAnswer | undefined {
  const fault = mediaFault(parameter, knowsMedia)
  return fault === undefined ? undefined : invalid(fault)
}

/** The member in which each type of parameter carries its value. */
const PARAMETER_TEXTS: Readonly<Record<string, string>> = {
  text: 'text',
  payload: 'payload',
  coupon_code: 'coupon_code',
}

function parameterFault(parameter: unknown): GraphAnswer | undefined {
  if (!isObject(parameter) || typeof parameter.type !== 'string') return missing('parameters.type')
  const member = Object.hasOwn(PARAMETER_TEXTS, parameter.type) ? PARAMETER_TEXTS[parameter.type]! : undefined
  if (member === undefined) return invalid('parameters.type')
  const text = parameter[member]
  if (typeof text !== 'string' || text === '') return missing(`parameters.${member}`)
  if (text.length > PARAMETER_MAX_CHARS) return graphError(132005, 'Translated text too long')
  if (BROKEN_TEXT.test(text)) {
    const details = 'Param text cannot have new-line/tab characters or more than 4 consecutive spaces'
    return graphError(132018, 'There was an issue with the template parameters', details)
  }
  return undefined
}

function firstFault(
  items: readonly unknown[],
  faultOf: (item: unknown) => GraphAnswer | undefined,
): GraphAnswer | undefined {
  for (const item of items) {
    const fault = faultOf(item)
    if (fault) return fault
  }
  return undefined
}

function missing(parameter: string): GraphAnswer {
  return graphError(131008, 'Required parameter is missing', `The parameter ${parameter} is required.`)
}

function invalid(parameter: string): GraphAnswer {
  return graphError(131009, 'Parameter value is not valid', `The parameter ${parameter} is not valid.`)
}

function parseObject(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
