import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let sari: Firm
beforeAll(async () => {
  server = await startServer()
  sari = await server.openFirm('IDR')
})
afterAll(() => server.close())

const invite = (body: object, key = sari.keys.owner) => server.ask('POST', '/v1/invitations', { key, body })
const change = (id: string, role: string, key = sari.keys.owner) =>
  server.ask('PATCH', `/v1/members/${id}`, { key, body: { role } })
const remove = (id: string, key = sari.keys.owner) => server.ask('DELETE', `/v1/members/${id}`, { key })

describe('invitations', () => {
  test('give a link where no letters are sent, are listed without it, and are taken back', async () => {
    const made = await invite({ email: ' Siti@Example.COM ', role: 'marketer' })
    expect(made).toMatchObject({ status: 201, body: { email: 'siti@example.com', role: 'marketer' } })
    expect(made.body.url).toMatch(/\/invitation\/[\w-]{43}$/)
    const listed = await server.ask('GET', '/v1/invitations', { key: sari.keys.admin })
    expect(listed.body.data[0]).toMatchObject({ id: made.body.id })
    expect(JSON.stringify(listed.body)).not.toContain(made.body.url.split('/').at(-1))
    const asked = { key: sari.keys.admin }
    expect((await server.ask('DELETE', `/v1/invitations/${made.body.id}`, asked)).status).toBe(204)
    expect((await server.ask('GET', '/v1/invitations', asked)).body.data).toEqual([])
    expect((await server.ask('DELETE', `/v1/invitations/${made.body.id}`, asked)).status).toBe(204)
  })

  test.each([
    '',
    'siti',
    'siti@',
    '@example.com',
    'si ti@example.com',
    'siti@example',
    `${'a'.repeat(250)}@b.co`,
  ])('to %j are refused at the field', async (email) => {
    const refused = await invite({ email, role: 'viewer' })
    expect(refused).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
    expect(refused.body.errors[0].path).toBe('email')
  })

  test('are not given above one’s own role, nor to whoever is a member', async () => {
    const above = await invite({ email: 'up@example.com', role: 'owner' }, sari.keys.admin)
    expect(above).toMatchObject({ status: 403, body: { code: 'forbidden' } })
    const id = await server.join(sari.workspaceId, 'viewer')
    const { body } = await server.ask('GET', '/v1/members', { key: sari.keys.owner })
    const { email } = body.data.find((member: { id: string }) => member.id === id)
    expect(await invite({ email, role: 'viewer' })).toMatchObject({
      status: 409,
      body: { code: 'already_member' },
    })
  })
})

describe('members', () => {
  test('change their role and go', async () => {
    const id = await server.join(sari.workspaceId, 'viewer')
    expect(await change(id, 'approver')).toMatchObject({ status: 200, body: { id, role: 'approver' } })
    expect((await remove(id)).status).toBe(204)
    expect((await remove(id)).status).toBe(404)
    const { body } = await server.ask('GET', '/v1/members', { key: sari.keys.owner })
    expect(body.data.map((member: { id: string }) => member.id)).not.toContain(id)
    const trail = await server.ask('GET', '/v1/audit-events?limit=2', { key: sari.keys.owner })
    expect(trail.body.data.map((event: { action: string }) => event.action)).toEqual([
      'member.removed',
      'member.role_changed',
    ])
  })

  test('above one’s own role are left alone', async () => {
    const id = await server.join(sari.workspaceId, 'owner')
    expect((await change(id, 'viewer', sari.keys.admin)).status).toBe(403)
    expect((await remove(id, sari.keys.admin)).status).toBe(403)
    const viewer = await server.join(sari.workspaceId, 'viewer')
    expect((await change(viewer, 'owner', sari.keys.admin)).status).toBe(403)
  })

  test('keep an owner among them, whoever goes at the same time', async () => {
    const firm = await server.openFirm('IDR')
    const owners = [
      await server.join(firm.workspaceId, 'owner'),
      await server.join(firm.workspaceId, 'owner'),
    ]
    const gone = await Promise.all(owners.map((id) => remove(id, firm.keys.owner)))
    expect(gone.map(({ status }) => status).sort()).toEqual([204, 409])
    const last = owners[gone.findIndex(({ status }) => status === 409)]!
    expect(await change(last, 'admin', firm.keys.owner)).toMatchObject({
      status: 409,
      body: { code: 'last_owner' },
    })
  })
})
