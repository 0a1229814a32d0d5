import { z } from 'zod'
import { ok, type Refusal, refuse } from '../platform/result.ts'
import {
  findTemplate,
  listTemplates,
  previewInput,
  previewSms,
  previewTemplate,
  saveTemplate,
  type Template,
  templateInput,
} from '../templates/index.ts'
import { headerMediaSchema, showHeaderMedia } from './media.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { inputErrorSchema } from './problem.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const buttonSchema = z.strictObject({
  type: z.enum(['url', 'quick_reply', 'phone', 'copy_code']),
  text: z.string().optional(),
  url: z.string().optional(),
  phone: z.string().optional(),
  code: z.string().optional(),
})

const templateSchema = z
  .strictObject({
    id: idSchema,
    channel: z.enum(['whatsapp', 'sms']),
    name: z.string(),
    platform_name: z.string().meta({ description: 'The name under which the platform knows it.' }),
    language: z.string(),
    category: z.enum(['marketing', 'utility', 'authentication']),
    state: z.enum(['pending', 'approved', 'paused', 'rejected', 'disabled']),
    header: z.union([z.string(), z.looseObject({ type: z.string() })]).nullable(),
    body: z.string(),
    footer: z.string().nullable(),
    buttons: z.array(buttonSchema),
    samples: z.record(z.string(), z.string()),
    warnings: z.array(inputErrorSchema).meta({ description: 'What the platform’s reviewers may dislike.' }),
    created_at: instantSchema,
  })
  .meta({ id: 'Template' })

export const getTemplates = defineRoute({
  method: 'get',
  path: '/v1/templates',
  tag: 'Templates',
  summary: 'The workspace’s templates, newest first',
  permission: 'templates.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(templateSchema) },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listTemplates(scope, readPage(query, z.uuid())), showTemplate)),
})

export const postTemplate = defineRoute({
  method: 'post',
  path: '/v1/templates',
  tag: 'Templates',
  summary: 'Saves a template; a new wording is a new template',
  permission: 'templates.write',
  body: templateInput,
  responses: { 201: templateSchema },
  refusals: [],
  handler: async ({ scope, body }) => {
    const saved = await saveTemplate(scope, body)
    return saved.ok ? answer(201, showTemplate(saved.value)) : saved
  },
})

export const getTemplate = defineRoute({
  method: 'get',
  path: '/v1/templates/{id}',
  tag: 'Templates',
  summary: 'One template',
  permission: 'templates.read',
  responses: { 200: templateSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findTemplate(scope, params.id)
    return found.ok ? answer(200, showTemplate(found.value)) : found
  },
})

export const previewTemplateRoute = defineRoute({
  method: 'post',
  path: '/v1/templates/{id}/preview',
  tag: 'Templates',
  summary: 'What a contact with these values would read',
  permission: 'templates.read',
  body: previewInput,
  responses: {
    200: z
      .strictObject({
        header: z.string().optional(),
        media: headerMediaSchema.optional(),
        body: z.string(),
        footer: z.string().optional(),
        buttons: z.array(buttonSchema),
        sms: z
          .strictObject({
            encoding: z.enum(['gsm7', 'ucs2']),
            units: z.int().meta({ description: 'Septets, or sixteen-bit units.' }),
            segments: z.int().meta({ description: 'Parts, each charged as one.' }),
          })
          .optional()
          .meta({ description: 'Of an SMS: how it is cut.' }),
      })
      .meta({ id: 'RenderedTemplate' }),
  },
  refusals: ['not_found', 'missing_variable', 'value_not_usable', 'parameter_not_allowed', 'too_long'],
  handler: async ({ scope, params, body: { variables } }) => {
    const found = await findTemplate(scope, params.id)
    if (!found.ok) return found
    if (found.value.channel === 'sms') return shownAsSms(previewSms(found.value.words, variables))
    const shown = previewTemplate(found.value.words, variables)
    if (!shown.ok) return withErrors(shown)
    const { media, buttons, ...words } = shown.value
    const body = { ...words, ...(media && { media: showHeaderMedia(media) }), buttons: [...buttons] }
    return ok({ status: 200, body } as const)
  },
})

function shownAsSms(shown: ReturnType<typeof previewSms>) {
  if (!shown.ok) return withErrors(shown)
  const { text, ...sms } = shown.value
  return ok({ status: 200 as const, body: { body: text, buttons: [], sms } })
}

/** Says the missing or unusable values also as every other fault of the input is said. */
function withErrors(refusal: Refusal): Refusal {
  const { variables, variable } = (refusal.facts ?? {}) as { variables?: string[]; variable?: string }
  const names = variables ?? (variable === undefined ? [] : [variable])
  if (names.length === 0) return refusal
  const code = refusal.reason === 'missing_variable' ? 'required' : refusal.reason
  const message = refusal.reason === 'missing_variable' ? 'is required.' : refusal.message
  const errors = names.map((name) => ({ path: `variables.${name}`, code, message }))
  return refuse(refusal.reason, refusal.message, { ...refusal.facts, errors })
}

function showTemplate(template: Template) {
  const { id, name, language, category, state, words } = template
  return {
    id,
    channel: template.channel,
    name,
    platform_name: template.platformName,
    language,
    category,
    state,
    header: words.header ?? null,
    body: words.body,
    footer: words.footer ?? null,
    buttons: [...(words.buttons ?? [])],
    samples: { ...template.samples },
    warnings: [...template.warnings],
    created_at: template.createdAt,
  }
}
