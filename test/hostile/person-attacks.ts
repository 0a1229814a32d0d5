import type { Router } from 'express'
import { consoleDoor } from '../../src/console/index.ts'
import { type Dice, pick } from '../crash/dice.ts'
import type { Attack } from './attack.ts'
import type { Ground } from './ground.ts'
import { BAD_HEADERS, type Header } from './headers.ts'
import { BAD_TEXTS, DAYS, HOSTILE_TEXTS, INSTANTS } from './values.ts'
import { exchange } from './wire.ts'

/** A form as a page of the console shows it: where it is sent, and what stands in it. */
type Form = { readonly action: string; readonly fields: ReadonlyMap<string, string> }
type PersonRoute = { readonly method: 'GET' | 'POST'; readonly path: string }

const OWN: Header = ['Sec-Fetch-Site', 'same-origin']
const FORM: Header = ['Content-Type', 'application/x-www-form-urlencoded']
const BIG = 2 * 1024 * 1024

/** Every address that the console's door answers, but for the one that ends the session and the one for all others. */
export function attackedPersonRoutes(): PersonRoute[] {
  const seen = new Map(personRoutes().map((route) => [`${route.method} ${route.path}`, route]))
  return [...seen.values()].filter(({ path }) => path !== '/sign-out' && path !== '/{*path}')
}

/** As Express itself knows them. */
function personRoutes(): PersonRoute[] {
  const door = consoleDoor({ uploadDir: '.' } as Parameters<typeof consoleDoor>[0]) as Router
  return door.stack.flatMap(({ route }) =>
    (route?.stack ?? []).map(({ method }) => ({
      method: method === 'post' ? ('POST' as const) : ('GET' as const),
      path: route!.path,
    })),
  )
}

/** Attacks on every page and form of the console: the forms are read from the pages that show them. */
export async function* personAttacks(ground: Ground, dice: Dice, times: number): AsyncGenerator<Attack> {
  const routes = attackedPersonRoutes()
  const forms = await formsOf(ground, routes)
  for (const route of routes) {
    yield* addressAttacks(ground, route, dice, times)
    if (route.method === 'POST') yield* formAttacks(ground, route, forms, dice, times)
  }
}

/** Ids by the word before them; the console has words of its own for some. */
const WORDS: Readonly<Record<string, string>> = {
  ladders: 'sequences',
  approvals: 'campaigns',
  assets: 'none',
}

function addressOf({ ids }: Ground, path: string): string {
  let word = ''
  return path
    .split('/')
    .map((part) => {
      if (!part.startsWith(':')) {
        word = part
        return part
      }
      return ids[WORDS[word] ?? word]?.[0] ?? '00000000-0000-7000-8000-000000000000'
    })
    .join('/')
}

/** What every page shows, by the route that each form is sent to. */
async function formsOf(ground: Ground, routes: readonly PersonRoute[]): Promise<Map<string, Form>> {
  const forms = new Map<string, Form>()
  for (const { method, path } of routes) {
    if (method !== 'GET') continue
    const page = await exchange(ground.url, {
      method: 'GET',
      target: addressOf(ground, path),
      headers: [
        ['Cookie', ground.cookie],
        ['Accept', 'text/html'],
      ],
    })
    if (page?.headers['content-type']?.startsWith('text/html'))
      for (const form of formsIn(page.body.toString())) forms.set(form.action, form)
  }
  return forms
}

function formsIn(html: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/g)].flatMap(([, head = '', inner = '']) => {
    const action = attribute(head, 'action')
    if (action === undefined || !/method="post"/i.test(head)) return []
    const fields = [...inner.matchAll(/<(?:input|select|textarea|button)\b([^>]*)>/g)].flatMap(
      ([, field = '']) => {
        const name = attribute(field, 'name')
        return name === undefined ? [] : [[name, attribute(field, 'value') ?? ''] as const]
      },
    )
    return [{ action: action.split('?')[0]!, fields: new Map(fields) }]
  })
}

