import type { CheckItem } from '../../provider.ts'
import { isRecord, type JsonRecord, maskNumbers, readCode, readList, readText } from './shapes.ts'

/**
 * What the platform's answers about a sender mean, in plain words with the mend. Pure: each takes what was answered
 * and gives items. Words of the platform are shown as they came, without what may be a number.
 */

/** One answer of the management API: a body, or why there is none. */
export type Told =
  | { readonly body: JsonRecord }
  | { readonly refused: { readonly code: number | undefined; readonly message: string } }
  | { readonly silent: string }

const SCOPES = ['whatsapp_business_messaging', 'whatsapp_business_management'] as const

/** @param told of `debug_token` about the sender's own token */
export function judgeToken(told: Told, now: Date): CheckItem[] {
  if ('silent' in told) return [failed('access token', `WhatsApp did not answer (${told.silent}).`, REACH)]
  if ('refused' in told) return [refusedToken(told.refused)]
  const data = isRecord(told.body.data) ? told.body.data : {}
  if (data.is_valid !== true) return [failed('access token', 'The access token is not valid.', NEW_TOKEN)]
  const ends =
    typeof data.expires_at === 'number' && data.expires_at > 0 ? new Date(data.expires_at * 1_000) : undefined
  if (ends && ends <= now) return [failed('access token', 'The access token has expired.', NEW_TOKEN)]
  const given = new Set(readList(data.scopes))
  const missing = SCOPES.filter((scope) => !given.has(scope))
  if (missing.length > 0)
    return [
      failed(
        'access token',
        `The access token lacks ${missing.join(' and ')}.`,
        `Make a token of a system user with ${SCOPES.join(' and ')}, and enter it.`,
      ),
    ]
  if (ends)
    return [
      warned(
        'access token',
        `It is valid until ${ends.toISOString()}.`,
        'Use a system user’s token that does not expire.',
      ),
    ]
  return [passed('access token', 'It is valid, does not expire and has both permissions.')]
}

function refusedToken({ code, message }: { code: number | undefined; message: string }): CheckItem {
  if (code === 190 || code === 0 || code === 102)
    return failed('access token', `WhatsApp does not accept the access token: ${message}`, NEW_TOKEN)
  return warned(
    'access token',
    `WhatsApp did not say whether the token is valid: ${message}`,
    'Look at the items below: they show what it may do.',
  )
}

const NEW_TOKEN =
  'Make a new token of a system user in the Meta Business settings, and enter it (PATCH /v1/senders/{id}).'
const REACH = 'Check the network, api_base_url and any proxy.'

/** The members of a number that are judged. */
export const PHONE_FIELDS =
  'id,display_phone_number,verified_name,name_status,status,quality_rating,throughput,health_status,whatsapp_business_manager_messaging_limit'

export function judgePhone(told: Told): CheckItem[] {
  if (!('body' in told))
    return [
      failed(
        'phone number',
        `The number could not be read: ${reasonOf(told)}`,
        'Check phone_number_id: it is the id in WhatsApp Manager, not the number itself; and that the token may use it.',
      ),
    ]
  const { body } = told
  return [
    statusItem(word(body.status), readText(body.verified_name, 100) ?? 'without a name'),
    nameItem(word(body.name_status)),
    qualityItem(word(body.quality_rating)),
    healthItem(body.health_status),
  ]
}

function statusItem(status: string | undefined, name: string): CheckItem {
  if (status === 'CONNECTED' || status === undefined)
    return passed('phone number', `The number of ${name} is connected.`)
  const mends: Readonly<Record<string, string>> = {
    PENDING: 'Register it with its PIN, then check again.',
    UNVERIFIED: 'Verify and register it, then check again.',
    OFFLINE: 'Connect it again in WhatsApp Manager.',
    FLAGGED: 'Its quality is low: send less and only to people who expect it.',
    RESTRICTED: 'Its limit is used up or it is restricted: see WhatsApp Manager.',
    BANNED: 'Appeal in WhatsApp Manager, or use another number.',
  }
  return failed(
    'phone number',
    `The number of ${name} is ${status.toLowerCase()}.`,
    mends[status] ?? 'See the number in WhatsApp Manager.',
  )
}

function nameItem(status: string | undefined): CheckItem {
  switch (status) {
    case undefined:
    case 'APPROVED':
    case 'AVAILABLE_WITHOUT_REVIEW':
      return passed('display name', 'It is approved.')
    case 'PENDING_REVIEW':
      return warned(
        'display name',
        'It is still being reviewed.',
        'Wait for the review; until then the daily limit is low.',
      )
    default:
      return failed(
        'display name',
        `It is ${status.toLowerCase()}.`,
        'Change it in WhatsApp Manager to what your business is called, and submit it again.',
      )
  }
}

