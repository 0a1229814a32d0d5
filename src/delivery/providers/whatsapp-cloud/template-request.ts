import type { MediaType, PlatformForm, TemplateParameters } from '../../../templates/index.ts'
import type { TemplateRequest } from '../../provider.ts'

/**
 * The body of `POST /{business_account_id}/message_templates`: the template's parts in the platform's form, each with
 * the filled example that its reviewers look at. `exampleHandle` is that of an uploaded file, where the header is one.
 */
export function templateRequestBody(request: TemplateRequest, exampleHandle?: string): object {
  const { form, samples, parameterFormat } = request
  return {
    name: request.name,
    language: request.languageCode,
    category: request.category.toUpperCase(),
    parameter_format: parameterFormat.toUpperCase(),
    ...(request.ttlSeconds !== null && { message_send_ttl_seconds: request.ttlSeconds }),
    components: [
      ...(form.media ? [mediaComponent(form.media.type, exampleHandle)] : []),
      ...headerComponent(form, samples, parameterFormat),
      {
        type: 'BODY',
        text: partText(form.body, parameterFormat),
        ...exampleOf('body', samples.body, parameterFormat),
      },
      ...(form.footer === undefined ? [] : [{ type: 'FOOTER', text: form.footer }]),
      ...(form.buttons.length === 0 ? [] : [{ type: 'BUTTONS', buttons: buttonObjects(form, samples) }]),
    ],
  }
}

type Format = TemplateRequest['parameterFormat']

function headerComponent(form: PlatformForm, samples: TemplateParameters, format: Format): object[] {
  if (!form.header) return []
  return [
    {
      type: 'HEADER',
      format: 'TEXT',
      text: partText(form.header, format),
      ...exampleOf('header', samples.header, format),
    },
  ]
}

/** A file above the message, with the handle of the example that was uploaded before. */
function mediaComponent(type: MediaType, handle: string | undefined): object {
  return {
    type: 'HEADER',
    format: type.toUpperCase(),
    ...(handle !== undefined && { example: { header_handle: [handle] } }),
  }
}

/** A text as the platform keeps it: `{{due_date}}` by name, or `{{2}}` in the order in which the parameters appear. */
export function partText(part: PlatformForm['body'], format: Format): string {
  if (format === 'named') return part.text
  return part.segments
    .map((segment) => (typeof segment === 'string' ? segment : `{{${segment + 1}}}`))
    .join('')
}

function exampleOf(part: 'header' | 'body', samples: TemplateParameters['body'], format: Format): object {
  if (samples.length === 0) return {}
  if (format === 'named') {
    const named = samples.map(({ name, text }) => ({ param_name: name, example: text }))
    return { example: { [`${part}_text_named_params`]: named } }
  }
  const texts = samples.map(({ text }) => text)
  return { example: part === 'header' ? { header_text: texts } : { body_text: [texts] } }
}

function buttonObjects({ buttons }: PlatformForm, samples: TemplateParameters): object[] {
  return buttons.map((button, index) =>
    buttonObject(button, samples.buttons.find((one) => one.index === index)?.text ?? ''),
  )
}

function buttonObject(button: PlatformForm['buttons'][number], sample: string): object {
  switch (button.type) {
    case 'quick_reply':
      return { type: 'QUICK_REPLY', text: button.text }
    case 'phone':
      return { type: 'PHONE_NUMBER', text: button.text, phone_number: button.phone.replace(/[^\d+]/g, '') }
    case 'copy_code':
      return { type: 'COPY_CODE', example: sample }
    case 'url':
      return button.suffix === undefined
        ? { type: 'URL', text: button.text, url: button.url }
        : { type: 'URL', text: button.text, url: `${button.url}{{1}}`, example: [sample] }
  }
}
