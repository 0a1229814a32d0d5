/** Who: workspaces, roles, keys, the answers already given, and the trail of what everybody did. */
export { recordEvent } from './audit-trail.ts'
export { authenticate, type Identity } from './authenticate.ts'
export {
  type AuditEvent,
  findWorkspace,
  type KeyEntry,
  listEvents,
  listKeys,
  type Workspace,
} from './find.ts'
export { type IssuedKey, issueKey, revokeKey } from './issue-key.ts'
export { type NewWorkspace, openWorkspace } from './open-workspace.ts'
export { type Claim, claimKey, rememberAnswer } from './remember-answer.ts'
export { type Action, allow, mayIssue, PERMISSIONS } from './role.ts'
