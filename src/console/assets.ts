import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { RequestHandler } from 'express'

const FOLDER = new URL('../../templates/console/assets/', import.meta.url)
const UPLOT = createRequire(import.meta.url).resolve('uplot/dist/uPlot.iife.min.js')
const CSS = 'text/css; charset=utf-8'
const SCRIPT = 'text/javascript; charset=utf-8'
/** Every file that a page may load: our own, and what libraries bring, as it lies in their packages. */
const FILES = {
  css: { name: 'console.css', type: CSS, from: new URL('console.css', FOLDER) },
  js: { name: 'console.js', type: SCRIPT, from: new URL('console.js', FOLDER) },
  icon: { name: 'icon.svg', type: 'image/svg+xml', from: new URL('icon.svg', FOLDER) },
  plot: { name: 'plot.js', type: SCRIPT, from: new URL('plot.js', FOLDER) },
  uplot: { name: 'uplot.js', type: SCRIPT, from: UPLOT },
  uplotCss: { name: 'uplot.css', type: CSS, from: UPLOT.replace('uPlot.iife.min.js', 'uPlot.min.css') },
} as const
const YEAR_SECONDS = 365 * 24 * 60 * 60

type Name = keyof typeof FILES

export type Assets = {
  readonly urls: Readonly<Record<Name, string>>
  readonly serve: RequestHandler
}

/** The console's styles, scripts and icon, read once; their address changes with what is in them. */
export function openAssets(): Assets {
  const files = new Map<string, { body: Buffer; type: string }>()
  const urlOf = (key: Name) => {
    const { name, type, from } = FILES[key]
    const body = readFileSync(from)
    const url = `/assets/${createHash('sha256').update(body).digest('hex').slice(0, 16)}/${name}`
    files.set(url, { body, type })
    return url
  }
  const names = Object.keys(FILES) as Name[]
  const urls = Object.fromEntries(names.map((key) => [key, urlOf(key)])) as Record<Name, string>
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
