import type { TemplateNews } from '../../../templates/index.ts'
import {
  ATTEMPT_REF_MAX_CHARS,
  type InboundMessage,
  type OtherUpdate,
  type ParsedWebhook,
  type StatusError,
  type StatusUpdate,
} from '../../provider.ts'
import { explain, explainUnknown, ruleFor } from './errors.ts'
import {
  isRecord,
  type JsonRecord,
  maskNumbers,
  readCode,
  readId,
  readList,
  readText,
  storable,
} from './shapes.ts'
import { type EntryFacts, entryFacts, templateNews } from './template-news.ts'

const ID_MAX_CHARS = 512
const TITLE_MAX_CHARS = 200
const WORD_MAX_CHARS = 100
/** WhatsApp's own limit for a text message. */
const TEXT_MAX_CHARS = 4_096
const FIELD_MAX_CHARS = 200
/** A webhook has at most 1,000 updates; what is kept beyond that many is only counted. */
const OTHER_MAX = 1_000

/**
 * Takes a webhook of the Cloud API apart: receipts and inbound messages of the field `messages`, and all else kept
 * as it stood. Never throws: bytes that are no JSON, shapes never seen and members of the wrong type are kept and
 * counted. An inbound message that cannot be read does not cost the receipts beside it.
 */
export function parseWebhook(rawBody: Buffer): ParsedWebhook {
  const found: Found = { statuses: [], inbound: [], templates: [], other: [], unknownCount: 0, source: {} }
  const body = parseJson(rawBody)
  if (isRecord(body) && Array.isArray(body.entry)) readEntries(body.entry, found)
  else keepUnknown(found, 'webhook', body === undefined ? null : body)
  const { source: _source, ...parsed } = found
  return parsed
}

type Found = {
  readonly statuses: StatusUpdate[]
  readonly inbound: InboundMessage[]
  readonly templates: TemplateNews[]
  readonly other: OtherUpdate[]
  unknownCount: number
  /** Of the entry that is being read. */
  source: Pick<OtherUpdate, 'accountId' | 'occurredAt'>
}

/** Fields that are understood or will be: kept without being counted as unknown. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'account_alerts',
  'account_review_update',
  'account_settings_update',
  'account_update',
  'business_capability_update',
  'calls',
  'flows',
  'group_lifecycle_update',
  'group_participants_update',
  'group_settings_update',
  'group_status_update',
  'history',
  'message_template_components_update',
  'message_template_quality_update',
  'message_template_status_update',
  'partner_solutions',
  'payment_configuration_update',
  'phone_number_name_update',
  'phone_number_quality_update',
  'security',
  'smb_app_state_sync',
  'smb_message_echoes',
  'template_category_update',
  'user_id_update',
  'user_preferences',
])

/** Fields that speak of templates; what they say is taken out, and kept as it stood too. */
const TEMPLATE_FIELDS: ReadonlySet<string> = new Set([
  'message_template_components_update',
  'message_template_quality_update',
  'message_template_status_update',
  'template_category_update',
])

function parseJson(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString('utf8'))
  } catch {
    return undefined
  }
}

function readEntries(entries: readonly unknown[], found: Found): void {
  for (const entry of entries) {
    found.source = isRecord(entry) ? readSource(entry) : {}
    if (isRecord(entry) && Array.isArray(entry.changes))
      for (const change of entry.changes) readChange(change, entryFacts(entry), found)
    else keepUnknown(found, 'entry', entry)
  }
}

function readSource({ id, time }: JsonRecord): Found['source'] {
  return withoutUndefined<Found['source']>({
    accountId: readId(id, ID_MAX_CHARS),
    occurredAt: readInstant(time),
  })
}

function readChange(change: unknown, entry: EntryFacts | undefined, found: Found): void {
  if (!isRecord(change)) {
    keepUnknown(found, 'change', change)
    return
  }
  const field = readText(change.field, FIELD_MAX_CHARS) ?? 'change'
  if (TEMPLATE_FIELDS.has(field)) found.templates.push(...templateNews(storable(change.value), entry))
  if (field === 'messages' && isRecord(change.value)) readMessages(change.value, found)
  else if (KNOWN_FIELDS.has(field)) keep(found, field, change.value)
  else keepUnknown(found, field, change.value === undefined ? change : change.value)
}

