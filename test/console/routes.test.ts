import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROUTES } from '../../src/console/routes.ts'
import { ROLES, type Role } from '../../src/platform/scope.ts'
import { publishRates } from '../../src/pricing/index.ts'
import { type Action, roleMay } from '../../src/workspaces/index.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'
import { address, invite, join } from './people.ts'

/** What each form of the console needs; the account is everybody's own. A form that is missing here fails the test. */
const ACTS: Readonly<Record<string, Action | 'own'>> = {
  '/campaigns/new': 'campaigns.write',
  '/campaigns/recurring/new': 'sequences.write',
  '/campaigns/recurring/:id/edit': 'sequences.write',
  '/campaigns/recurring/:id/state': 'sequences.stop',
  '/campaigns/recurring/:id/approval': 'sequences.approve',
  '/campaigns/recurring/:id/approval/removal': 'sequences.stop',
  '/campaigns/:id/edit': 'campaigns.write',
  '/campaigns/:id/schedule': 'campaigns.write',
  '/campaigns/:id/quote': 'campaigns.write',
  '/campaigns/:id/submission': 'campaigns.submit',
  '/campaigns/:id/pause': 'campaigns.stop',
  '/campaigns/:id/resume': 'campaigns.stop',
  '/campaigns/:id/cancel': 'campaigns.stop',
  '/reminders/imports': 'contacts.import',
  '/reminders/invoices/new': 'invoices.write',
  '/reminders/invoices/:id/payments': 'invoices.write',
  '/reminders/invoices/:id/promise': 'invoices.write',
  '/reminders/invoices/:id/dispute': 'invoices.write',
  '/reminders/invoices/:id/cancellation': 'invoices.write',
  '/reminders/invoices/:id/reopening': 'invoices.write',
  '/reminders/ladders/new': 'sequences.write',
  '/reminders/ladders/:id/state': 'sequences.stop',
  '/reminders/ladders/:id/approval': 'sequences.approve',
  '/reminders/ladders/:id/approval/removal': 'sequences.stop',
  '/reminders/ladders/:id/edit': 'sequences.write',
  '/reminders/ladders/:id/step': 'sequences.write',
  '/approvals/:id': 'campaigns.approve',
  '/contacts/imports': 'contacts.import',
  '/contacts/imports/:id/mapping': 'contacts.import',
  '/contacts/suppressions': 'suppressions.write',
  '/contacts/suppressions/:id/removal': 'suppressions.write',
  '/templates/starters': 'templates.write',
  '/templates/new': 'templates.write',
  '/settings/quiet-hours': 'decency.write',
  '/settings/quiet-hours/rules': 'decency.write',
  '/settings/quiet-hours/rules/removal': 'decency.write',
  '/settings/quiet-hours/calendars': 'decency.write',
  '/settings/quiet-hours/calendars/removal': 'decency.write',
  '/templates/files': 'templates.write',
  '/templates/:id/submission': 'templates.write',
  '/templates/:id/withdrawal': 'templates.write',
  '/wallet/top-ups': 'wallet.top_up',
  '/settings/senders/new': 'senders.write',
  '/settings/senders/:id/edit': 'senders.write',
  '/settings/senders/:id/check': 'senders.write',
  '/settings/senders/:id/pause': 'senders.write',
  '/settings/senders/:id/resume': 'senders.write',
  '/settings/senders/:id/secrets': 'senders.write',
  '/settings/senders/:id/previous-secrets': 'senders.write',
  '/settings/rate-cards/imports': 'rates.write',
  '/settings/workspace': 'workspace.write',
  '/settings/keys': 'keys.write',
  '/settings/keys/:id/revocation': 'keys.write',
  '/settings/policy': 'policy.write',
  '/settings/members/invitations': 'members.write',
  '/settings/members/invitations/:id/withdrawal': 'members.write',
  '/settings/members/:id/role': 'members.write',
  '/settings/members/:id/removal': 'members.write',
  '/account/password': 'own',
  '/account/second-factor': 'own',
  '/account/second-factor/off': 'own',
  '/account/sessions/:id/end': 'own',
  '/account/workspace': 'own',
  // It only leads to a page, which asks for itself.
  '/search': 'own',
}

