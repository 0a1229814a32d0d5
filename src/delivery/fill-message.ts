import { ok, type Result } from '../platform/result.ts'
import {
  type HeaderMedia,
  type OpenTemplate,
  type ParameterFormat,
  parametersFor,
  smsTextFor,
  type TemplateWords,
} from '../templates/index.ts'
import { attemptRef } from './lifecycle.ts'
import type { OpenedMessage } from './open-attempts.ts'
import type { OutgoingMedia, OutgoingMessage } from './provider.ts'
import type { Run } from './run.ts'

/** The template as a run keeps it. */
export type RunTemplate = {
  platformName: string
  language: string
  words: TemplateWords
  /** How the platform knows its parameters; by name where nothing is said. */
  parameterFormat?: ParameterFormat
}

/** An uploaded file as the sender's platform knows it. */
export type KnownFile = { readonly platformId: string; readonly fileName: string }

/** What leaves for one recipient; refused where the recipient's values cannot be used. @param file above the message */
export function fillMessage(
  run: Run,
  opened: OpenTemplate,
  message: OpenedMessage,
  file: KnownFile | undefined,
): Result<OutgoingMessage> {
  const template = run.template as RunTemplate
  const filled = fill(run, opened, message, file)
  if (!filled.ok) return filled
  const { parameters, text } = filled.value
  return ok({
    attemptRef: attemptRef(message.messageId, message.attemptNo),
    to: message.phone,
    template: {
      name: template.platformName,
      languageCode: template.language,
      category: run.category,
      parameterFormat: template.parameterFormat ?? 'named',
      parameters,
    },
    ...(text === undefined ? {} : { text }),
  })
}

type Filled = { parameters: OutgoingMessage['template']['parameters']; text?: string }

/** One channel sends a template's parameters, another the whole text. */
function fill(
  run: Run,
  template: OpenTemplate,
  { variables }: OpenedMessage,
  file: KnownFile | undefined,
): Result<Filled> {
  if (run.channel === 'whatsapp') {
    const filled = parametersFor(template.form, variables)
    if (!filled.ok) return filled
    const { media, ...parameters } = filled.value
    return ok({ parameters: media ? { ...parameters, media: outgoing(media, file) } : parameters })
  }
  const text = smsTextFor(template, variables)
  return text.ok ? ok({ parameters: NO_PARAMETERS, text: text.value.text }) : text
}

/** A file by its address, or by what the platform calls it: no slice is claimed before that is known. */
function outgoing({ type, link, fileName }: HeaderMedia, file: KnownFile | undefined): OutgoingMedia {
  if (link !== undefined) return fileName === undefined ? { type, link } : { type, link, fileName }
  if (!file) throw new Error('a file above the message that the platform does not have')
  return { type, platformId: file.platformId, fileName: fileName ?? file.fileName }
}

const NO_PARAMETERS = { header: [], body: [], buttons: [] } as const
