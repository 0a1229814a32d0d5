import { z } from 'zod'
import {
  APPROVAL_REASONS,
  type ApprovalPolicy,
  approvalsOf,
  findPolicy,
  listPolicies,
  MOST_APPROVERS,
  MOST_HOURS_TO_DECIDE,
  POLICY_CATEGORIES,
  type PolicyVersion,
  setPolicy,
  viewApproval,
} from '../campaigns/index.ts'
import { moneyJson } from '../platform/money.ts'
import { findWorkspace } from '../workspaces/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema, moneySchema } from './schemas.ts'

const SHARE_UNITS = 10_000
const shareSchema = z
  .number()
  .min(0)
  .max(1)
  .refine((share) => Math.abs(share * SHARE_UNITS - Math.round(share * SHARE_UNITS)) < 1e-9, {
    message: 'must have at most four decimals.',
  })
const MOST_RECIPIENTS = 2_147_483_647

const policyWords = {
  max_amount: moneySchema.nullable(),
  max_share_of_available: shareSchema.nullable(),
  max_recipients: z.int().min(0).max(MOST_RECIPIENTS).nullable(),
  categories: z.array(z.enum(POLICY_CATEGORIES)).max(POLICY_CATEGORIES.length).meta({
    description: 'Every campaign that is charged as one of these needs approval.',
  }),
  first_of_maker: z.boolean().meta({
    description:
      'Whether the campaigns of a member or key need approval until one of them has been approved or sent.',
  }),
  quorum: z.int().min(1).max(MOST_APPROVERS).meta({
    description: 'How many different people must approve, none of whom had a hand in the campaign.',
  }),
  expires_after_hours: z.int().min(1).max(MOST_HOURS_TO_DECIDE).nullable().meta({
    description:
      'After how many hours an undecided request lapses: the money goes back, and the campaign stands again as a draft. Null: only with the campaign’s own time to be sent.',
  }),
}

const policySchema = z.strictObject(policyWords).meta({
  id: 'ApprovalPolicy',
  description:
    'Above any of these limits a campaign needs a second person; null sets no limit. What waits already is decided by the version under which it was submitted.',
})

const versionSchema = z
  .strictObject({
    version: z.int().min(1),
    ...policyWords,
    created_by: z.string().meta({ description: 'The member or key that set it.' }),
    created_at: instantSchema,
  })
  .meta({ id: 'ApprovalPolicyVersion' })

export const getPolicy = defineRoute({
  method: 'get',
  path: '/v1/approval-policy',
  tag: 'Approval',
  summary: 'When a campaign needs approval',
  permission: 'policy.read',
  responses: { 200: policySchema },
  refusals: [],
  handler: async ({ scope }) => {
    const { currency } = await findWorkspace(scope)
    return answer(200, showPolicy(await findPolicy(scope), currency))
  },
})

export const putPolicy = defineRoute({
  method: 'put',
  path: '/v1/approval-policy',
  tag: 'Approval',
  summary:
    'Sets when a campaign needs approval, as a new version: what is left out limits nothing, and one approver suffices',
  permission: 'policy.write',
  body: policySchema.partial().meta({ id: 'ApprovalPolicyInput' }),
  responses: { 200: policySchema },
  refusals: ['currency_mismatch'],
  handler: async ({ scope, body }) => {
    const set = await setPolicy(scope, {
      maxAmount: body.max_amount,
      maxShareOfAvailable: body.max_share_of_available,
      maxRecipients: body.max_recipients,
      categories: body.categories,
      firstOfMaker: body.first_of_maker,
      quorum: body.quorum,
      expiresAfterHours: body.expires_after_hours,
    })
    if (!set.ok) return set
    const { currency } = await findWorkspace(scope)
    return answer(200, showPolicy(set.value, currency))
  },
})

export const getPolicyVersions = defineRoute({
  method: 'get',
  path: '/v1/approval-policy/versions',
  tag: 'Approval',
  summary: 'Every version of the policy, newest first: who set what, and when',
  permission: 'policy.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(versionSchema) },
  refusals: [],
  handler: async ({ scope, query }) => {
    const { currency } = await findWorkspace(scope)
    const page = await listPolicies(scope, readPage(query, z.int().min(1)))
    return answer(
      200,
      pageBody(page, (one) => showVersion(one, currency)),
    )
  },
})

export const getApproval = defineRoute({
  method: 'get',
  path: '/v1/campaigns/{id}/approval',
  tag: 'Approval',
  summary: 'What is asked about a campaign as it is frozen now, by which rules, and who has answered',
  permission: 'campaigns.read',
  responses: {
    200: z
      .strictObject({
        digest: z.string().meta({ description: 'Of all that is approved; give it with the decision.' }),
        policy_version: z.int().min(0),
        needed_for: z.array(z.enum(APPROVAL_REASONS)),
        quorum: z.int().min(1),
        approvals: z.int().min(0).meta({ description: 'How many have approved so far.' }),
        requested_at: instantSchema,
        expires_at: instantSchema.nullable().meta({ description: 'When it lapses undecided.' }),
        decisions: z.array(
          z.strictObject({
            approver: idSchema,
            decision: z.enum(['approve', 'reject']),
            reason: z.string().nullable(),
            at: instantSchema,
          }),
        ),
      })
      .meta({ id: 'ApprovalRequest' }),
  },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await viewApproval(scope, params.id)
    if (!found.ok) return found
    const { digest, policyVersion, reasons, quorum, requestedAt, expiresAt, decisions } = found.value.request
    return answer(200, {
      digest: digest.toString('hex'),
      policy_version: policyVersion,
      needed_for: [...reasons],
      quorum,
      approvals: approvalsOf(found.value.request),
      requested_at: requestedAt,
      expires_at: expiresAt?.toISOString() ?? null,
      decisions: [...decisions],
    })
  },
})

function showPolicy(policy: ApprovalPolicy, currency: string): z.output<typeof policySchema> {
  const { maxAmountMinor, maxShareOfAvailable, maxRecipients } = policy
  return {
    max_amount: maxAmountMinor === null ? null : moneyJson(maxAmountMinor, currency),
    max_share_of_available: maxShareOfAvailable === null ? null : Number(maxShareOfAvailable) / SHARE_UNITS,
    max_recipients: maxRecipients,
    categories: [...policy.categories],
    first_of_maker: policy.firstOfMaker,
    quorum: policy.quorum,
    expires_after_hours: policy.expiresAfterHours,
  }
}

function showVersion(one: PolicyVersion, currency: string): z.output<typeof versionSchema> {
  return {
    version: one.version,
    ...showPolicy(one, currency),
    created_by: one.createdBy,
    created_at: one.createdAt,
  }
}
