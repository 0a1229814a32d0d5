import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TEMPLATE } from './cast.ts'
import { type Firm, type Server, startServer } from './client.ts'

let server: Server
let firm: Firm
beforeAll(async () => {
  server = await startServer()
  firm = await server.openFirm()
})
afterAll(() => server.close())

const save = (changes: object = {}) =>
  server.ask('POST', '/v1/templates', { key: firm.keys.marketer, body: { ...TEMPLATE, ...changes } })

describe('a template', () => {
  test('is saved, found and listed as it was written', async () => {
    const words = {
      header: 'Invoice {{invoice}}',
      footer: 'Warung Sari',
      buttons: [{ type: 'url', text: 'Pay now', url: 'https://pay.example.com/i/{{invoice}}' }],
      samples: { name: 'Siti', invoice: 'INV-17', due_date: '2026-12-01' },
    }
    const saved = await save(words)
    expect(saved).toMatchObject({
      status: 201,
      body: { ...TEMPLATE, ...words, header: { type: 'text', text: words.header }, state: 'approved' },
    })
    const key = firm.keys.viewer
    expect((await server.ask('GET', `/v1/templates/${saved.body.id}`, { key })).body).toEqual(saved.body)
    expect((await server.ask('GET', '/v1/templates', { key })).body.data).toEqual([saved.body])
  })

  test('that is not in the language is refused, and told where', async () => {
    const answer = await save({ body: 'Hi {{name}},\n{{#each items}}x{{/each}}' })
    expect(answer).toMatchObject({ status: 400, body: { code: 'validation_failed' } })
    expect(answer.body.errors[0]).toMatchObject({ path: 'body', line: 2 })
  })

  test.each([
    [{ language: 'xx-nowhere' }, 'language'],
    [{ category: 'spam' }, 'category'],
    [{ body: undefined }, 'body'],
    [{ colour: 'red' }, 'colour'],
  ])('with %j is refused', async (changes, path) => {
    const answer = await save(changes)
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path }] } })
  })
})

describe('a preview', () => {
  const preview = async (variables: unknown) => {
    const { body } = await save()
    return server.ask('POST', `/v1/templates/${body.id}/preview`, {
      key: firm.keys.viewer,
      body: { variables },
    })
  }

  test('shows what a contact would read', async () => {
    const { status, body } = await preview({ name: 'Siti', invoice: 'INV-17', due_date: '2026-12-01' })
    expect(status).toBe(200)
    expect(body.body).toMatch(/^Hi Siti, invoice INV-17 is due .*2026.*\. Thank you!$/)
    expect(body.buttons).toEqual([])
  })

  test('names every variable that is missing', async () => {
    const answer = await preview({ name: 'Siti', due_date: ' ' })
    expect(answer).toMatchObject({ status: 422, body: { code: 'missing_variable' } })
    expect([...answer.body.variables].sort()).toEqual(['due_date', 'invoice'])
    expect(answer.body.errors.map((error: { path: string }) => error.path).sort()).toEqual([
      'variables.due_date',
      'variables.invoice',
    ])
  })

  test('names a value that cannot be used', async () => {
    const answer = await preview({ name: 'Siti', invoice: 'INV-17', due_date: 'tomorrow' })
    expect(answer).toMatchObject({ status: 422, body: { code: 'value_not_usable', variable: 'due_date' } })
  })
})
