import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let sari: Firm
let wayan: Firm
beforeAll(async () => {
  server = await startServer()
  sari = await server.openFirm('IDR')
  wayan = await server.openFirm('INR')
})
afterAll(() => server.close())

describe('a workspace', () => {
  test('is shown to whoever holds a key to it, with the key’s role', async () => {
    const { body } = await server.ask('GET', '/v1/workspace', { key: wayan.keys.viewer })
    expect(body).toMatchObject({
      id: wayan.workspaceId,
      currency: 'INR',
      time_zone: 'Asia/Kolkata',
      default_country: 'IN',
      frozen_at: null,
      role: 'viewer',
    })
  })
})

describe('keys', () => {
  test('are made, work, are listed without their secret, and stop working', async () => {
    const key = sari.keys.owner
    const made = await server.ask('POST', '/v1/keys', { key, body: { role: 'viewer', name: ' Dashboard ' } })
    expect(made).toMatchObject({ status: 201, body: { role: 'viewer', name: 'Dashboard', revoked_at: null } })
    const { id, api_key } = made.body
    expect((await server.ask('GET', '/v1/workspace', { key: api_key })).status).toBe(200)
    const listed = await server.ask('GET', '/v1/keys', { key })
    expect(listed.body.data.map((entry: { id: string }) => entry.id)).toContain(id)
    expect(JSON.stringify(listed.body)).not.toContain(api_key)
    expect((await server.ask('DELETE', `/v1/keys/${id}`, { key })).status).toBe(204)
    expect((await server.ask('GET', '/v1/workspace', { key: api_key })).status).toBe(401)
  })

  test('are paged to the last one', async () => {
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await server.ask('GET', `/v1/keys?limit=2${cursor}`, { key: wayan.keys.owner })
      seen.push(...body.data.map((entry: { id: string }) => entry.id))
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    expect(seen).toHaveLength(5)
    expect(new Set(seen).size).toBe(5)
  })

  test('of another workspace are neither seen nor revoked', async () => {
    const { body } = await server.ask('GET', '/v1/keys', { key: wayan.keys.owner })
    const foreign = body.data[0].id
    expect((await server.ask('DELETE', `/v1/keys/${foreign}`, { key: sari.keys.owner })).status).toBe(404)
    expect((await server.ask('GET', '/v1/workspace', { key: wayan.keys.owner })).status).toBe(200)
  })

  test('above one’s own role are not handed out', async () => {
    const answer = await server.ask('POST', '/v1/keys', { key: sari.keys.admin, body: { role: 'owner' } })
    expect(answer).toMatchObject({ status: 403, body: { code: 'forbidden' } })
  })
})

describe('the audit trail', () => {
  test('tells who did what, by which request', async () => {
    const headers = { 'X-Request-Id': 'trail-1' }
    await server.ask('POST', '/v1/keys', {
      key: sari.keys.admin,
      body: { role: 'viewer', name: 'x' },
      headers,
    })
    const { body } = await server.ask('GET', '/v1/audit-events?limit=1', { key: sari.keys.approver })
    expect(body.data).toEqual([
      expect.objectContaining({
        action: 'key.issued',
        request_id: 'trail-1',
        facts: { role: 'viewer', name: 'x' },
      }),
    ])
    expect(body.data[0].actor).toMatch(/^key:/)
    expect(body.next_cursor).not.toBeNull()
  })
})
