import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { RequestHandler } from 'express'

const FOLDER = new URL('../../templates/console/assets/', import.meta.url)
const TYPES = {
  'console.css': 'text/css; charset=utf-8',
  'console.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const
const YEAR_SECONDS = 365 * 24 * 60 * 60

export type Assets = {
  readonly urls: { css: string; js: string; icon: string }
  readonly serve: RequestHandler
}

/** The console's style, script and icon, read once; their address changes with what is in them. */
export function openAssets(): Assets {
  const files = new Map<string, { body: Buffer; type: string }>()
  const urlOf = (name: keyof typeof TYPES) => {
    const body = readFileSync(new URL(name, FOLDER))
    const url = `/assets/${createHash('sha256').update(body).digest('hex').slice(0, 16)}/${name}`
    files.set(url, { body, type: TYPES[name] })
    return url
  }
  const urls = { css: urlOf('console.css'), js: urlOf('console.js'), icon: urlOf('icon.svg') }
  return {
    urls,
    serve(request, response, next) {
      const file = files.get(request.path)
      if (!file) return next()
      response.set('Cache-Control', `public, max-age=${YEAR_SECONDS}, immutable`)
      response.set('Cross-Origin-Resource-Policy', 'same-origin')
      response.type(file.type).send(file.body)
    },
  }
}
