import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer({ house: { publicUrl: 'https://duecast.example.com' } })
  firm = await server.openFirm()
})
afterAll(() => server.close())

const WHATSAPP = {
  provider: 'whatsapp_cloud',
  name: 'Main number',
  config: {
    phone_number_id: '106540352242922',
    business_account_id: '102290129340398',
    access_token: 'EAAtoken',
    app_secret: 'app-secret-value',
    verify_token: 'verify-token-value',
  },
}

const add = (body: unknown) => server.ask('POST', '/v1/senders', { key: firm.keys.admin, body })

describe('a sender', () => {
  test('is shown with the address of its webhooks, and never with its secrets', async () => {
    const added = await add(WHATSAPP)
    expect(added).toMatchObject({ status: 201, body: { provider: 'whatsapp_cloud', state: 'active' } })
    expect(added.body.webhook_url).toBe(`https://duecast.example.com/webhooks/whatsapp/${added.body.id}`)
    expect(added.body.config).toEqual({
      phone_number_id: '106540352242922',
      business_account_id: '102290129340398',
    })
    const listed = await server.ask('GET', '/v1/senders', { key: firm.keys.viewer })
    expect(listed.body.data).toEqual([added.body])
  })

  test('of the stand-in needs no configuration, and takes one', async () => {
    const plain = await add({ provider: 'simulator', name: 'Rehearsal' })
    expect(plain).toMatchObject({ status: 201, body: { config: {} } })
    const config = { seed: 7, delivered: 0.9, messages_per_second: 50 }
    const tuned = await add({ provider: 'simulator', name: 'Rehearsal', config })
    expect(tuned.body).toMatchObject({ config, messages_per_second: 50 })
  })

  test.each([
    [{ ...WHATSAPP, provider: 'pigeon' }, 'provider'],
    [{ ...WHATSAPP, config: undefined }, 'config'],
    [{ ...WHATSAPP, config: { ...WHATSAPP.config, access_token: 'a b' } }, 'config.access_token'],
    [{ ...WHATSAPP, config: { ...WHATSAPP.config, colour: 'red' } }, 'config.colour'],
    [
      { ...WHATSAPP, config: { ...WHATSAPP.config, api_base_url: 'http://example.com' } },
      'config.api_base_url',
    ],
    [{ provider: 'simulator', name: 'x', config: { delivered: 2 } }, 'config.delivered'],
    [{ provider: 'simulator' }, 'name'],
  ])('that is wrong is refused: %#', async (body, path) => {
    const answer = await add(body)
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed', errors: [{ path }] } })
    expect(JSON.stringify(answer.body)).not.toContain('app-secret-value')
  })

  test('is paged with others of the same moment', async () => {
    const seen: string[] = []
    for (let cursor = ''; ; ) {
      const { body } = await server.ask('GET', `/v1/senders?limit=1${cursor}`, { key: firm.keys.viewer })
      seen.push(...body.data.map((sender: { id: string }) => sender.id))
      if (body.next_cursor === null) break
      cursor = `&cursor=${body.next_cursor}`
    }
    expect(new Set(seen).size).toBe(3)
    expect(seen).toHaveLength(3)
  })
})
