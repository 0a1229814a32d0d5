import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm('IDR')
}, 60_000)
afterAll(() => server.close())

const change = (body: object, key = firm.keys.owner) => server.ask('PATCH', '/v1/workspace', { key, body })

async function trail() {
  const { body } = await server.ask('GET', '/v1/audit-events?about=workspace', {
    key: firm.keys.owner,
  })
  type Event = { action: string; facts: object }
  const changes = body.data.filter(({ action }: Event) => action === 'workspace.changed')
  return changes.map(({ facts }: Event) => facts)
}

describe('a workspace', () => {
  it('changes its name, zone and language, each once in the trail with what was before', async () => {
    const before = (await server.ask('GET', '/v1/workspace', { key: firm.keys.viewer })).body
    expect(before).toMatchObject({ time_zone: 'Asia/Jakarta', language: null })
    const changed = await change({
      name: ' Warung Sari Barokah ',
      time_zone: 'Asia/Makassar',
      language: 'id',
    })
    expect(changed).toMatchObject({
      status: 200,
      body: { name: 'Warung Sari Barokah', time_zone: 'Asia/Makassar', language: 'id', currency: 'IDR' },
    })
    const { body } = await server.ask('GET', '/v1/workspace', { key: firm.keys.owner })
    expect(body).toEqual(changed.body)
    expect((await change({ name: 'Warung Sari Barokah', language: 'id' })).status).toBe(200)
    expect(await trail()).toEqual([
      {
        name: 'Warung Sari Barokah',
        name_before: before.name,
        time_zone: 'Asia/Makassar',
        time_zone_before: 'Asia/Jakarta',
        language: 'id',
        language_before: null,
      },
    ])
    expect((await change({ language: null }, firm.keys.admin)).body.language).toBeNull()
  })

  it.each(['Asia/Atlantis', '+07:00', 'local', ''])('refuses a zone that is none: %s', async (time_zone) => {
    const before = await trail()
    const refused = await change({ time_zone })
    expect(refused).toMatchObject({ status: 400, body: { errors: [{ path: 'time_zone' }] } })
    expect(await trail()).toEqual(before)
  })

  it.each([
    { name: ' ' },
    { language: 'tlh' },
    { language: '' },
    { currency: 'USD' },
    { frozen_at: null },
    { default_country: 'MY' },
  ])('refuses what cannot be so: %o', async (body) => {
    const before = await trail()
    expect((await change(body)).status).toBe(400)
    expect(await trail()).toEqual(before)
  })

  it('is changed by its managers alone, and by nobody of another', async () => {
    for (const role of ['marketer', 'approver', 'viewer'] as const)
      expect((await change({ name: 'Mine' }, firm.keys[role])).status).toBe(403)
    const other = await server.openFirm()
    expect((await change({ name: 'Other' }, other.keys.owner)).body.name).toBe('Other')
    expect((await server.ask('GET', '/v1/workspace', { key: firm.keys.owner })).body.name).toBe(
      'Warung Sari Barokah',
    )
  })

  it('has a currency that even a fault of the program could not change', async () => {
    const cause = {
      workspaceId: firm.workspaceId,
      actor: { name: 'test', role: 'owner' },
      requestId: 't',
    } as const
    const forced = server.scratch.database.within(
      cause,
      ({ sql }) => sql`UPDATE workspaces SET currency = 'USD' WHERE workspace_id = ${firm.workspaceId}`,
    )
    await expect(forced).rejects.toThrow(/permission denied/)
  })
})
