import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/api/routes.ts'
import { ROLES } from '../../src/platform/scope.ts'
import { PERMISSIONS } from '../../src/workspaces/index.ts'
import { draft, type Stage, setStage } from './cast.ts'
import { type Firm, type Server, startServer } from './client.ts'

const BEHIND = ROUTES.filter(({ facts }) => facts.permission !== 'public').map(({ facts }) => facts)
const named = BEHIND.map((facts) => [`${facts.method.toUpperCase()} ${facts.path}`, facts] as const)
const NOWHERE = '00000000-0000-7000-8000-000000000000'

/** What a route needs besides an id, so that the id is what it fails at. */
const BODIES: Record<string, unknown> = {
  'PUT /v1/payment-gateways/{id}/links': { enabled: true },
  'PATCH /v1/recurring-campaigns/{id}': { name: 'Theirs' },
  'PUT /v1/recurring-campaigns/{id}/state': { state: 'paused' },
  'POST /v1/recurring-campaigns/{id}/standing-approval': {
    caps: {
      run: { amount: '1', currency: 'IDR' },
      day: { amount: '1', currency: 'IDR' },
      month: { amount: '1', currency: 'IDR' },
    },
  },
  'POST /v1/payment-gateways/{id}/rotation': {
    config: { callback_token: 'mine-now-and-as-long-as-it-has-to-be' },
  },
  'POST /v1/templates/{id}/preview': { variables: {} },
  'POST /v1/templates/{id}/submit': { sender_id: NOWHERE },
  'POST /v1/campaigns/{id}/price-change': { decision: 'cancel' },
  'PATCH /v1/campaigns/{id}': { name: 'Mine now' },
  'POST /v1/campaigns/{id}/submission': { quote_id: NOWHERE },
  'POST /v1/campaigns/{id}/approval': { decision: 'reject' },
  'PUT /v1/imports/{id}/mapping': { mapping: {} },
  'PATCH /v1/contacts/{id}': { name: 'Mine now' },
  'PATCH /v1/sequences/{id}': { name: 'Mine now' },
  'PUT /v1/sequences/{id}/state': { state: 'paused' },
  'POST /v1/sequences/{id}/standing-approval': {
    caps: {
      run: { amount: '1', currency: 'IDR' },
      day: { amount: '1', currency: 'IDR' },
      month: { amount: '1', currency: 'IDR' },
    },
  },
  'POST /v1/invoices/{id}/payments': { reference: 'mine' },
  'PUT /v1/invoices/{id}/promise': { until: '2026-12-01' },
  'PUT /v1/invoices/{id}/dispute': {},
  'PUT /v1/invoices/{id}/cancellation': {},
  'POST /v1/invoices/{id}/reopening': {},
  'PATCH /v1/members/{id}': { role: 'viewer' },
}

const LISTS = BEHIND.filter(({ path }) => /^\/v1\/[a-z]+$/.test(path) && path !== '/v1/keys')
  .filter(
    ({ method, path }) => method === 'get' && !['/v1/wallet', '/v1/workspace', '/v1/decency'].includes(path),
  )
  .map(({ path }) => path)

