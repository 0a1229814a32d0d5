import type { ApprovalPolicy } from '../campaigns/index.ts'
import { grouped, percentOf } from './show.ts'
import { say, sayOr } from './view.ts'

/** How a policy writes the share that is all of it. */
const WHOLE_SHARE = 10_000n

export type PolicyFacts = { readonly asks: readonly string[]; readonly how: string }

/** A policy as phrases, for the page to say: what it asks about, and how that is decided. A limit of zero is one too. */
export function policyFacts(policy: ApprovalPolicy, currency: string): PolicyFacts {
  const { maxAmountMinor, maxShareOfAvailable, maxRecipients, quorum, expiresAfterHours } = policy
  const asks = [
    ...(maxAmountMinor === null
      ? []
      : [say('policy.amount_of', { currency, amount: grouped(maxAmountMinor) })]),
    ...(maxShareOfAvailable === null
      ? []
      : [say('policy.share_of', { share: percentOf(maxShareOfAvailable, WHOLE_SHARE) })]),
    ...(maxRecipients === null ? [] : [say('policy.recipients_of', { n: maxRecipients })]),
    ...policy.categories.map((one) => say('policy.category_of', { category: sayOr(`category.${one}`, one) })),
    ...(policy.firstOfMaker ? [say('policy.first_of')] : []),
  ]
  const how =
    expiresAfterHours === null
      ? say('policy.how', { n: quorum })
      : say('policy.how_within', { n: quorum, hours: expiresAfterHours })
  return { asks, how }
}
