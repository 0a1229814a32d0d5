import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Problem } from './problem.ts'
import { definePublicRoute } from './route.ts'

/** The viewer needs inline styles and `data:` images; scripts are files of our own, and nothing comes from elsewhere. */
const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Duecast API</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="docs"></div>
<noscript>This page needs JavaScript. The document itself is at <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
`

const START = `SwaggerUIBundle({
  url: 'openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis],
})
`

const VIEWER = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))
const ASSETS: Readonly<Record<string, { type: string; read: () => string | Buffer }>> = {
  'start.js': { type: 'text/javascript', read: () => START },
  'swagger-ui.css': { type: 'text/css', read: () => readFileSync(join(VIEWER, 'swagger-ui.css')) },
  'swagger-ui-bundle.js': {
    type: 'text/javascript',
    read: () => readFileSync(join(VIEWER, 'swagger-ui-bundle.js')),
  },
  'favicon-32x32.png': { type: 'image/png', read: () => readFileSync(join(VIEWER, 'favicon-32x32.png')) },
}
const ASSET_MAX_AGE_SECONDS = 3600

export const docsPage = definePublicRoute({
  method: 'get',
  path: '/docs',
  tag: 'Service',
  summary: 'This document as a page to read and to try',
  responses: { 200: { download: 'text/html' } },
  refusals: [],
  handler: async (request, response) => {
    if (request.path.endsWith('/')) return response.redirect(308, '../docs')
    response.set('Content-Security-Policy', DOCS_POLICY).type('html').send(PAGE)
  },
})

export const docsAsset = definePublicRoute({
  method: 'get',
  path: '/docs/{asset}',
  tag: 'Service',
  summary: 'What that page is made of',
  responses: { 200: { download: '*/*' } },
  refusals: [],
  handler: async (request, response) => {
    const name = String(request.params.asset)
    const asset = Object.hasOwn(ASSETS, name) ? ASSETS[name] : undefined
    if (!asset) throw new Problem('not_found', 'There is nothing under this address.')
    response
      .set('Cache-Control', `public, max-age=${ASSET_MAX_AGE_SECONDS}`)
      .type(asset.type)
      .send(asset.read())
  },
})