function qualityItem(rating: string | undefined): CheckItem {
  if (rating === 'YELLOW')
    return warned(
      'quality',
      'It is medium.',
      'Send less often, and only what people expect, before it falls further.',
    )
  if (rating === 'RED')
    return failed(
      'quality',
      'It is low.',
      'Stop marketing for a week and see which messages people block or report.',
    )
  return passed('quality', rating === 'GREEN' ? 'It is high.' : 'It is not rated yet.')
}

/** Everything that a message passes through (number, account, business, app) may hold it back, and says why. */
function healthItem(health: unknown): CheckItem {
  if (!isRecord(health)) return warned('may send', 'WhatsApp did not say.', 'Send one message to yourself.')
  const verdict = word(health.can_send_message)
  if (verdict === 'AVAILABLE') return passed('may send', 'Nothing holds messages back.')
  const faults = readList(health.entities)
    .filter(isRecord)
    .flatMap((entity) => readList(entity.errors).filter(isRecord))
  const told = faults
    .map((fault) => readText(fault.error_description, 200))
    .filter((text) => text !== undefined)
  const mends = faults
    .map((fault) => readText(fault.possible_solution, 200))
    .filter((text) => text !== undefined)
  const says = `Messages are ${verdict === 'LIMITED' ? 'limited' : 'blocked'}${told.length > 0 ? `: ${maskNumbers(told.join(' '))}` : '.'}`
  const mend = mends.length > 0 ? maskNumbers(mends.join(' ')) : 'See WhatsApp Manager.'
  return verdict === 'LIMITED' ? warned('may send', says, mend) : failed('may send', says, mend)
}

/** The members of a business account that are judged. */
export const ACCOUNT_FIELDS = 'id,name,currency,account_review_status,owner_business_info'

export function judgeAccount(told: Told, numbers: Told, phoneNumberId: string): CheckItem[] {
  if (!('body' in told))
    return [
      failed(
        'business account',
        `The account could not be read: ${reasonOf(told)}`,
        'Check business_account_id, and that the system user has the account among its assets.',
      ),
    ]
  const items = [
    reviewItem(word(told.body.account_review_status), readText(told.body.name, 100) ?? 'without a name'),
  ]
  if (!('body' in numbers)) return items
  const own = readList(numbers.body.data).some((one) => isRecord(one) && one.id === phoneNumberId)
  items.push(
    own
      ? passed('number of the account', 'The number belongs to the account.')
      : failed(
          'number of the account',
          'The number does not belong to this account.',
          'Enter the phone_number_id and the business_account_id of the same account.',
        ),
  )
  return items
}

function reviewItem(status: string | undefined, name: string): CheckItem {
  if (status === undefined || status === 'APPROVED')
    return passed('business account', `The account ${name} is approved.`)
  if (status === 'PENDING')
    return warned('business account', `The account ${name} is being reviewed.`, 'Wait for the review.')
  return failed(
    'business account',
    `The account ${name} is ${status.toLowerCase()}.`,
    'Ask for another review in WhatsApp Manager.',
  )
}

/** Whether webhooks of the account come to this sender's address. */
export function judgeSubscription(told: Told, webhookUrl: string): CheckItem[] {
  const mend =
    'Subscribe the app to the account (POST /{business_account_id}/subscribed_apps), with the field messages at least.'
  if (!('body' in told))
    return [failed('webhook subscription', `It could not be read: ${reasonOf(told)}`, mend)]
  const apps = readList(told.body.data).filter(isRecord)
  if (apps.length === 0)
    return [
      failed('webhook subscription', 'No app is subscribed to the account: no receipt will come.', mend),
    ]
  const elsewhere = apps
    .map((app) => app.override_callback_uri)
    .filter((uri) => typeof uri === 'string' && uri !== webhookUrl)
  if (elsewhere.length === apps.length)
    return [
      failed(
        'webhook subscription',
        'The account’s webhooks go to another address.',
        `Set the override of the callback address to ${webhookUrl}.`,
      ),
    ]
  return [
    passed(
      'webhook subscription',
      `${apps.length === 1 ? 'One app is' : `${apps.length} apps are`} subscribed to the account.`,
    ),
  ]
}

export function judgeTemplates(told: Told): CheckItem[] {
  if (!('body' in told))
    return [
      failed(
        'templates',
        `They could not be read: ${reasonOf(told)}`,
        'Give the token the permission whatsapp_business_management.',
      ),
    ]
  const templates = readList(told.body.data).filter(isRecord)
  const approved = templates.filter((template) => word(template.status) === 'APPROVED').length
  const more = isRecord(told.body.paging) && told.body.paging.next !== undefined ? ' or more' : ''
  if (approved === 0)
    return [
      warned(
        'templates',
        `None is approved, of ${templates.length}${more}.`,
        'Submit one; only approved templates can be sent.',
      ),
    ]
  return [passed('templates', `${approved}${more} approved, of ${templates.length}${more}.`)]
}

