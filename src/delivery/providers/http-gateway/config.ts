import { z } from 'zod'
import { isPrivateWay } from '../../../platform/base-url.ts'
import { LIFETIME_SECONDS_MAX, MESSAGES_PER_SECOND_MAX } from '../whatsapp-cloud/config.ts'
import { faultsIn } from './placeholders.ts'

export const DEFAULT_MESSAGES_PER_SECOND = 10
export const DEFAULT_LIFETIME_SECONDS = 3 * 24 * 60 * 60

const TEXT_MAX_CHARS = 4_096
const MEMBERS_MAX = 40

const template = z
  .string()
  .max(TEXT_MAX_CHARS)
  .superRefine((text, context) => {
    for (const fault of faultsIn(text)) context.addIssue({ code: 'custom', message: fault })
  })
const bounded = <T extends z.ZodRecord>(record: T) =>
  record.refine((members) => Object.keys(members as object).length <= MEMBERS_MAX, {
    message: `At most ${MEMBERS_MAX} members.`,
  })
const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{1,64}$/)
  .refine((name) => !HOP_HEADERS.has(name.toLowerCase()), 'That header is the connection’s own.')
/** What undici sets itself, and what would change where one request ends. */
const HOP_HEADERS: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'keep-alive',
])
const fields = bounded(z.record(z.string().min(1).max(64), template))
const pointer = z
  .string()
  .max(256)
  .regex(/^(\/([^~/]|~[01])*)+$/, 'A JSON pointer begins with a slash, such as /data/0/id.')
const code = z.string().min(1).max(64)
const actions = z.enum(['retry', 'recipient', 'campaign', 'sender', 'account', 'wait_a_day'])
const json: z.ZodType = z.lazy(() =>
  z.union([
    template,
    z.number(),
    z.boolean(),
    z.null(),
    z.array(json).max(MEMBERS_MAX),
    bounded(z.record(z.string(), json)),
  ]),
)

const signature = z
  .discriminatedUnion('scheme', [
    z.strictObject({
      scheme: z.literal('none'),
    }),
    z.strictObject({
      scheme: z.literal('hmac_sha256'),
      header: headerName,
      encoding: z.enum(['hex', 'base64']),
      prefix: z.string().max(32).optional(),
      secret: z.string().min(1).max(64).meta({ description: 'The name of a member of secrets.' }),
    }),
  ])
  .meta({
    description:
      '`hmac_sha256`: a header bears the signature over the raw body. `none`: the address has a secret last part.',
  })

/** A gateway described by data: how it is called, where its answer says what, and how it reports. */
export const httpGatewayConfig = z
  .strictObject({
    url: z
      .string()
      .max(16_384)
      .refine(isCallable, 'url is an https address without a user name in it.')
      .meta({ description: 'Where a message is handed in. https, and a public address.' }),
    method: z.enum(['POST', 'PUT', 'GET']).optional().meta({ default: 'POST' }),
    headers: bounded(z.record(headerName, template)).optional(),
    query: fields.optional().meta({ description: 'Added to the address, percent-encoded.' }),
    body: z
      .union([z.strictObject({ json }), z.strictObject({ form: fields })])
      .optional()
      .meta({
        description:
          'With the placeholders {{to}}, {{to_digits}}, {{from}}, {{text}}, {{attempt}}, {{callback_url}}, {{encoding}} and {{secret.NAME}}.',
      }),
    secrets: bounded(z.record(z.string().regex(/^[a-z0-9_]{1,64}$/), z.string().min(1).max(1_024)))
      .optional()
      .meta({
        description: 'Keys and passwords by name: encrypted, and never shown again.',
        writeOnly: true,
      }),
    from: z.string().min(1).max(64).optional().meta({ description: 'What {{from}} stands for.' }),
    answer: z
      .strictObject({
        id: pointer.optional().meta({
          description: 'Where a JSON answer names the message. Without it every 2xx counts as an acceptance.',
        }),
        status: pointer.optional(),
        accepted: z.array(code).max(MEMBERS_MAX).optional().meta({
          description: 'The words at `status` that mean that it was taken; all others refuse it.',
        }),
        error: pointer.optional().meta({ description: 'Where an answer bears the code of a refusal.' }),
      })
      .refine(({ status, accepted }) => (status === undefined) === (accepted === undefined), {
        message: 'Give status and accepted together.',
      })
      .optional(),
    errors: bounded(z.record(code, actions))
      .optional()
      .meta({ description: 'What an error code acts on; the recipient alone where it is not listed.' }),
    callback: z
      .strictObject({
        format: z.enum(['json', 'form', 'query']),
        attempt: pointer.optional().meta({
          description: 'Where it bears {{attempt}}; by default the address of the callback does.',
        }),
        id: pointer.optional(),
        status: pointer,
        statuses: bounded(z.record(code, z.enum(['sent', 'delivered', 'failed']))),
        error: pointer.optional(),
        signature,
      })
      .optional()
      .meta({ description: 'How the gateway reports what became of a message.' }),
    messages_per_second: z.int().min(1).max(MESSAGES_PER_SECOND_MAX).optional().meta({
      description: 'The most messages a second.',
      default: DEFAULT_MESSAGES_PER_SECOND,
    }),
    lifetime_seconds: z.int().min(1).max(LIFETIME_SECONDS_MAX).optional().meta({
      description: 'How long after acceptance a delivery may still be reported.',
      default: DEFAULT_LIFETIME_SECONDS,
    }),
  })
  .superRefine((config, context) => {
    for (const name of secretsNamed(config)) {
      if (Object.hasOwn(config.secrets ?? {}, name)) continue
      context.addIssue({ code: 'custom', path: ['secrets'], message: `There is no secret named ${name}.` })
    }
    if (config.method === 'GET' && config.body !== undefined)
      context.addIssue({ code: 'custom', path: ['body'], message: 'A GET has no body: use query.' })
  })
  .meta({ description: 'A sender of SMS on any gateway that is called by HTTP, described by data.' })

export type HttpGatewayConfig = z.infer<typeof httpGatewayConfig>

/** Plain http is for this machine alone, and called only where the installation allows it. */
function isCallable(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return url.username === '' && url.password === '' && url.hash === '' && isPrivateWay(url)
}

function secretsNamed(config: { readonly callback?: unknown; readonly secrets?: unknown }): Set<string> {
  const { secrets: _secrets, ...rest } = config
  const text = JSON.stringify(rest)
  const names = new Set([...text.matchAll(/\{\{\s*secret\.([a-z0-9_]+)\s*\}\}/g)].map((match) => match[1]!))
  const { signature: signed } = (config.callback ?? {}) as { signature?: { secret?: string } }
  if (signed?.secret !== undefined) names.add(signed.secret)
  return names
}