function attribute(head: string, name: string): string | undefined {
  return new RegExp(`\\b${name}="([^"]*)"`).exec(head)?.[1]
}

/** The names of whatever any form has, for routes whose form no page shows just now. */
const ANY_FIELDS = [
  ...[
    'name',
    'body',
    'at',
    'time_zone',
    'day',
    'due_date',
    'until',
    'amount',
    'currency',
    'reference',
    'phone',
  ],
  ...[
    'email',
    'role',
    'reason',
    'number',
    'language',
    'category',
    'list_id',
    'template_id',
    'sender_id',
    'quote_id',
  ],
  ...[
    'mapping',
    'sheet',
    'offset',
    'key',
    'token',
    'password',
    'code',
    'ticket',
    'provider',
    'state',
    'once',
  ],
]

function shoot(
  ground: Ground,
  { method, path }: PersonRoute,
  what: string,
  shot: {
    target?: string
    query?: string
    headers?: readonly Header[]
    body?: Buffer | string
    mustRefuse?: boolean
  },
): Attack {
  const { target, query = '', headers = [], body, mustRefuse = false } = shot
  const own: Header[] = [['Cookie', ground.cookie], ['Accept', 'text/html'], OWN]
  return {
    route: `${method} ${path}`,
    what,
    door: 'person',
    mustRefuse,
    request: {
      method,
      target: (target ?? addressOf(ground, path)) + query,
      headers: [...own.filter(([name]) => !headers.some(([given]) => given === name)), ...headers],
      body: body === undefined ? undefined : Buffer.from(body),
    },
  }
}

const SEGMENTS: readonly string[] = [
  '%00',
  'a%00b',
  '%ED%A0%80',
  '%FF',
  '%',
  '%zz',
  '..%2f..%2fetc%2fpasswd',
  '__proto__',
  '0',
  '9223372036854775808',
  '0000',
  '10000-01-01',
  'x'.repeat(7_000),
]
const NAMES: readonly string[] =
  'after until day state category q phone number done about chain contact'.split(' ')
/** Days at the ends of the calendar and places in lists, tried whatever chance adds. */
const PLACES: readonly string[] = [
  ...['0000-01-01', '2026-02-30', '9999-12-31'],
  ...['0000-01-01', '2026-02-30'].map((day) => `${day}.00000000-0000-7000-8000-000000000000.due`),
  ...['999999999.999999999999999999', '9999999999999999999.00000000-0000-7000-8000-000000000000'],
]

function* addressAttacks(ground: Ground, route: PersonRoute, dice: Dice, times: number): Generator<Attack> {
  for (const segment of route.path.includes(':') ? SEGMENTS : []) {
    const target = addressOf(ground, route.path.replace(/:\w+/, segment))
    yield shoot(ground, route, `${segment.slice(0, 30)} in the address`, {
      target,
      ...(route.method === 'POST' && { headers: [FORM], body: 'a=b' }),
    })
  }
  if (route.method === 'POST') return
  for (const name of NAMES)
    for (const text of texts(dice, times, ['after', 'until', 'day'].includes(name) ? PLACES : []))
      yield shoot(ground, route, `${JSON.stringify(text.slice(0, 40))} as ${name}`, {
        query: `?${name}=${escaped(text.slice(0, 3_000))}`,
      })
  for (const headers of Array.from({ length: times * 2 }, () => pick(dice, BAD_HEADERS)))
    yield shoot(ground, route, headers.map(([name, text]) => `${name}: ${text.slice(0, 30)}`).join(', '), {
      headers,
    })
}

