import {
  type Campaign,
  type CampaignWords,
  draftCampaign,
  editCampaign,
  findCampaign,
} from '../../campaigns/index.ts'
import { listLists } from '../../contacts/index.ts'
import { listSenders } from '../../delivery/index.ts'
import { ok, type Refusal, type Result } from '../../platform/result.ts'
import { listTemplates } from '../../templates/index.ts'
import { fault, refuseFields } from '../faults.ts'
import { type Again, act, errorsOf, mustMay, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

/** The first step of a campaign: whom to write to, what, and from where. It is a draft from then on. */

const PATH = '/campaigns/new'
const NAME_MAX_CHARS = 200
const MOST_CHOICES = 500
const FIELD_OF = { template_id: 'template_id', sender_id: 'sender_id', 'audience.list_id': 'list_id' }
const FUNDS = ['block', 'wait', 'partial'] as const
type Fields = Readonly<Record<string, string>>

const blank = page(PATH, (visit) => showForm(visit, PATH))

const draft = act(
  PATH,
  async (visit, { fields }) => {
    const words = wordsOf(fields)
    if ('ok' in words) return words
    const drafted = await draftCampaign(visit.scope, { ...words, schedule: { now: true } })
    return drafted.ok ? ok({ to: `/campaigns/${drafted.value.id}/messages?done=drafted` }) : drafted
  },
  (visit, again) => showForm(visit, PATH, undefined, again),
)

const change = page('/campaigns/:id/edit', (visit) => showEdit(visit))

const save = act(
  '/campaigns/:id/edit',
  async (visit, { fields }) => {
    const words = wordsOf(fields)
    if ('ok' in words) return words
    const edited = await editCampaign(visit.scope, visit.params.id!, words)
    return edited.ok ? ok({ to: `/campaigns/${edited.value.id}/messages?done=drafted` }) : edited
  },
  showEdit,
)

export const campaignWordsPages = [blank, draft, change, save]

async function showEdit(visit: Visit, again?: Again): Promise<Result<View>> {
  const found = await findCampaign(visit.scope, visit.params.id!)
  return found.ok ? showForm(visit, `/campaigns/${found.value.id}/edit`, found.value, again) : found
}

async function showForm(
  visit: Visit,
  action: string,
  campaign?: Campaign,
  again?: Again,
): Promise<Result<View>> {
  const { scope } = visit
  const refusal = mustMay(visit, 'campaigns.write')
  if (refusal) return refusal
  const values: Fields = again?.fields ?? valuesOf(campaign)
  const chosenOf =
    (field: string) =>
    <Choice extends { id: string }>(choice: Choice) => ({ ...choice, chosen: choice.id === values[field] })
  const lists = (await listLists(scope, { limit: MOST_CHOICES })).items
  const templates = (await listTemplates(scope, { limit: MOST_CHOICES })).items.filter(
    ({ state }) => state === 'approved',
  )
  const senders = (await listSenders(scope, { limit: MOST_CHOICES })).filter(
    ({ state }) => state === 'active',
  )
  return ok({
    name: 'campaign-new',
    section: 'campaigns',
    title: campaign ? campaign.name : say('campaign_new.title'),
    data: {
      action,
      campaign,
      step: 'words',
      lists: lists.map(chosenOf('list_id')),
      templates: templates.map(chosenOf('template_id')),
      senders: senders.map(chosenOf('sender_id')),
      lacks: {
        list: lists.length === 0,
        template: templates.length === 0,
        sender: senders.length === 0,
        any: lists.length * templates.length * senders.length === 0,
      },
      funds: FUNDS.map((funds) => ({ funds, chosen: funds === values.funds })),
      values,
      errors: again && errorsOf(again.refusal, FIELD_OF),
      again,
    },
  })
}

function valuesOf(campaign: Campaign | undefined): Fields {
  if (!campaign) return { funds: 'block' }
  const { name, listId, templateId, senderId, insufficientFunds } = campaign
  return { name, list_id: listId, template_id: templateId, sender_id: senderId, funds: insufficientFunds }
}

/** What the form says, or what is missing in it, each next to its field. */
function wordsOf(fields: Fields): Omit<CampaignWords, 'schedule'> | Refusal {
  const name = (fields.name ?? '').trim()
  const faults = [
    ...(name === '' || name.length > NAME_MAX_CHARS
      ? [fault('name', say('campaign_new.name.fault', { n: NAME_MAX_CHARS }))]
      : []),
    ...(['list_id', 'template_id', 'sender_id'] as const)
      .filter((field) => !fields[field])
      .map((field) => fault(field, say(`campaign_new.${field}.fault`))),
  ]
  if (faults.length > 0) return refuseFields(faults)
  return {
    name,
    listId: fields.list_id!,
    templateId: fields.template_id!,
    senderId: fields.sender_id!,
    insufficientFunds: FUNDS.find((one) => one === fields.funds) ?? 'block',
  }
}
