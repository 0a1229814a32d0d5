import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { CAMPAIGN_MOVES } from '../../src/campaigns/index.ts'
import { MESSAGE_MOVES } from '../../src/delivery/index.ts'
import { ENVIRONMENT } from '../../src/platform/config.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const README = readFileSync(`${ROOT}README.md`, 'utf8')

/** The arrows of the drawing below a comment, as `from → to`. */
function drawn(of: string): string[] {
  const block = README.split(`<!-- states of a ${of}`)[1]?.split('```mermaid')[1]?.split('```')[0] ?? ''
  return [...block.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} → ${to}`).sort()
}

function arrows(moves: Readonly<Record<string, readonly string[]>>): string[] {
  return Object.entries(moves)
    .flatMap(([from, to]) => to.map((state) => `${from} → ${state}`))
    .sort()
}

describe('the README', () => {
  it('draws a campaign’s states as the code has them', () => {
    expect(drawn('campaign')).toEqual(arrows(CAMPAIGN_MOVES))
  })

  it('draws a message’s states as the code has them', () => {
    expect(drawn('message')).toEqual(arrows(MESSAGE_MOVES))
  })

  it('names every setting, and .env.example too', () => {
    const example = readFileSync(`${ROOT}.env.example`, 'utf8')
    for (const name of Object.keys(ENVIRONMENT.shape)) {
      expect(README).toContain(`\`${name}\``)
      expect(example).toMatch(new RegExp(`^#?${name}=`, 'm'))
    }
  })

  it('names only scripts that are there', () => {
    const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as { scripts: object }
    const named = [...README.matchAll(/npm run (?:--silent )?([a-z]+)/g)].map(([, name]) => name!)
    expect(named.length).toBeGreaterThan(8)
    expect(named.filter((name) => !(name in scripts))).toEqual([])
  })

  it('points at files that are there', () => {
    const links = [...README.matchAll(/\]\((?!http|#)([^)#]+)/g)].map(([, path]) => path!)
    const folders = [...README.matchAll(/`((?:src|workers|drizzle|templates|test|docs)\/[\w./-]*)`/g)].map(
      ([, path]) => path!,
    )
    expect(links.length).toBeGreaterThan(1)
    expect([...links, ...folders].filter((path) => !existsSync(ROOT + path))).toEqual([])
  })

  it('has a place for every link within it', () => {
    const places = new Set([...README.matchAll(/^#+ (.+)$/gm)].map(([, title]) => slug(title!)))
    const links = [...README.matchAll(/\]\(#([^)]+)\)/g)].map(([, place]) => place!)
    expect(links.filter((place) => !places.has(place))).toEqual([])
  })
})

function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} -]/gu, '')
    .replaceAll(' ', '-')
}