function* formAttacks(
  ground: Ground,
  route: PersonRoute,
  forms: ReadonlyMap<string, Form>,
  dice: Dice,
  times: number,
): Generator<Attack> {
  const target = addressOf(ground, route.path)
  const shown = forms.get(target)?.fields ?? new Map<string, string>()
  const send = (
    what: string,
    body: string | Buffer,
    headers: readonly Header[] = [FORM],
    mustRefuse = false,
  ) => shoot(ground, route, what, { headers, body, mustRefuse })
  yield* wholeForms(send)
  yield send('a form of another page', 'a=b', [FORM, ['Sec-Fetch-Site', 'cross-site']], true)
  yield send('a form without a word of where it is from', 'a=b', [FORM, ['Sec-Fetch-Site', 'nonsense']], true)
  const names = shown.size > 0 ? [...shown.keys()] : ANY_FIELDS
  for (const name of names) {
    const isWhen = /day|date|until|at$|due|from|to$/.test(name)
    for (const text of texts(dice, times, isWhen ? [...DAYS, ...INSTANTS] : [])) {
      const fields = new Map([...shown, [name, text]])
      if (name !== 'once') fields.delete('once')
      const isBad = BAD_TEXTS.includes(text)
      yield send(
        `${JSON.stringify(text.slice(0, 40))} as ${name}`,
        formOf(fields),
        [FORM],
        isBad && text.includes('\u0000'),
      )
    }
    yield send(`${name} twice`, `${formOf(shown)}&${name}=1&${name}=2`, [FORM], true)
  }
  for (let n = 0; n < times * 2; n++) {
    const fields = [...new Set([...names, ...ANY_FIELDS])].map(
      (name) => [name, pick(dice, HOSTILE_TEXTS).slice(0, 4_000)] as const,
    )
    yield send('a text of chance in every field', formOf(new Map(fields)))
  }
}

type Send = (what: string, body: string | Buffer, headers?: readonly Header[], mustRefuse?: boolean) => Attack

function* wholeForms(send: Send): Generator<Attack> {
  const MULTIPART: Header = ['Content-Type', 'multipart/form-data; boundary=b']
  yield send('no form', '')
  yield send('JSON', '{"a":1}', [['Content-Type', 'application/json']])
  yield send('a stray percent sign', '%=%zz&%')
  yield send('prototypes', '__proto__=1&constructor=2&toString=3')
  yield send('a name with a NUL', 'a%00b=1', [FORM], true)
  yield send('nested names', 'a[b][c]=1&a[]=2')
  yield send('a thousand fields', 'a=1&'.repeat(1_000), [FORM], true)
  yield send('two megabytes', `a=${'x'.repeat(BIG)}`, [FORM], true)
  yield send(
    'another charset',
    'a=1',
    [['Content-Type', 'application/x-www-form-urlencoded; charset=utf-16']],
    true,
  )
  yield send('an encoding that is none', 'a=1', [FORM, ['Content-Encoding', 'nonsense']], true)
  yield send('pressed and not so', 'a=1', [FORM, ['Content-Encoding', 'gzip']], true)
  yield send('multipart without a boundary', '--b\r\n', [['Content-Type', 'multipart/form-data']], true)
  yield send(
    'multipart that ends early',
    '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx',
    [MULTIPART],
    true,
  )
  yield send(
    'two files',
    `${'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'.repeat(2)}--b--\r\n`,
    [MULTIPART],
    true,
  )
  yield send(
    'a file of another name',
    '--b\r\nContent-Disposition: form-data; name="__proto__"; filename="../../a\u0000"\r\n\r\nx\r\n--b--\r\n',
    [MULTIPART],
    true,
  )
}

function texts(dice: Dice, times: number, surely: readonly string[]): string[] {
  return ['a\u0000b', ...surely, ...Array.from({ length: times }, () => pick(dice, HOSTILE_TEXTS))]
}

function formOf(fields: ReadonlyMap<string, string>): string {
  return [...fields].map(([name, text]) => `${escaped(name)}=${escaped(text)}`).join('&')
}

/** Percent-escaped, half a character as its three bytes. */
function escaped(text: string): string {
  return [...text]
    .map((char) => (/\p{Surrogate}/u.test(char) ? '%ED%A0%80' : encodeURIComponent(char)))
    .join('')
}
