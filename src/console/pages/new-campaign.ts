import { draftCampaign, quoteCampaign, RECIPIENT_ZONE, type Schedule } from '../../campaigns/index.ts'
import { listLists } from '../../contacts/index.ts'
import { listSenders } from '../../delivery/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import { listTemplates } from '../../templates/index.ts'
import { type Again, act, errorsOf, mustMay, page, type View, type Visit } from '../page.ts'
import { say } from '../view.ts'

const PATH = '/campaigns/new'
const NAME_MAX_CHARS = 200
const MOST_CHOICES = 500
const FIELD_OF = {
  template_id: 'template_id',
  sender_id: 'sender_id',
  'audience.list_id': 'list_id',
  'schedule.at': 'at',
  'schedule.window': 'at',
}
const FUNDS = ['block', 'wait', 'partial'] as const

const blank = page(PATH, (visit) => showForm(visit))

/** Writes the draft and prices it at once: the next page shows what it costs, and nothing is reserved yet. */
const draft = act(
  PATH,
  async (visit, { fields }) => {
    const name = (fields.name ?? '').trim()
    const schedule = scheduleOf(visit, fields)
    const faults = [
      ...(name === '' || name.length > NAME_MAX_CHARS
        ? [fault('name', say('campaign_new.name.fault', { n: NAME_MAX_CHARS }))]
        : []),
      ...(schedule === undefined ? [fault('at', say('campaign_new.at.fault'))] : []),
      ...(['list_id', 'template_id', 'sender_id'] as const)
        .filter((field) => !fields[field])
        .map((field) => fault(field, say(`campaign_new.${field}.fault`))),
    ]
    if (faults.length > 0 || schedule === undefined)
      return refuse('validation_failed', say('refused.check_fields'), { errors: faults })
    const drafted = await draftCampaign(visit.scope, {
      name,
      listId: fields.list_id!,
      templateId: fields.template_id!,
      senderId: fields.sender_id!,
      schedule,
      insufficientFunds: FUNDS.find((one) => one === fields.funds) ?? 'block',
    })
    if (!drafted.ok) return drafted
    const quoted = await quoteCampaign(visit.scope, drafted.value.id)
    return quoted.ok ? ok({ to: `/campaigns/${drafted.value.id}?done=quoted` }) : quoted
  },
  showForm,
)

export const newCampaignPages = [blank, draft]

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const { scope } = visit
  const refusal = mustMay(visit, 'campaigns.write')
  if (refusal) return refusal
  const values: Again['fields'] = again?.fields ?? {
    when: 'now',
    zone: visit.workspace.timeZone,
    funds: 'block',
  }
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
    title: say('campaign_new.title'),
    data: {
      lists: lists.map(chosenOf('list_id')),
      templates: templates.map(chosenOf('template_id')),
      senders: senders.map(chosenOf('sender_id')),
      lacks: {
        list: lists.length === 0,
        template: templates.length === 0,
        sender: senders.length === 0,
        any: lists.length * templates.length * senders.length === 0,
      },
      zones: [visit.workspace.timeZone, RECIPIENT_ZONE].map((zone) => ({
        zone,
        chosen: zone === values.zone,
      })),
      funds: FUNDS.map((funds) => ({ funds, chosen: funds === values.funds })),
      later: values.when === 'later',
      values,
      errors: again && errorsOf(again.refusal, FIELD_OF),
      again,
    },
  })
}

/** The schedule that the form asks for; undefined where its time is not one. */
function scheduleOf(visit: Visit, fields: Readonly<Record<string, string>>): Schedule | undefined {
  if (fields.when !== 'later') return { now: true }
  const { at = '', zone } = fields
  const timeZone = zone === RECIPIENT_ZONE ? RECIPIENT_ZONE : visit.workspace.timeZone
  return isWallClock(at) ? { at: `${at.slice(0, 16)}:00`, timeZone } : undefined
}

/** A day of the calendar and a time of the day, as browsers send them: `2026-12-01T09:00`. */
function isWallClock(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:00)?$/.test(text)) return false
  const asUtc = new Date(`${text.slice(0, 16)}:00Z`)
  return !Number.isNaN(asUtc.getTime()) && asUtc.toISOString().startsWith(text.slice(0, 16))
}

function fault(path: string, message: string) {
  return { path, code: 'invalid', message }
}
