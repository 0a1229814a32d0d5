import { type Refusal, refuse } from '../platform/result.ts'
import { type Actor, ROLES, type Role } from '../platform/scope.ts'

type Permission = {
  readonly roles: readonly Role[]
  readonly doing: string
  /** Members at the console prove once more who they are, if they have not lately. */
  readonly confirm?: true
}

const EVERYBODY = ROLES
const MANAGERS = ['owner', 'admin'] as const
const MAKERS = ['owner', 'admin', 'marketer'] as const
const APPROVERS = ['owner', 'admin', 'approver'] as const
const ANYONE_WHO_ACTS = ['owner', 'admin', 'approver', 'marketer'] as const

/**
 * Who may do what. A role is a ceiling: that nobody approves what they made or edited holds for every role, the
 * owner's included, and is decided where campaigns are approved.
 */
export const PERMISSIONS = {
  'workspace.read': { roles: EVERYBODY, doing: 'see the workspace' },
  'workspace.write': { roles: MANAGERS, doing: 'change the workspace' },
  'keys.read': { roles: MANAGERS, doing: 'see API keys' },
  'keys.write': { roles: MANAGERS, doing: 'make or revoke API keys', confirm: true },
  'members.read': { roles: MANAGERS, doing: 'see members' },
  'members.write': { roles: MANAGERS, doing: 'invite, change or remove members', confirm: true },
  'audit.read': { roles: APPROVERS, doing: 'read the audit trail' },
  'contacts.read': { roles: EVERYBODY, doing: 'see contacts' },
  'contacts.write': { roles: MAKERS, doing: 'change or erase contacts' },
  'contacts.import': { roles: MAKERS, doing: 'upload sheets' },
  'suppressions.read': { roles: EVERYBODY, doing: 'see blocked numbers' },
  'suppressions.write': { roles: MAKERS, doing: 'block or unblock numbers' },
  'templates.read': { roles: EVERYBODY, doing: 'see templates' },
  'templates.write': { roles: MAKERS, doing: 'write templates' },
  'rates.read': { roles: EVERYBODY, doing: 'see prices' },
  'rates.write': { roles: MANAGERS, doing: 'import prices', confirm: true },
  'senders.read': { roles: EVERYBODY, doing: 'see senders' },
  'senders.write': { roles: MANAGERS, doing: 'set up senders', confirm: true },
  'campaigns.read': { roles: EVERYBODY, doing: 'see campaigns' },
  'campaigns.write': { roles: MAKERS, doing: 'draft and quote campaigns' },
  'campaigns.submit': { roles: MAKERS, doing: 'submit campaigns' },
  'campaigns.approve': { roles: APPROVERS, doing: 'approve or reject campaigns', confirm: true },
  'campaigns.stop': { roles: ANYONE_WHO_ACTS, doing: 'pause, resume or cancel campaigns' },
  'wallet.read': { roles: EVERYBODY, doing: 'see the wallet' },
  'wallet.top_up': { roles: MANAGERS, doing: 'top up the wallet', confirm: true },
  'decency.read': { roles: EVERYBODY, doing: 'see when people may be written to' },
  'decency.write': { roles: MANAGERS, doing: 'change when people may be written to' },
  'invoices.read': { roles: EVERYBODY, doing: 'see invoices' },
  'invoices.write': { roles: MAKERS, doing: 'enter invoices and payments' },
  'sequences.read': { roles: EVERYBODY, doing: 'see reminder sequences' },
  'sequences.write': { roles: MAKERS, doing: 'write reminder sequences' },
  'sequences.stop': { roles: ANYONE_WHO_ACTS, doing: 'pause reminder sequences' },
  'sequences.approve': { roles: APPROVERS, doing: 'give or take back standing approvals', confirm: true },
  'gateways.read': { roles: EVERYBODY, doing: 'see payment gateways' },
  'gateways.write': { roles: MANAGERS, doing: 'connect payment gateways', confirm: true },
  'notices.read': { roles: EVERYBODY, doing: 'see who is told of events' },
  'notices.write': { roles: MANAGERS, doing: 'change who is told of events', confirm: true },
  'policy.read': { roles: EVERYBODY, doing: 'see the approval policy' },
  'policy.write': { roles: MANAGERS, doing: 'change the approval policy', confirm: true },
} as const satisfies Record<string, Permission>

export type Action = keyof typeof PERMISSIONS

/**
 * The one place where keys and members pass. Refuses what the actor's role may not do, in words that name who may, and
 * with the fact `confirm` what a member may do once they have proved again who they are; undefined where it may be done.
 */
export function allow(actor: Actor, action: Action): Refusal<'forbidden'> | undefined {
  const { roles, doing, confirm }: Permission = PERMISSIONS[action]
  if (!roles.includes(actor.role))
    return refuse('forbidden', `The role ${actor.role} may not ${doing}; ${sentence(roles)} may.`)
  if (confirm && actor.mustConfirm) return refuse('forbidden', CONFIRM_FIRST, { confirm: true })
  return undefined
}

const CONFIRM_FIRST = 'Confirm first that it is you: this was last done more than ten minutes ago.'

/** Whether a role may do it at all: decides what is shown, while `allow` decides what is done. */
export function roleMay(role: Role, action: Action): boolean {
  const { roles }: Permission = PERMISSIONS[action]
  return roles.includes(role)
}

/** Whether `role` may hand out `other`: its own and those below it. */
export function mayIssue(role: Role, other: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(other)
}

function sentence(roles: readonly Role[]): string {
  return roles.length < 2 ? roles.join() : `${roles.slice(0, -1).join(', ')} and ${roles.at(-1)}`
}
