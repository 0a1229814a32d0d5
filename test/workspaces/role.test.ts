import { describe, expect, test } from 'vitest'
import { ROLES, type Role } from '../../src/platform/scope.ts'
import { type Action, allow, mayIssue, PERMISSIONS } from '../../src/workspaces/index.ts'

const as = (role: Role) => ({ name: 'key:1', role })
const may = (role: Role) =>
  (Object.keys(PERMISSIONS) as Action[]).filter((action) => !allow(as(role), action))

describe('a role', () => {
  test('of owner or admin may do everything that a role can allow', () => {
    expect(may('owner')).toEqual(Object.keys(PERMISSIONS))
    expect(may('admin')).toEqual(Object.keys(PERMISSIONS))
  })

  test('of viewer only sees, and not who did what', () => {
    expect(may('viewer').every((action) => action.endsWith('.read'))).toBe(true)
    expect(may('viewer')).not.toContain('audit.read')
    expect(may('viewer')).not.toContain('keys.read')
  })

  test('of marketer makes, submits and stops, and neither approves nor touches money or senders', () => {
    const actions = may('marketer')
    for (const action of [
      'contacts.import',
      'templates.write',
      'campaigns.write',
      'campaigns.submit',
      'campaigns.stop',
    ])
      expect(actions).toContain(action)
    for (const action of [
      'campaigns.approve',
      'wallet.top_up',
      'senders.write',
      'policy.write',
      'keys.write',
    ])
      expect(actions).not.toContain(action)
  })

  test('of approver approves and stops, and makes nothing', () => {
    const acts = may('approver').filter((action) => !action.endsWith('.read'))
    expect(acts).toEqual(['campaigns.approve', 'campaigns.stop', 'sequences.stop', 'sequences.approve'])
  })

  test('that is refused hears who may', () => {
    expect(allow(as('marketer'), 'campaigns.approve')).toEqual({
      ok: false,
      reason: 'forbidden',
      message: 'The role marketer may not approve or reject campaigns; owner, admin and approver may.',
    })
  })

  test('hands out itself and what stands below it', () => {
    expect(ROLES.filter((role) => mayIssue('admin', role))).toEqual([
      'admin',
      'approver',
      'marketer',
      'viewer',
    ])
    expect(ROLES.filter((role) => mayIssue('viewer', role))).toEqual(['viewer'])
  })
})
