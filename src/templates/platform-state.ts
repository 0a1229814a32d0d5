import type { Category } from './input.ts'

/**
 * What the platform may say of a template, and two words of ours: `submitting` until it has been told of it, and
 * `not_taken` where it would not have it. Where two pieces of news bear the same second, the later word here counts,
 * so that they end alike in any order: what stops sending wins.
 */
export const PLATFORM_STATUSES = [
  'submitting',
  'not_taken',
  'pending',
  'in_appeal',
  'approved',
  'flagged',
  'archived',
  'limit_exceeded',
  'paused',
  'locked',
  'rejected',
  'disabled',
  'pending_deletion',
  'deleted',
] as const
export type PlatformStatus = (typeof PLATFORM_STATUSES)[number]

/** The same for categories: the dearer one counts. */
export const CATEGORY_ORDER: readonly Category[] = ['utility', 'authentication', 'marketing']

export const PARAMETER_FORMATS = ['named', 'positional'] as const
export type ParameterFormat = (typeof PARAMETER_FORMATS)[number]

/** One piece of news about a template of a business account; `at` is ISO 8601 by the platform's clock, if it said. */
export type TemplateNews = {
  readonly accountId: string
  readonly at?: string
  readonly platformId?: string
  readonly name?: string
  readonly language?: string
} & (
  | { readonly kind: 'status'; readonly status: PlatformStatus; readonly reason?: string }
  | { readonly kind: 'category'; readonly category: Category }
  | { readonly kind: 'coming_category'; readonly category: Category; readonly from?: string }
  | { readonly kind: 'quality'; readonly quality: string }
  | { readonly kind: 'components'; readonly components: unknown }
)

/** A template as an account's listing, or the answer to its creation, shows it. */
export type ListedTemplate = {
  readonly platformId: string
  readonly name: string
  readonly language: string
  readonly status: PlatformStatus
  readonly category: Category
  readonly parameterFormat?: ParameterFormat
  readonly components?: unknown
  readonly quality?: string
  readonly reason?: string
}

const STATUS_BY_WORD: Readonly<Record<string, PlatformStatus>> = Object.assign(Object.create(null), {
  APPROVED: 'approved',
  REINSTATED: 'approved',
  UNARCHIVED: 'approved',
  UNPAUSED: 'approved',
  FLAGGED: 'flagged',
  PENDING: 'pending',
  IN_APPEAL: 'in_appeal',
  APPEAL_REQUESTED: 'in_appeal',
  ARCHIVED: 'archived',
  LIMIT_EXCEEDED: 'limit_exceeded',
  PAUSED: 'paused',
  LOCKED: 'locked',
  REJECTED: 'rejected',
  DISABLED: 'disabled',
  PENDING_DELETION: 'pending_deletion',
  DELETED: 'deleted',
})

/** The status behind the platform's word for an event or a status; undefined for a word never heard of. */
export function statusOfWord(word: unknown): PlatformStatus | undefined {
  return typeof word === 'string' ? STATUS_BY_WORD[word.toUpperCase()] : undefined
}

/** The category behind the platform's word; undefined for one that we cannot price. */
export function categoryOfWord(word: unknown): Category | undefined {
  return typeof word === 'string' ? CATEGORY_ORDER.find((known) => known === word.toLowerCase()) : undefined
}

/** The states in which messages of a template may go out. */
export const SENDABLE_STATUSES: readonly PlatformStatus[] = ['approved', 'flagged']

export function isSendable(status: PlatformStatus): boolean {
  return SENDABLE_STATUSES.includes(status)
}

const SENTENCES: Readonly<Record<PlatformStatus, string>> = {
  submitting: 'is being submitted to WhatsApp and is not approved yet',
  not_taken: 'was not taken by WhatsApp: mend it, save it as a new template and submit that one',
  pending: 'waits for WhatsApp’s review and is not approved yet',
  in_appeal: 'was rejected by WhatsApp and an appeal is open',
  approved: 'is approved by WhatsApp',
  flagged: 'is approved by WhatsApp, which warns that its readers complain and it may be paused',
  archived: 'is archived on WhatsApp, because it was not used for a year: unarchive it there',
  limit_exceeded: 'is held back by WhatsApp, because the account has too many templates: delete some there',
  paused:
    'is paused by WhatsApp, because its readers complained: wait until it is unpaused, or unpause it there',
  locked: 'is locked by WhatsApp',
  rejected: 'was rejected by WhatsApp: mend it, save it as a new template and submit that one',
  disabled: 'is disabled by WhatsApp for good: use another template',
  pending_deletion: 'is being deleted from WhatsApp',
  deleted: 'was deleted from WhatsApp: save it as a new template and submit that one',
}

/** A status as a sentence for people, with the platform's own reason where it gave one. */
export function statusSentence(status: PlatformStatus, reason: string | null): string {
  return `The template ${SENTENCES[status]}${reason === null ? '' : ` (${reason.replace(/\.$/, '')})`}.`
}

/** `message_send_ttl_seconds` by category (Meta: 30 s to 12 h; authentication to 15 min; marketing from 12 h to 30 days). */
export const TTL_SECONDS: Readonly<Record<Category, { readonly min: number; readonly max: number }>> = {
  utility: { min: 30, max: 12 * 60 * 60 },
  authentication: { min: 30, max: 15 * 60 },
  marketing: { min: 12 * 60 * 60, max: 30 * 24 * 60 * 60 },
}

/** What is set where nobody says otherwise: a reminder that cannot be delivered within half a day is not delivered late. */
export const DEFAULT_TTL_SECONDS: Readonly<Record<Category, number | null>> = {
  utility: 12 * 60 * 60,
  authentication: null,
  marketing: null,
}
