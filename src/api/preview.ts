import { z } from 'zod'
import { PREVIEW_FILTERS, type PreviewLine, previewCampaign, whatIfCampaign } from '../campaigns/index.ts'
import { instant } from '../platform/db.ts'
import { moneyJson } from '../platform/money.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { headerMediaSchema, showHeaderMedia } from './media.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { readSchedule, scheduleSchema } from './schedule.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

const PLACE = z.string().regex(/^[1-9]\d{0,17}$/)
const categorySchema = z.enum(['marketing', 'utility', 'authentication'])

const lineSchema = z
  .strictObject({
    contact_id: idSchema,
    phone: z.string().nullable(),
    name: z.string().nullable(),
    market: z.string().nullable(),
    price: moneySchema.nullable().meta({ description: 'If it is delivered; null where nothing is sent.' }),
    due_at: instantSchema.nullable(),
    excluded: z.string().nullable().meta({ description: 'Why this contact is left out.' }),
    header: z.string().nullable(),
    media: headerMediaSchema.nullable(),
    body: z.string().nullable(),
    footer: z.string().nullable(),
    fault: z.string().nullable().meta({ description: 'Why the words cannot be filled for this contact.' }),
  })
  .meta({ id: 'PreviewedMessage' })

export const getCampaignPreview = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/preview',
  tag: 'Campaigns',
  summary: 'Every message of a campaign that is not yet submitted, rendered for each contact',
  permission: 'campaigns.read',
  query: z.strictObject({ ...pageQuery, filter: z.enum(PREVIEW_FILTERS).optional() }),
  responses: { 200: pageSchema(lineSchema) },
  refusals: ['not_found', 'wrong_state'],
  handler: async ({ scope, params, query }) => {
    const { currency } = await findWorkspace(scope)
    const page = await previewCampaign(scope, params.id, { ...readPage(query, PLACE), filter: query.filter })
    return page.ok
      ? answer(
          200,
          pageBody(page.value, (line) => showLine(line, currency)),
        )
      : page
  },
})

export const postWhatIf = defineRoute({
  method: 'post',
  path: '/v1/campaigns/{id}/what-if',
  tag: 'Campaigns',
  summary: 'What the same audience costs at another time or in another category; nothing changes',
  permission: 'campaigns.read',
  body: z.strictObject({ schedule: scheduleSchema.optional(), category: categorySchema.optional() }),
  responses: {
    200: z
      .strictObject({
        category: z.string(),
        price_day: z.iso.date(),
        recipients: z.int().min(0),
        excluded: z.int().min(0),
        total: moneySchema,
        difference: moneySchema.meta({ description: 'Less what it costs on its own terms.' }),
      })
      .meta({ id: 'Estimate' }),
  },
  refusals: ['not_found', 'wrong_state', 'no_price'],
  handler: async ({ scope, params, body }) => {
    const terms = { schedule: body.schedule && readSchedule(body.schedule), category: body.category }
    const estimated = await whatIfCampaign(scope, params.id, terms)
    if (!estimated.ok) return estimated
    const { category, priceDay, recipients, excluded, currency, totalMinor, differenceMinor } =
      estimated.value
    return answer(200, {
      category,
      price_day: priceDay,
      recipients,
      excluded,
      total: moneyJson(totalMinor, currency),
      difference: moneyJson(differenceMinor, currency),
    })
  },
})

function showLine(line: PreviewLine, currency: string): z.output<typeof lineSchema> {
  return {
    contact_id: line.contactId,
    phone: line.phone,
    name: line.name,
    market: line.market,
    price: line.priceMinor === null ? null : moneyJson(line.priceMinor, currency),
    due_at: instant(line.dueAt),
    excluded: line.excluded,
    header: line.message?.header ?? null,
    media: line.message?.media ? showHeaderMedia(line.message.media) : null,
    body: line.message?.body ?? null,
    footer: line.message?.footer ?? null,
    fault: line.fault,
  }
}
