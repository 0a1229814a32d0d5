import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TEMPLATE } from './cast.ts'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
let senderId: string
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
  const sender = { provider: 'simulator', name: 'Sari', config: { template_review: true } }
  senderId = (await server.ask('POST', '/v1/senders', { key: firm.keys.owner, body: sender })).body.id
})
afterAll(() => server.close())

const SAMPLES = { name: 'Siti', invoice: 'INV-17', due_date: '2026-12-01' }
const save = async (changes: object = {}): Promise<string> => {
  const body = { ...TEMPLATE, samples: SAMPLES, ...changes }
  return (await server.ask('POST', '/v1/templates', { key: firm.keys.marketer, body })).body.id
}
const submit = (id: string, changes: object = {}, key = firm.keys.marketer) =>
  server.ask('POST', `/v1/templates/${id}/submit`, { key, body: { sender_id: senderId, ...changes } })

describe('submitting a template', () => {
  test('is written down at once, with a time to live that suits a reminder, and asked for again changes nothing', async () => {
    const id = await save()
    const submitted = await submit(id)
    expect(submitted).toMatchObject({
      status: 202,
      body: {
        template_id: id,
        sender_id: senderId,
        name: 'due_reminder',
        status: 'submitting',
        sendable: false,
        category: 'utility',
        parameter_format: 'named',
        message_send_ttl_seconds: 43_200,
        wish: 'submit',
        status_at: null,
      },
    })
    expect((await submit(id)).body).toEqual(submitted.body)
    const { body } = await server.ask('GET', `/v1/templates/${id}/platform`, { key: firm.keys.viewer })
    expect(body).toEqual({ data: [submitted.body] })
  })

  test.each([
    ['utility', 29],
    ['utility', 43_201],
    ['marketing', 43_199],
    ['marketing', 2_592_001],
  ])('%s takes no time to live of %i seconds', async (category, message_send_ttl_seconds) => {
    const answer = await submit(await save({ category }), { message_send_ttl_seconds })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'message_send_ttl_seconds' }] } })
  })

  test.each([
    ['utility', 30],
    ['utility', 43_200],
    ['utility', null],
    ['marketing', 43_200],
    ['marketing', 2_592_000],
  ])('%s takes a time to live of %s seconds', async (category, message_send_ttl_seconds) => {
    const answer = await submit(await save({ category }), { message_send_ttl_seconds })
    expect(answer).toMatchObject({ status: 202, body: { message_send_ttl_seconds } })
  })

  test('needs a sample for every variable, and says for which', async () => {
    const answer = await submit(await save({ samples: { name: 'Siti' } }))
    expect(answer.status).toBe(400)
    expect(answer.body.errors.map(({ path }: { path: string }) => path)).toEqual([
      'samples.invoice',
      'samples.due_date',
    ])
  })

  test('is refused for an authentication template, which the platform writes itself', async () => {
    const answer = await submit(await save({ category: 'authentication' }))
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: 'category' }] } })
  })

  test('takes another name for the second template of one name', async () => {
    const names = [await submit(await save({ name: 'Twice' })), await submit(await save({ name: 'Twice' }))]
    expect(names.map(({ body }) => body.name)).toEqual(['twice', 'twice_2'])
  })

  test('is refused to viewers, for senders and templates that are not there, and next door', async () => {
    const id = await save()
    expect((await submit(id, {}, firm.keys.viewer)).status).toBe(403)
    expect((await submit(id, { sender_id: 'nobody' })).status).toBe(404)
    expect((await submit('nothing')).status).toBe(404)
    const shop = await server.openFirm()
    expect((await submit(id, {}, shop.keys.owner)).status).toBe(404)
  })
})

describe('a business account', () => {
  test('lists what is known of it, page by page, and is not seen next door', async () => {
    const all = await server.ask('GET', `/v1/senders/${senderId}/templates`, { key: firm.keys.viewer })
    expect(all.status).toBe(200)
    const first = await server.ask('GET', `/v1/senders/${senderId}/templates?limit=2`, {
      key: firm.keys.viewer,
    })
    const rest = await server.ask(
      'GET',
      `/v1/senders/${senderId}/templates?cursor=${first.body.next_cursor}`,
      { key: firm.keys.viewer },
    )
    expect([...first.body.data, ...rest.body.data]).toEqual(all.body.data)
    expect(all.body.data.length).toBeGreaterThan(5)
    const shop = await server.openFirm()
    const there = await server.ask('GET', `/v1/senders/${senderId}/templates`, { key: shop.keys.owner })
    expect(there.status).toBe(404)
  })

  test('is asked to delete a template', async () => {
    const id = await save()
    const path = `/v1/templates/${id}/platform/${senderId}`
    expect((await server.ask('DELETE', path, { key: firm.keys.marketer })).status).toBe(404)
    await submit(id)
    expect(await server.ask('DELETE', path, { key: firm.keys.marketer })).toMatchObject({
      status: 202,
      body: { template_id: id, wish: 'delete' },
    })
  })
})