/** Sound words for every form, so that it is the role that it fails at. */
const FIELDS: Record<string, string> = {
  amount: '1.00',
  reference: 'not theirs to give',
  sender_name: 'Not theirs',
  kind: 'simulator',
  key_name: 'Not theirs',
  role: 'viewer',
  max_recipients: '1',
  email: 'not.theirs@example.com',
  decision: 'reject',
  number: 'not theirs',
  phone: '+6281234567899',
  due_date: '2026-12-01',
  until: '2026-12-24',
  state: 'paused',
  run: '1.00',
  day: '1.00',
  month: '1.00',
  name: 'Not theirs',
  country: 'ID',
  offset: '3',
  starter: 'friendly',
  language: 'en',
}
const SECRET_NAME = 'Only Warung Sari knows this'

let house: Console
let sari: Stage
let campaignId: string
const ids: Record<string, string> = {}
const members = {} as Record<Role, Visitor>
let stranger: Visitor

beforeAll(async () => {
  house = await openConsole()
  sari = await setStage(house)
  const key = sari.keys.owner
  campaignId = (await draft(house, sari, { name: SECRET_NAME })).id
  const sheet = new FormData()
  sheet.append('file', new Blob(['No HP\n081234567890\n']), 'people.csv')
  ids.imports = (await house.ask('POST', '/v1/imports', { key, body: sheet })).body.id
  ids.templates = sari.templateId
  const file = new FormData()
  file.append('file', new Blob(['%PDF-1.7']), 'brochure.pdf')
  ids.files = (await house.ask('POST', '/v1/media', { key, body: file })).body.id
  const sender = { provider: 'simulator', name: SECRET_NAME }
  ids.senders = (await house.ask('POST', '/v1/senders', { key, body: sender })).body.id
  ids.campaigns = campaignId
  const invoice = {
    number: SECRET_NAME,
    contact: { phone: '+6281234567890' },
    amount: { amount: '150000', currency: 'IDR' },
    due_date: '2026-12-01',
  }
  ids.invoices = (await house.ask('POST', '/v1/invoices', { key, body: invoice })).body.id
  const ladder = { name: SECRET_NAME, sender_id: sari.senderId, language: 'en' }
  ids.ladders = (await house.ask('POST', '/v1/sequences/starter', { key, body: ladder })).body.id
  const recurring = {
    name: SECRET_NAME,
    template_id: sari.templateId,
    sender_id: sari.senderId,
    list_id: sari.listId,
    rule: { rrule: 'FREQ=WEEKLY;BYDAY=MO' },
    starts_at: '2026-12-01T09:00:00',
    time_zone: 'Asia/Jakarta',
  }
  ids.recurring = (await house.ask('POST', '/v1/recurring-campaigns', { key, body: recurring })).body.id
  ids.approvals = campaignId
  await ownRates()
  ids['rate-cards'] = 'own-whatsapp-IDR-2026-12-24'
  ids.keys = (await house.ask('GET', '/v1/keys', { key })).body.data[0].id
  const phone = { phone: '+6281234567890' }
  ids.suppressions = (await house.ask('POST', '/v1/suppressions', { key, body: phone })).body.id
  ids.members = await house.join(sari.workspaceId, 'viewer')
  await invite(house, sari.workspaceId, address('waiting'), 'viewer')
  ids.invitations = (await house.ask('GET', '/v1/invitations', { key })).body.data[0].id
  ids.sessions = await sessionOf(ids.members)
  for (const role of ROLES) members[role] = await join(house, sari.workspaceId, address(role), role)
  const { workspaceId } = await house.openFirm()
  stranger = await join(house, workspaceId, address('stranger'), 'owner')
}, 60_000)
afterAll(() => house.close())

