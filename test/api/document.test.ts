import type { Express } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROUTES } from '../../src/api/routes.ts'
import { openMetrics } from '../../src/platform/metrics.ts'
import { createApp } from '../../src/server.ts'
import { type Server, startServer } from './client.ts'

type Layer = { route?: { path: string; methods: Record<string, boolean> } }

/** What Express answers, read from its own router: `get /v1/keys/{id}`. */
function addressesOf(app: Express): string[] {
  const layers = (app as unknown as { router: { stack: Layer[] } }).router.stack
  const routes = layers.flatMap((layer) => (layer.route ? [layer.route] : []))
  return routes.flatMap(({ path, methods }) =>
    Object.keys(methods)
      .filter((method) => method !== '_all')
      .map((method) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`),
  )
}

type Operation = {
  operationId: string
  summary: string
  parameters?: { in: string; name: string }[]
  responses: Record<string, { description: string }>
}
type Document = {
  openapi: string
  components: { schemas: Record<string, unknown> }
  paths: Record<string, Record<string, Operation>>
}

let server: Server
let document: Document
beforeAll(async () => {
  server = await startServer()
  document = (await server.ask('GET', '/openapi.json')).body
})
afterAll(() => server.close())

describe('the OpenAPI document', () => {
  test('covers every route that Express answers, and no other', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    )
    expect(addressesOf(createApp({ ...server.house, metrics: openMetrics() })).sort()).toEqual(
      documented.sort(),
    )
  })

  test('is of version 3.1 and needs nothing from elsewhere', () => {
    expect(document.openapi).toMatch(/^3\.1\./)
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? []
    const known = Object.keys(document.components.schemas).map(
      (name) => `"$ref":"#/components/schemas/${name}"`,
    )
    expect(references.filter((reference) => !known.includes(reference))).toEqual([])
    expect(references.length).toBeGreaterThan(100)
  })

  test('names every operation once', () => {
    const ids = Object.values(document.paths).flatMap((path) =>
      Object.values(path).map((one) => one.operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('tells for every path parameter that it is there', () => {
    for (const [path, operations] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
      for (const { parameters = [] } of Object.values(operations))
        expect(parameters.filter((one) => one.in === 'path').map((one) => one.name)).toEqual(names)
    }
  })

  test('lists the problems of a route behind the wall', () => {
    const { responses } = document.paths['/v1/keys']!.post!
    expect(Object.keys(responses)).toEqual(
      expect.arrayContaining(['201', '400', '401', '403', '409', '413', '415', '500', '503']),
    )
    expect(responses['409']!.description).toContain('idempotency_key_reused')
  })

  test('describes every route with a summary of its own', () => {
    const summaries = ROUTES.map(({ facts }) => facts.summary)
    expect(new Set(summaries).size).toBe(summaries.length)
  })
})

describe('the page of the document', () => {
  test('loads only what this server has, and allows no script in the page', async () => {
    const { body, headers } = await server.ask('GET', '/docs')
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toContain('unsafe-eval')
    expect(body).not.toMatch(/<script>|onload=|https?:/)
    const sources = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source as string)
    expect(sources.length).toBeGreaterThan(3)
    for (const source of sources) expect((await server.ask('GET', `/${source}`)).status).toBe(200)
  })

  test('is found with a slash at its end too', async () => {
    const { status, headers } = await server.ask('GET', '/docs/')
    expect(status).toBe(308)
    expect(new URL(headers.get('location')!, `${server.url}/docs/`).pathname).toBe('/docs')
  })

  test('gives out no file but its own', async () => {
    for (const path of ['/docs/package.json', '/docs/..%2fpackage.json', '/docs/constructor'])
      expect((await server.ask('GET', path)).status).toBe(404)
  })
})