const MESSAGES_MEMBERS: ReadonlySet<string> = new Set([
  'messaging_product',
  'metadata',
  'contacts',
  'statuses',
  'messages',
  'errors',
])

function readMessages(value: JsonRecord, found: Found): void {
  const phoneNumberId = isRecord(value.metadata)
    ? readId(value.metadata.phone_number_id, ID_MAX_CHARS)
    : undefined
  readEach(value.statuses, 'messages.statuses', found, (status) => {
    const update = readStatus(status, phoneNumberId)
    if (update) found.statuses.push(update)
    return update !== undefined
  })
  const person = readSoleContact(value.contacts)
  readEach(value.messages, 'messages.messages', found, (message) => {
    const inbound = readInbound(message, person, phoneNumberId)
    if (inbound) found.inbound.push(inbound)
    return inbound !== undefined
  })
  if (value.errors !== undefined) keep(found, 'messages.errors', value.errors)
  for (const [member, unknown] of Object.entries(value)) {
    if (!MESSAGES_MEMBERS.has(member))
      keepUnknown(found, `messages.${member.slice(0, WORD_MAX_CHARS)}`, unknown)
  }
}

function readEach(list: unknown, field: string, found: Found, read: (item: unknown) => boolean): void {
  if (Array.isArray(list)) {
    for (const item of list) if (!read(item)) keepUnknown(found, field, item)
  } else if (list !== undefined) {
    keepUnknown(found, field, list)
  }
}

/** `played` is `read` for a voice message. */
const STATUSES: Readonly<Record<string, StatusUpdate['status'] | undefined>> = Object.assign(
  Object.create(null),
  {
    sent: 'sent',
    delivered: 'delivered',
    read: 'read',
    played: 'read',
    failed: 'failed',
  },
)

function readStatus(item: unknown, phoneNumberId: string | undefined): StatusUpdate | undefined {
  if (!isRecord(item)) return undefined
  const status = typeof item.status === 'string' ? STATUSES[item.status] : undefined
  const occurredAt = readInstant(item.timestamp)
  const providerMessageId = readId(item.id, ID_MAX_CHARS)
  const attemptRef = readId(item.biz_opaque_callback_data, ATTEMPT_REF_MAX_CHARS)
  if (status === undefined || occurredAt === undefined) return undefined
  if (providerMessageId === undefined && attemptRef === undefined) return undefined
  return withoutUndefined<StatusUpdate>({
    providerMessageId,
    attemptRef,
    status,
    occurredAt,
    error: readStatusError(item.errors),
    pricing: item.pricing === undefined ? undefined : storable(item.pricing),
    phoneNumberId,
    recipientId:
      readId(item.recipient_participant_id, ID_MAX_CHARS) ?? readId(item.recipient_id, ID_MAX_CHARS),
    recipientUserId:
      readId(item.recipient_participant_user_id, ID_MAX_CHARS) ??
      readId(item.recipient_user_id, ID_MAX_CHARS),
  })
}

function readStatusError(errors: unknown): StatusError | undefined {
  const error = Array.isArray(errors) ? errors[0] : errors
  if (!isRecord(error)) return undefined
  const code = readCode(error.code)
  const title = maskNumbers(
    readText(error.title, TITLE_MAX_CHARS) ?? readText(error.message, TITLE_MAX_CHARS),
  )
  const rule = code === undefined ? undefined : ruleFor(code)
  const named = code === undefined ? 'unknown' : String(code)
  if (rule === undefined)
    return { code: named, title, message: explainUnknown(named, title), action: 'recipient' }
  return { code: named, title, message: explain(rule), action: rule.action }
}

type Person = { readonly from: string | undefined; readonly fromUserId: string | undefined }

