import { codesOf } from '../../src/api/openapi.ts'
import type { RouteFacts } from '../../src/api/route.ts'
import { type Dice, pick } from '../crash/dice.ts'
import type { Attack } from './attack.ts'
import type { Ground } from './ground.ts'
import type { Header } from './headers.ts'

export const BIG = 2 * 1024 * 1024
export const JSON_TYPE: Header = ['Content-Type', 'application/json']

/** A route with what it takes to be asked well, so that just one thing of a request is wrong. */
export type Aim = {
  readonly facts: RouteFacts
  readonly ground: Ground
  readonly dice: Dice
  at(what: string, shot: Shot): Attack
}
type Shot = {
  readonly target?: string
  readonly query?: string
  readonly headers?: readonly Header[]
  readonly body?: Buffer | string
  readonly mustRefuse?: boolean
}

export function aimAt(ground: Ground, facts: RouteFacts, dice: Dice): Aim {
  const method = facts.method.toUpperCase()
  return {
    facts,
    ground,
    dice,
    at: (what, { target, query = '', headers = [], body, mustRefuse = false }) => ({
      route: `${method} ${facts.path}`,
      what,
      door: 'program',
      codes: codesOf(facts),
      mustRefuse,
      request: {
        method,
        target: (target ?? goodTarget(ground, facts, dice)) + query,
        headers: [
          ...(headers.some(([name]) => name === 'Authorization')
            ? []
            : [['Authorization', `Bearer ${ground.key}`] as const]),
          ...headers,
        ],
        body: body === undefined ? undefined : Buffer.from(body),
      },
    }),
  }
}

const IN_PATH: Readonly<Record<string, string>> = {
  country: 'ID',
  purpose: 'reminder',
  year: '2027',
  asset: 'swagger-ui.css',
}

/** An address of what is there. */
export function goodTarget({ ids, known }: Ground, { path }: RouteFacts, dice: Dice): string {
  const word = path.split('/')[2] ?? ''
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const mine = name === 'id' ? ids[word] : undefined
    return mine && mine.length > 0 ? pick(dice, mine) : (IN_PATH[name] ?? String(known[name] ?? NOWHERE))
  })
}
export const NOWHERE = '00000000-0000-7000-8000-000000000000'

/** The beginning of a text, for whoever reads what was attacked. */
export function shown(text: string): string {
  return text.length > 40 ? `${JSON.stringify(text.slice(0, 40))}… of ${text.length}` : JSON.stringify(text)
}