/** A card of the first workspace alone. */
async function ownRates(): Promise<void> {
  const table = `model,currency,market,category,effective_from,price_per_unit
per_message,IDR,Indonesia,utility,2026-12-24,350`
  const cause = {
    workspaceId: sari.workspaceId,
    actor: { name: 'operator', role: 'owner' },
    requestId: 'test',
  } as const
  await house.scratch.database.within(cause, (scope) =>
    publishRates(scope, { table, fileName: `${SECRET_NAME}.csv` }),
  )
}

/** A session of a colleague, which nobody else may end. */
async function sessionOf(memberId: string): Promise<string> {
  const [row] = await house.scratch.owner.sql<{ id: string }[]>`
    INSERT INTO console_sessions (token_hash, workspace_id, member_id, created_at, expires_at, last_seen_at, confirmed_at)
    VALUES (sha256(${memberId}::text::bytea), ${sari.workspaceId}, ${memberId}, now(), now(), now(), now()) RETURNING id`
  return row!.id
}

/** A path with the first workspace's own ids in it. */
function addressed(path: string): string {
  const kind = path.includes('/account/sessions')
    ? 'sessions'
    : path.split('/').findLast((_part, at, all) => all[at + 1] === ':id')
  const id = ids[kind ?? '']
  expect(path.includes(':id') && id === undefined, `this test needs an id for ${path}`).toBe(false)
  return path.replace(':id', id ?? '')
}

/** All that a form could change, as one text. */
async function books(): Promise<string> {
  const rows = await house.scratch.owner.sql`
    SELECT (SELECT count(*) FROM audit_events WHERE workspace_id = ${sari.workspaceId} AND action NOT LIKE 'session.%') AS acts,
           (SELECT count(*) FROM transfers WHERE workspace_id = ${sari.workspaceId}) AS transfers,
           (SELECT string_agg(state || version, ',') FROM campaigns WHERE workspace_id = ${sari.workspaceId}) AS campaigns,
           (SELECT string_agg(number || state || paid, ',' ORDER BY id) FROM invoices WHERE workspace_id = ${sari.workspaceId}) AS invoices,
           (SELECT string_agg(name || state || version, ',' ORDER BY id) FROM sequences WHERE workspace_id = ${sari.workspaceId}) AS ladders,
           (SELECT string_agg(name || state || version, ',' ORDER BY id) FROM recurrences WHERE workspace_id = ${sari.workspaceId}) AS recurrences,
           (SELECT count(*) FROM standing_approvals WHERE workspace_id = ${sari.workspaceId} AND revoked_at IS NULL) AS standing,
           (SELECT count(*) FROM api_keys WHERE workspace_id = ${sari.workspaceId} AND revoked_at IS NULL) AS keys,
           (SELECT string_agg(role, ',' ORDER BY id) FROM members WHERE workspace_id = ${sari.workspaceId} AND removed_at IS NULL) AS members,
           (SELECT count(*) FROM invitations WHERE workspace_id = ${sari.workspaceId} AND withdrawn_at IS NULL) AS invitations,
           (SELECT string_agg(name || state || config, ',' ORDER BY id) FROM senders WHERE workspace_id = ${sari.workspaceId}) AS senders,
           (SELECT name || time_zone || coalesce(language, '') FROM workspaces WHERE workspace_id = ${sari.workspaceId}) AS workspace,
           (SELECT count(*) FROM rate_rows WHERE workspace_id = ${sari.workspaceId}) AS rates,
           (SELECT count(*) FROM imports WHERE workspace_id = ${sari.workspaceId}) AS imports,
           (SELECT count(*) FROM console_sessions WHERE id = ${ids.sessions!} AND revoked_at IS NULL) AS session`
  return JSON.stringify(rows, (_key, value) => (typeof value === 'bigint' ? String(value) : value))
}

