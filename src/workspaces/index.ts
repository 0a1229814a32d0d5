/** Who: workspaces, roles, keys, members, the answers already given, and the trail of what everybody did. */
export { acceptInvitation, findInvitation, type OpenInvitation } from './accept.ts'
export {
  beginReset,
  changePassword,
  isResetOpen,
  openReset,
  proposeSecondFactor,
  resetPassword,
  startSecondFactor,
  stopSecondFactor,
} from './account.ts'
export { beginAttempt, endAttempt } from './attempt.ts'
export { recordEvent } from './audit-trail.ts'
export { actorOfKey, authenticate, type Identity } from './authenticate.ts'
export { changeWorkspace } from './change-workspace.ts'
export {
  type AuditEvent,
  findWorkspace,
  type KeyEntry,
  listEvents,
  listKeys,
  type Workspace,
} from './find.ts'
export { type Invitation, inviteMember, listInvitations, withdrawInvitation } from './invite.ts'
export { type IssuedKey, issueKey, revokeKey } from './issue-key.ts'
export { isLanguage, LANGUAGES, type Language } from './language.ts'
export { invitationLetter, resetLetter } from './letter.ts'
export { changeRole, listMembers, type Member, removeMember } from './member.ts'
export { hasWorkspace, openFirstWorkspace } from './open-first.ts'
export { type NewWorkspace, openWorkspace } from './open-workspace.ts'
export { PASSWORD_MIN_CHARS } from './password.ts'
export { listMemberships, type Membership, type PeopleHouse, readAccount } from './person.ts'
export { type Claim, claimKey, rememberAnswer } from './remember-answer.ts'
export { type Action, allow, mayIssue, PERMISSIONS, roleMay } from './role.ts'
export { confirmPerson, type SignedIn, signInByCode, signInByPassword } from './sign-in.ts'
export { hashOf, isToken, newToken } from './token.ts'
