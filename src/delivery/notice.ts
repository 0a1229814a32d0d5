import type { OtherUpdate } from './provider.ts'

/** What a notice of the platform means for sending; most mean nothing and are only shown. */
export type NoticeMeaning = {
  /** Whether the whole account may send, as of this notice. */
  readonly verdict?: 'stop' | 'go'
  /** What happened and what to do. */
  readonly reason?: string
  /** How many people its business may reach in a rolling day: `limit` null is unlimited. */
  readonly allowance?: Tier
}

export type Tier = { readonly tier: string; readonly limit: number | null }

/** Decides by the field and by the members alone: the platform's own examples bear wrong field names. */
export function meaningOf({ field, value }: Pick<OtherUpdate, 'field' | 'value'>): NoticeMeaning {
  if (!isObject(value)) return {}
  if (field === 'account_update') return accountUpdate(value)
  if (field === 'account_review_update') return accountReview(value)
  if (field === 'phone_number_quality_update' || field === 'business_capability_update') return limits(value)
  return {}
}

type Members = Readonly<Record<string, unknown>>

function accountUpdate(value: Members): NoticeMeaning {
  const stop = (reason: string): NoticeMeaning => ({ verdict: 'stop', reason })
  switch (value.event) {
    case 'DISABLED_UPDATE':
      return banned(isObject(value.ban_info) ? value.ban_info.waba_ban_state : undefined)
    case 'ACCOUNT_RESTRICTION':
      return restricted(value.restriction_info)
    case 'ACCOUNT_DELETED':
      return stop('The WhatsApp Business account was deleted. Connect another one.')
    case 'ACCOUNT_OFFBOARDED':
      return stop('The number was taken off the Cloud API. Register it again, then resume the sender.')
    case 'PARTNER_REMOVED':
    case 'PARTNER_APP_UNINSTALLED':
      return stop(
        'The app was removed from the WhatsApp Business account. Install it again, then resume the sender.',
      )
    case 'ACCOUNT_RECONNECTED':
      return { verdict: 'go', reason: 'The account was connected again.' }
    default:
      return {}
  }
}

function banned(state: unknown): NoticeMeaning {
  if (state === 'DISABLE')
    return {
      verdict: 'stop',
      reason:
        'WhatsApp has disabled the account. Appeal in WhatsApp Manager; sending goes on when it is reinstated.',
    }
  if (state === 'REINSTATE') return { verdict: 'go', reason: 'WhatsApp has reinstated the account.' }
  return {}
}

/** Restrictions that hold back templates; others, such as on adding numbers, do not concern sending. */
const HOLDING_BACK: ReadonlySet<unknown> = new Set([
  'RESTRICTED_BIZ_INITIATED_MESSAGING',
  'RESTRICTED_ALL_MESSAGING',
])

function restricted(info: unknown): NoticeMeaning {
  const holding = (Array.isArray(info) ? info : [])
    .filter(isObject)
    .filter((one) => HOLDING_BACK.has(one.restriction_type))
  if (holding.length === 0) return {}
  const until = Math.max(...holding.map((one) => (typeof one.expiration === 'number' ? one.expiration : 0)))
  const end = until > 0 && until < LATEST_SECONDS ? ` until ${new Date(until * 1_000).toISOString()}` : ''
  return {
    verdict: 'stop',
    reason: `WhatsApp restricts messages that the business begins${end}. See why in WhatsApp Manager; resume the sender when it is over.`,
  }
}

const LATEST_SECONDS = 253_402_300_799

function accountReview(value: Members): NoticeMeaning {
  if (value.decision === 'REJECTED')
    return {
      verdict: 'stop',
      reason: 'WhatsApp’s review rejected the account. Ask for another review in WhatsApp Manager.',
    }
  if (value.decision === 'APPROVED')
    return { verdict: 'go', reason: 'WhatsApp’s review approved the account.' }
  return {}
}

function limits(value: Members): NoticeMeaning {
  const tier = readTier(value.max_daily_conversations_per_business ?? value.current_limit)
  return tier ? { allowance: tier } : {}
}

const TIER = /^TIER_(?:(\d{1,6})(K?)|UNLIMITED)$/

/** `TIER_250`, `TIER_2K`, `TIER_UNLIMITED`, a plain number, or -1 for unlimited; undefined for what is none of them. */
export function readTier(value: unknown): Tier | undefined {
  if (value === -1) return { tier: 'TIER_UNLIMITED', limit: null }
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= LARGEST_LIMIT)
    return { tier: tierName(value), limit: value }
  const match = typeof value === 'string' ? TIER.exec(value.toUpperCase()) : null
  if (!match) return undefined
  const limit = match[1] === undefined ? null : Number(match[1]) * (match[2] ? 1_000 : 1)
  return { tier: match[0], limit }
}

const LARGEST_LIMIT = 100_000_000

function tierName(limit: number): string {
  return limit >= 1_000 && limit % 1_000 === 0 ? `TIER_${limit / 1_000}K` : `TIER_${limit}`
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