const acts = ROUTES.filter(({ kind }) => kind === 'act' || kind === 'errand').map(({ path }) => path)
const reads = ROUTES.filter(({ kind }) => kind !== 'act' && kind !== 'errand').map(({ path }) => path)
/** Pages that not every role may read. */
const READS: Readonly<Record<string, Action>> = {
  '/campaigns/recurring/new': 'sequences.write',
  '/campaigns/recurring/:id/edit': 'sequences.write',
  '/campaigns/new': 'campaigns.write',
  '/campaigns/:id/edit': 'campaigns.write',
  '/campaigns/:id/schedule': 'campaigns.write',
  '/reminders/invoices/new': 'invoices.write',
  '/reminders/ladders/new': 'sequences.write',
  '/reminders/ladders/:id/edit': 'sequences.write',
  '/reminders/ladders/:id/step': 'sequences.write',
  '/wallet/books': 'audit.read',
  '/settings/keys': 'keys.read',
  '/settings/senders/new': 'senders.write',
  '/settings/senders/:id/edit': 'senders.write',
  '/settings/audit': 'audit.read',
  '/settings/audit/export.xlsx': 'audit.read',
  '/settings/audit/export.csv': 'audit.read',
  '/settings/members': 'members.read',
  '/settings/members/export.xlsx': 'members.read',
  '/settings/members/export.csv': 'members.read',
  '/settings/members/:id': 'members.read',
}

describe('every form', () => {
  it('has its place in the table', () => {
    expect(acts.filter((path) => ACTS[path] === undefined)).toEqual([])
  })

  it.each(acts)('%s does nothing for a role that may not', async (path) => {
    const action = ACTS[path]
    if (action === undefined || action === 'own') return
    const before = await books()
    for (const role of ROLES.filter((one) => !roleMay(one, action))) {
      const seen = await members[role].send(addressed(path), FIELDS)
      // Some forms look at their words first, and find them wanting before they ask who sends them.
      expect([role, [403, 404, 422].includes(seen.status)]).toEqual([role, true])
    }
    expect(await books()).toBe(before)
  })

  it.each(acts)('%s does nothing to another workspace, for its owner even', async (path) => {
    if (!path.includes(':id')) return
    const before = await books()
    const seen = await stranger.send(addressed(path), FIELDS)
    expect(seen.status).toBe(404)
    expect(seen.text).not.toContain(SECRET_NAME)
    expect(await books()).toBe(before)
  })

  it.each(acts)('%s takes nothing from another site, nor without a session', async (path) => {
    const before = await books()
    const foreign = { 'sec-fetch-site': 'cross-site' }
    expect((await members.owner.send(addressed(path), FIELDS, foreign)).status).toBe(403)
    const unknown = await house.browser().send(addressed(path), FIELDS)
    expect([unknown.status, unknown.to]).toEqual([303, '/sign-in'])
    expect(await books()).toBe(before)
  })
})

describe('every page', () => {
  it.each(reads.filter((path) => !path.endsWith('/events')))(
    '%s is shown to whose role may read it',
    async (path) => {
      for (const role of ROLES) {
        const action = READS[path]
        const may = action === undefined || roleMay(role, action)
        const { status } = await members[role].see(addressed(path))
        if (!may) expect([role, status]).toEqual([role, 403])
        else expect([role, [200, 404, 409].includes(status)]).toEqual([role, true])
      }
    },
  )

  it.each(reads.filter((path) => path.includes(':id')))(
    '%s of another workspace is not there',
    async (path) => {
      const seen = await stranger.see(addressed(path))
      expect(seen.status).toBe(404)
      expect(seen.text).not.toContain(SECRET_NAME)
    },
  )

  it.each(reads.filter((path) => !path.includes(':id')))(
    '%s shows nothing of another workspace',
    async (path) => {
      const seen = await stranger.see(path)
      expect([200, 404, 422]).toContain(seen.status)
      expect(seen.text).not.toContain(SECRET_NAME)
    },
  )
})
