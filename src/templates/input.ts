import { z } from 'zod'
import { MEDIA_TYPES } from './media-file.ts'
import { SOURCE_MAX_CHARS } from './syntax.ts'
import { VARIABLE_NAME_MAX_CHARS } from './variables.ts'

/** Coarse limits of the request; WhatsApp's own are checked by `checkTemplate`, with a code and a path each. */
const TEMPLATE_NAME_MAX_CHARS = 512
const BUTTONS_IN_REQUEST_MAX = 50
const URL_IN_REQUEST_MAX_CHARS = 4_096
const SAMPLES_MAX = 100
const SAMPLE_MAX_CHARS = 1_024
const PREVIEW_VARIABLES_MAX = 500
const PREVIEW_VALUE_MAX_CHARS = 4_096

const CATEGORIES = ['marketing', 'utility', 'authentication'] as const
export type Category = (typeof CATEGORIES)[number]

/** Where a template may be sent. */
export const CHANNELS = ['whatsapp', 'sms'] as const
export type Channel = (typeof CHANNELS)[number]

const source = z.string().max(SOURCE_MAX_CHARS)

const header = z
  .union([
    source,
    z.object({ type: z.literal('text'), text: source.optional() }),
    z.strictObject({
      type: z.enum(MEDIA_TYPES),
      media_id: z.uuid().optional().meta({
        description: 'An uploaded file (`POST /v1/media`); beside a link, the example that reviewers see.',
      }),
      link: z.string().max(URL_IN_REQUEST_MAX_CHARS).optional().meta({
        description:
          'A file for each recipient: a fixed address with variables, or one variable that holds all of it.',
      }),
      filename: source
        .optional()
        .meta({ description: 'What a document is called on the phone; with variables.' }),
    }),
  ])
  .meta({
    description:
      'Above the message: a text of 60 characters with at most one variable, or {"type":"text","text":…}; or an `image` (JPEG, PNG), a `video` (MP4, 3GP) or a `document` (PDF), by `media_id` the same for everyone, by `link` one for each.',
    examples: [
      'Invoice {{invoice}}',
      { type: 'text', text: 'Invoice {{invoice}}' },
      {
        type: 'document',
        link: 'https://files.example.com/{{invoice}}.pdf',
        filename: 'Invoice {{invoice}}.pdf',
      },
    ],
  })

const button = z
  .strictObject({
    type: z.enum(['url', 'quick_reply', 'phone', 'copy_code']),
    text: z.string().max(SOURCE_MAX_CHARS).optional(),
    url: z.string().max(URL_IN_REQUEST_MAX_CHARS).optional(),
    phone: z.string().max(64).optional(),
    code: z.string().max(SOURCE_MAX_CHARS).optional(),
  })
  .meta({
    id: 'TemplateButton',
    description:
      'A button under the message. `url` may end in one variable, such as `https://pay.example.com/i/{{invoice}}`; a value that is itself a full link is taken if it begins with the same words. `phone` calls a number, `copy_code` copies `code`.',
    examples: [{ type: 'url', text: 'Pay now', url: 'https://pay.example.com/i/{{invoice}}' }],
  })

/** The body of `POST /v1/templates`. */
export const templateInput = z
  .strictObject({
    name: z
      .string()
      .trim()
      .min(1)
      .max(TEMPLATE_NAME_MAX_CHARS)
      .meta({ examples: ['Due reminder'] }),
    language: z
      .string()
      .max(35)
      .meta({ description: 'A language, with a region or without.', examples: ['en', 'id', 'es_MX'] }),
    category: z.enum(CATEGORIES).meta({
      description:
        'What WhatsApp will charge it as. `utility`: about an order or account of the reader, without promotion.',
    }),
    channel: z.enum(CHANNELS).optional().meta({
      description:
        'Where it is sent: `whatsapp` unless told otherwise. An `sms` is one plain text: no header, footer or buttons.',
    }),
    header: header.optional(),
    body: source.meta({
      description:
        'Handlebars: variables `{{name}}`, helpers such as `{{money amount "IDR"}}` and `{{date due_date}}`, and `{{#if note}}…{{else}}…{{/if}}`.',
      examples: [
        'Hi {{name}}, invoice {{invoice}} of {{money amount "IDR"}} is due {{date due_date}}. Thank you!',
      ],
    }),
    footer: source
      .optional()
      .meta({ description: 'A small line below, of 60 characters, without variables.' }),
    buttons: z.array(button).max(BUTTONS_IN_REQUEST_MAX).optional(),
    samples: z
      .record(
        z.string().max(VARIABLE_NAME_MAX_CHARS),
        z.union([z.string().max(SAMPLE_MAX_CHARS), z.number()]),
      )
      .refine((samples) => Object.keys(samples).length <= SAMPLES_MAX, {
        message: `At most ${SAMPLES_MAX} samples.`,
      })
      .optional()
      .meta({
        description: 'A value for each variable, for previews and for the platform’s review.',
        examples: [{ name: 'Siti', invoice: 'INV-17', amount: '1500000', due_date: '2026-12-01' }],
      }),
  })
  .meta({
    id: 'TemplateInput',
    description: 'The words of a message, with variables.',
    examples: [
      {
        name: 'Due reminder',
        language: 'en',
        category: 'utility',
        body: 'Hi {{name}}, invoice {{invoice}} of {{money amount "IDR"}} is due {{date due_date}}. Thank you!',
        samples: { name: 'Siti', invoice: 'INV-17', amount: '1500000', due_date: '2026-12-01' },
      },
    ],
  })

export type TemplateInput = z.output<typeof templateInput>

/** The body of `POST /v1/templates/{id}/preview`. */
export const previewInput = z
  .strictObject({
    variables: z
      .record(
        z.string().max(512),
        z.union([z.string().max(PREVIEW_VALUE_MAX_CHARS), z.number(), z.boolean(), z.null()]),
      )
      .refine((variables) => Object.keys(variables).length <= PREVIEW_VARIABLES_MAX, {
        message: `At most ${PREVIEW_VARIABLES_MAX} variables.`,
      }),
  })
  .meta({
    id: 'TemplatePreviewInput',
    description: 'One contact’s values: dates as ISO days, amounts as plain decimals, all else as text.',
    examples: [{ variables: { name: 'Siti', invoice: 'INV-17', amount: '1500000', due_date: '2026-12-01' } }],
  })