/** Who wrote, where the message itself does not say: only where there is a single contact can it be that one. */
function readSoleContact(contacts: unknown): Person {
  const list = readList(contacts)
  const contact = list.length === 1 && isRecord(list[0]) ? list[0] : {}
  return { from: readId(contact.wa_id, ID_MAX_CHARS), fromUserId: readId(contact.user_id, ID_MAX_CHARS) }
}

function readInbound(
  item: unknown,
  person: Person,
  phoneNumberId: string | undefined,
): InboundMessage | undefined {
  if (!isRecord(item)) return undefined
  const providerMessageId = readId(item.id, ID_MAX_CHARS)
  const occurredAt = readInstant(item.timestamp)
  const type = readText(item.type, WORD_MAX_CHARS)
  const from = readId(item.from, ID_MAX_CHARS) ?? person.from
  const fromUserId = readId(item.from_user_id, ID_MAX_CHARS) ?? person.fromUserId
  if (providerMessageId === undefined || occurredAt === undefined || type === undefined) return undefined
  if (from === undefined && fromUserId === undefined) return undefined
  return withoutUndefined<InboundMessage>({
    providerMessageId,
    from,
    fromUserId,
    occurredAt,
    type,
    ...readContent(item, type),
    inReplyTo: isRecord(item.context) ? readId(item.context.id, ID_MAX_CHARS) : undefined,
    newNumber: isRecord(item.system) ? readId(item.system.wa_id, ID_MAX_CHARS) : undefined,
    phoneNumberId,
  })
}

type Content = { readonly text: string | undefined; readonly payload: string | undefined }

function readContent(item: JsonRecord, type: string): Content {
  const content = Object.hasOwn(item, type) ? item[type] : undefined
  if (!isRecord(content)) return { text: undefined, payload: undefined }
  if (type === 'button') {
    return {
      text: readText(content.text, TEXT_MAX_CHARS),
      payload: readText(content.payload, TEXT_MAX_CHARS),
    }
  }
  if (type === 'interactive') return readChoice(content)
  return {
    text: readText(content.body, TEXT_MAX_CHARS) ?? readText(content.caption, TEXT_MAX_CHARS),
    payload: undefined,
  }
}

function readChoice(content: JsonRecord): Content {
  const choice = isRecord(content.button_reply) ? content.button_reply : content.list_reply
  if (!isRecord(choice)) return { text: undefined, payload: undefined }
  return { text: readText(choice.title, TEXT_MAX_CHARS), payload: readText(choice.id, TEXT_MAX_CHARS) }
}

const LATEST_SECONDS = 253_402_300_799
const MILLISECONDS_FROM = 100_000_000_000

let lastInstant: { value: unknown; text: string | undefined } = { value: undefined, text: undefined }

/** Unix seconds as text or number, as ISO 8601. Updates that come together mostly name the same second: it is read once. */
function readInstant(value: unknown): string | undefined {
  if (value !== lastInstant.value) lastInstant = { value, text: instantText(value) }
  return lastInstant.text
}

/** Milliseconds are recognised by their size. */
function instantText(value: unknown): string | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isFinite(number) || number < 0) return undefined
  const seconds = number >= MILLISECONDS_FROM ? number / 1_000 : number
  return seconds > LATEST_SECONDS ? undefined : new Date(seconds * 1_000).toISOString()
}

function keep(found: Found, field: string, value: unknown): void {
  if (found.other.length < OTHER_MAX)
    found.other.push({ field, value: storable(value) ?? null, ...found.source })
}

function keepUnknown(found: Found, field: string, value: unknown): void {
  found.unknownCount += 1
  keep(found, field, value)
}

/** The shape without its undefined members: absent means absent. */
function withoutUndefined<Shape extends object>(
  members: {
    readonly [Key in keyof Shape]: Shape[Key] | undefined
  },
): Shape {
  const kept: Partial<Record<string, unknown>> = {}
  for (const key of Object.keys(members) as (keyof Shape & string)[])
    if (members[key] !== undefined) kept[key] = members[key]
  return kept as Shape
}