let server: Server
let sari: Stage
let wayan: Firm
const ids: Record<string, string> = {}
beforeAll(async () => {
  server = await startServer()
  sari = await setStage(server)
  wayan = await server.openFirm('IDR')
  ids.templates = sari.templateId
  ids.senders = sari.senderId
  ids.campaigns = (await draft(server, sari)).id
  ids.contacts = (await server.ask('GET', '/v1/contacts', { key: sari.keys.owner })).body.data[0].id
  const phone = { phone: '+6281234567890' }
  ids.suppressions = (
    await server.ask('POST', '/v1/suppressions', { key: sari.keys.owner, body: phone })
  ).body.id
  const invoice = {
    number: 'INV-1',
    contact: { id: ids.contacts },
    amount: { amount: '150000', currency: 'IDR' },
    due_date: '2026-12-01',
  }
  ids.invoices = (await server.ask('POST', '/v1/invoices', { key: sari.keys.owner, body: invoice })).body.id
  const ladder = {
    name: 'Ladder',
    sender_id: ids.senders,
    steps: [{ key: 'due', offset: 0, template_id: ids.templates }],
  }
  ids.sequences = (await server.ask('POST', '/v1/sequences', { key: sari.keys.owner, body: ladder })).body.id
  ids['recurring-campaigns'] = await made('/v1/recurring-campaigns', {
    name: 'Weekly',
    template_id: ids.templates,
    sender_id: ids.senders,
    list_id: (await server.ask('GET', '/v1/lists', { key: sari.keys.owner })).body.data[0].id,
    rule: { cron: '0 9 * * 1' },
    starts_at: '2026-12-01T09:00:00',
    time_zone: 'Asia/Jakarta',
  })
  const sheet = new FormData()
  sheet.append('file', new Blob(['No HP\n081234567890\n']), 'people.csv')
  ids.imports = (await server.ask('POST', '/v1/imports', { key: sari.keys.owner, body: sheet })).body.id
  const picture = new FormData()
  picture.append('file', new Blob(['%PDF-1.7']), 'brochure.pdf')
  ids.media = (await server.ask('POST', '/v1/media', { key: sari.keys.owner, body: picture })).body.id
  const invited = { key: sari.keys.owner, body: { email: 'guest@example.com', role: 'viewer' } }
  ids.invitations = (await server.ask('POST', '/v1/invitations', invited)).body.id
  ids.members = await server.join(sari.workspaceId, 'viewer')
  const gateway = {
    provider: 'xendit',
    name: 'Shop',
    config: { callback_token: 'a-token-of-thirty-two-characters' },
  }
  ids['payment-gateways'] = await made('/v1/payment-gateways', gateway)
  const endpoint = { kind: 'email', target: 'sari@example.com' }
  ids['notice-endpoints'] = await made('/v1/notice-endpoints', endpoint)
  await server.ask('POST', `/v1/notice-endpoints/${ids['notice-endpoints']}/test`, { key: sari.keys.owner })
  const deliveries = `/v1/notice-endpoints/${ids['notice-endpoints']}/deliveries`
  ids['notice-deliveries'] = (await server.ask('GET', deliveries, { key: sari.keys.owner })).body.data[0].id
  ids.keys = (await server.ask('GET', '/v1/keys', { key: sari.keys.owner })).body.data[0].id
})
afterAll(() => server.close())

async function made(path: string, body: object): Promise<string> {
  const answer = await server.ask('POST', path, { key: sari.keys.owner, body })
  expect(answer.status, JSON.stringify(answer.body)).toBe(201)
  return answer.body.id
}

describe('without a key', () => {
  test.each(named)('%s says nothing', async (_, { method, path }) => {
    const answer = await server.ask(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, NOWHERE))
    expect(answer).toMatchObject({ status: 401, body: { code: 'unauthenticated' } })
  })
})

describe('a role', () => {
  test.each(named)(
    '%s is open to those who may, and to no other',
    async (_, { method, path, permission }) => {
      const roles: readonly string[] = PERMISSIONS[permission as keyof typeof PERMISSIONS].roles
      for (const role of ROLES.filter((one) => !roles.includes(one))) {
        const address = path.replaceAll(/\{\w+\}/g, NOWHERE)
        const answer = await server.ask(method.toUpperCase(), address, { key: wayan.keys[role] })
        expect(answer, role).toMatchObject({ status: 403, body: { code: 'forbidden' } })
      }
    },
  )
})

describe('another workspace’s object', () => {
  const addressed = named.filter(([, { path }]) => path.includes('{id}'))

  test.each(addressed)('%s is not there', async (name, { method, path }) => {
    const id = ids[path.split('/')[2]!]
    expect(id, `this test needs an id for ${path}`).toBeDefined()
    const body = BODIES[name]
    const asked = { key: wayan.keys.owner, ...(body !== undefined && { body }) }
    const theirs = await server.ask(method.toUpperCase(), path.replace('{id}', id!), asked)
    expect(theirs).toMatchObject({ status: 404, body: { code: 'not_found' } })
    const nobodys = await server.ask(method.toUpperCase(), path.replace('{id}', NOWHERE), asked)
    expect(theirs.body.detail).toBe(nobodys.body.detail)
  })

  test('is in none of the lists', async () => {
    expect(LISTS).toEqual(
      expect.arrayContaining(['/v1/imports', '/v1/contacts', '/v1/lists', '/v1/campaigns']),
    )
    for (const path of LISTS) {
      const { body } = await server.ask('GET', path, { key: wayan.keys.owner })
      expect(body.data).toEqual([])
    }
  })
})
