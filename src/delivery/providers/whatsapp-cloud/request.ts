import type { ButtonParameter, HeaderParameter, OutgoingMedia, OutgoingMessage } from '../../provider.ts'

/**
 * The body of `POST /{phone_number_id}/messages` for a template message, as the Cloud API wants it: components in
 * the order header, body, buttons, each only where it has parameters, and the attempt's id to be echoed back.
 */
export function requestBody(message: OutgoingMessage): string {
  const { name, languageCode } = message.template
  const components = templateComponents(message.template)
  const language = { code: languageCode }
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: message.to,
    biz_opaque_callback_data: message.attemptRef,
    type: 'template',
    template: components.length === 0 ? { name, language } : { name, language, components },
  })
}

/**
 * The same for `POST /{phone_number_id}/marketing_messages`, which takes templates of the category marketing alone; where
 * it cannot serve a recipient, the Cloud API does.
 */
export function marketingBody(message: OutgoingMessage): string {
  return `${requestBody(message).slice(0, -1)},"product_policy":"CLOUD_API_FALLBACK"}`
}

function templateComponents({ parameters, parameterFormat }: OutgoingMessage['template']): object[] {
  const { header, media, body, buttons } = parameters
  const parameter = parameterFormat === 'positional' ? placedParameter : textParameter
  const components: object[] = []
  if (media) components.push({ type: 'header', parameters: [mediaParameter(media)] })
  if (header.length > 0) components.push({ type: 'header', parameters: header.map(parameter) })
  if (body.length > 0) components.push({ type: 'body', parameters: body.map(parameter) })
  for (const button of buttons) components.push(buttonComponent(button))
  return components
}

/** A picture, a video or a document: by the id that the platform gave it, or by its address. */
function mediaParameter(media: OutgoingMedia): object {
  const file = 'platformId' in media ? { id: media.platformId } : { link: media.link }
  const named = media.type === 'document' && media.fileName ? { ...file, filename: media.fileName } : file
  return { type: media.type, [media.type]: named }
}

function textParameter({ name, text }: HeaderParameter): object {
  return name === undefined ? { type: 'text', text } : { type: 'text', parameter_name: name, text }
}

/** By place: the order in which they stand is all that names them. */
function placedParameter({ text }: HeaderParameter): object {
  return { type: 'text', text }
}

function buttonComponent({ index, subType, text }: ButtonParameter): object {
  return {
    type: 'button',
    sub_type: subType,
    index: String(index),
    parameters: [buttonParameter(subType, text)],
  }
}

function buttonParameter(subType: ButtonParameter['subType'], text: string): object {
  if (subType === 'url') return { type: 'text', text: urlSuffix(text) }
  if (subType === 'quick_reply') return { type: 'payload', payload: text }
  return { type: 'coupon_code', coupon_code: text }
}

const PLAIN_SUFFIX = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]*$/
const ESCAPED_ESCAPE = /%25([0-9A-Fa-f]{2})/g

/** The platform appends the suffix to the button's address as it stands: what a URL cannot hold is escaped, once. */
function urlSuffix(text: string): string {
  if (PLAIN_SUFFIX.test(text)) return text
  const wellFormed = Buffer.from(text, 'utf8').toString('utf8')
  return encodeURI(wellFormed).replace(ESCAPED_ESCAPE, '%$1')
}