/** @param told of any call that was signed with the app secret */
export function judgeAppSecret(told: Told): CheckItem[] {
  if ('body' in told) return [passed('app secret', 'WhatsApp accepts it.')]
  if ('refused' in told && /appsecret_proof/i.test(told.refused.message))
    return [
      failed(
        'app secret',
        'It is not the secret of the token’s app: every webhook would be refused.',
        'Copy the app secret from the app’s basic settings, and enter it.',
      ),
    ]
  return [warned('app secret', `It could not be tried: ${reasonOf(told)}`, 'Mend the items above first.')]
}

/** A clock that is off makes signatures, windows and schedules wrong. */
export function judgeClock(platformDate: Date | undefined, now: Date): CheckItem[] {
  if (!platformDate)
    return [
      warned('clock', 'WhatsApp did not tell its time.', 'Nothing, unless messages go out at wrong times.'),
    ]
  const offSeconds = Math.round(Math.abs(platformDate.getTime() - now.getTime()) / 1_000)
  if (offSeconds <= CLOCK_SECONDS_MAX) return [passed('clock', `It is ${offSeconds} s off.`)]
  return [failed('clock', `It is ${offSeconds} s off.`, 'Set this machine’s clock by NTP.')]
}

const CLOCK_SECONDS_MAX = 60

/** How fast and to how many people a day the number may send; null where the platform did not say. */
export function judgeLimits(
  limits: { tier: string | null; dailyLimit: number | null; level: string | null },
  messagesPerSecond: number,
): CheckItem[] {
  const daily =
    limits.tier === null
      ? warned(
          'daily limit',
          'WhatsApp did not say how many people may be reached in a day.',
          'See WhatsApp Manager.',
        )
      : passed(
          'daily limit',
          limits.dailyLimit === null
            ? 'Unlimited.'
            : `${limits.dailyLimit.toLocaleString('en')} people in 24 hours (${limits.tier}), all numbers of the business together.`,
        )
  const allowed = limits.level === 'HIGH' ? 1_000 : 80
  if (limits.level !== null && messagesPerSecond > allowed)
    return [
      daily,
      warned(
        'speed',
        `The sender is set to ${messagesPerSecond} messages a second; WhatsApp allows ${allowed}.`,
        `Set messages_per_second to ${allowed}.`,
      ),
    ]
  return [daily, passed('speed', `${messagesPerSecond} messages a second.`)]
}

/** What came back when this server asked itself, as the platform would. */
export function judgeHandshake(
  webhookUrl: string,
  isAnswered: boolean | string,
  mustBeHttps: boolean,
): CheckItem[] {
  if (mustBeHttps && !webhookUrl.startsWith('https:'))
    return [
      failed(
        'webhook address',
        `${webhookUrl} is no https address: WhatsApp posts to no other.`,
        'Set PUBLIC_URL to the https address under which the world reaches this server.',
      ),
    ]
  if (isAnswered === true)
    return [
      passed(
        'webhook address',
        `${webhookUrl} answers the handshake. Enter it where the webhook is subscribed.`,
      ),
    ]
  const why = isAnswered === false ? 'answers, but not with the challenge' : `does not answer (${isAnswered})`
  return [
    failed(
      'webhook address',
      `${webhookUrl} ${why}.`,
      'Check PUBLIC_URL and the proxy in front of this server, and that the server is running.',
    ),
  ]
}

function reasonOf(told: Exclude<Told, { body: JsonRecord }>): string {
  return 'silent' in told
    ? `no answer (${told.silent}).`
    : `${told.refused.message} (${told.refused.code ?? 'no code'}).`
}

/** What an answer says, whatever its status: a body without an error, or the error. */
export function toldBy(body: unknown, status: number): Told {
  const error = isRecord(body) && isRecord(body.error) ? body.error : undefined
  if (error)
    return {
      refused: {
        code: readCode(error.code),
        message: maskNumbers(readText(error.message, 300) ?? 'refused'),
      },
    }
  if (isRecord(body) && status >= 200 && status < 300) return { body }
  return { silent: `status ${status}` }
}

function word(value: unknown): string | undefined {
  const text = readText(value, 100)
  return text?.toUpperCase()
}

function passed(name: string, says: string): CheckItem {
  return { name, state: 'passed', says }
}

function warned(name: string, says: string, mend: string): CheckItem {
  return { name, state: 'warned', says, mend }
}

function failed(name: string, says: string, mend: string): CheckItem {
  return { name, state: 'failed', says, mend }
}
