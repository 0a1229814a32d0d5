import type { RouteFacts } from '../../src/api/route.ts'
import { ROUTES } from '../../src/api/routes.ts'
import { type Dice, pick } from '../crash/dice.ts'
import { type Aim, aimAt, BIG, goodTarget, JSON_TYPE, NOWHERE, shown } from './aim.ts'
import type { Attack } from './attack.ts'
import { formAttacks } from './form-attacks.ts'
import type { Ground } from './ground.ts'
import { BAD_HEADERS, BODY_TYPES } from './headers.ts'
import { exampleOf, membersOf, withJsonAt } from './shape.ts'
import { BAD_TEXTS, HOSTILE_TEXTS, hostileJson, nested, surelyHostile } from './values.ts'

/** Attacks on every route of the API's table that stands behind the wall: `times` by chance at each of its places. */
export function* programAttacks(ground: Ground, dice: Dice, times: number): Generator<Attack> {
  for (const { facts } of ROUTES) {
    if (facts.permission === 'public' && !isPlainGet(facts)) continue
    const aim = aimAt(ground, facts, dice)
    yield* addressAttacks(aim, times)
    if (facts.query) yield* queryAttacks(aim, times)
    if (facts.upload) yield* formAttacks(aim)
    else if (facts.method !== 'get') yield* bodyAttacks(aim, times)
    yield* headerAttacks(aim, times)
  }
}

/** Webhooks are attacked on their own, signed. */
function isPlainGet({ method, path }: RouteFacts): boolean {
  return method === 'get' && !path.startsWith('/webhooks/')
}

/** As they stand in an address; what is not plain is escaped, well or ill. */
const SEGMENTS: readonly string[] = [
  '%00',
  'a%00b',
  '%ED%A0%80',
  '%C0%AE%C0%AE',
  '%FF',
  '%E0%A4%A',
  '%',
  '%zz',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e',
  '%0d%0aX-Injected:%201',
  '__proto__',
  'constructor',
  "'%20OR%201=1--",
  'x'.repeat(200),
  'x'.repeat(7_000),
  '0',
  '-1',
  '9223372036854775808',
  '99999999999999999999',
  '0000',
  '10000',
  '1e3',
  '%F0%9F%98%80',
  '{id}',
  '[]',
  ';a=b',
  '*',
]

function* addressAttacks({ facts, at, dice, ground }: Aim, times: number): Generator<Attack> {
  const names = [...facts.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
  for (const name of names)
    for (const segment of SEGMENTS) {
      const target = goodTarget(ground, { ...facts, path: facts.path.replace(`{${name}}`, segment) }, dice)
      yield at(`${segment.slice(0, 30)} as ${name}`, { target })
    }
  for (let n = 0; n < times; n++) {
    const query = pick(dice, QUERIES)
    yield at(`the query ${query.slice(0, 40)}`, { query })
  }
}

const QUERIES: readonly string[] = [
  '?__proto__[isAdmin]=1',
  '?constructor=1',
  '?%00=1',
  '?x=%00',
  '?x=%ED%A0%80',
  '?%',
  '?%zz=%zz',
  '?=',
  '?&&&&',
  '?limit[]=1',
  '?limit=1&limit=2',
  `?${'a=1&'.repeat(2_000)}`,
  `?x=${'y'.repeat(12_000)}`,
  '?x=%FF%FE',
  '??',
]

function* queryAttacks({ facts, at, dice }: Aim, times: number): Generator<Attack> {
  for (const [name, member] of Object.entries(membersOf(facts.query!))) {
    const texts = [
      ...BAD_TEXTS.slice(0, 1),
      ...(name === 'cursor' ? CURSORS : []),
      ...surelyHostile(member.format).map((text) => JSON.parse(text) as string),
      ...Array.from({ length: times }, () => pick(dice, HOSTILE_TEXTS).slice(0, 3_000)),
    ]
    for (const text of texts) {
      const isNul = text.includes('\u0000')
      yield at(`${shown(text)} as ${name}`, { query: `?${name}=${escaped(text)}`, mustRefuse: isNul })
    }
    yield at(`${name} twice`, { query: `?${name}=1&${name}=2` })
    yield at(`half a character as ${name}`, { query: `?${name}=%ED%A0%80` })
  }
}

/** What decodes to a place of some list, and then is none. */
const CURSORS: readonly string[] = [
  ...[
    null,
    7,
    '',
    [],
    {},
    'a\u0000b',
    '\uD800',
    NOWHERE,
    '0',
    '999999999999999999',
    '9223372036854775808',
    [0, '1'],
    [2_147_483_647, '999999999999999999'],
    [-1, '1'],
    ['0', NOWHERE],
    ['9999999999999999999', NOWHERE],
    ['18446744073709551616', NOWHERE],
    ['0000-01-01T00:00:00Z', NOWHERE],
    ['9999-12-31T23:59:59Z', NOWHERE],
    ['0000-01-01', NOWHERE, 'due'],
    ['9999-12-31', NOWHERE, 'due'],
    ['2026-12-01', NOWHERE, 'a\u0000b'],
    ['2026-12-01', NOWHERE, '\uD800'],
    ['a\u0000b', 'c'],
    ['\uD800', '\uDFFF'],
    ['x', 'y'],
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59.999Z',
    { __proto__: null, length: 2 },
  ].map((place) => Buffer.from(JSON.stringify(place)).toString('base64url')),
  Buffer.from('not json').toString('base64url'),
  Buffer.from([0xff, 0xfe, 0]).toString('base64url'),
  Buffer.from(nested('[', ']', 300)).toString('base64url'),
  '!!!!',
  'A'.repeat(1_025),
]

function* bodyAttacks({ facts, at, dice, ground }: Aim, times: number): Generator<Attack> {
  const json = (what: string, body: string, mustRefuse = false) =>
    at(what, { headers: [JSON_TYPE], body, mustRefuse })
  for (const [what, bytes, mustRefuse] of BODIES)
    yield at(what, { headers: [JSON_TYPE], body: bytes, mustRefuse })
  if (!facts.body) return
  const { places } = exampleOf(facts.body, ground.known, () => 0)
  for (const { path, format } of places)
    for (const hostile of surelyHostile(format)) {
      const { value } = exampleOf(facts.body, ground.known, () => 0)
      yield json(`${shown(hostile)} at ${path.join('.')}`, withJsonAt(value, path, hostile), isBad(hostile))
    }
  for (let n = 0; n < times * 6; n++) {
    const example = exampleOf(facts.body, ground.known, dice)
    const { path } = pick(dice, example.places)
    const hostile = hostileJson(dice)
    yield json(
      `${shown(hostile)} at ${path.join('.')}`,
      withJsonAt(example.value, path, hostile),
      isBad(hostile),
    )
  }
  for (const headers of BODY_TYPES) {
    const { value } = exampleOf(facts.body, ground.known, dice)
    yield at(`a body with ${headers.map(([, text]) => text).join(', ')}`, {
      headers,
      body: JSON.stringify(value),
    })
  }
}

/** Whether a JSON text holds a text that none may be. */
function isBad(json: string): boolean {
  return /\\u0000|\\ud800|\\udfff/.test(json)
}

/** Whole bodies, and whether there is nothing in them to take. */
const BODIES: readonly (readonly [what: string, bytes: Buffer, mustRefuse: boolean])[] = [
  ['JSON cut short', Buffer.from('{"a":'), true],
  ['no JSON', Buffer.from('nul'), true],
  ['an array', Buffer.from('[]'), true],
  ['a number', Buffer.from('1e400'), true],
  ['a text', Buffer.from('"x"'), true],
  ['null', Buffer.from('null'), true],
  ['a prototype', Buffer.from('{"__proto__":{"isAdmin":true}}'), true],
  ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), true],
  ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), true],
  ['NUL bytes', Buffer.alloc(1_000), true],
  ['ten thousand levels of arrays', Buffer.from(nested('[', ']', 10_000)), true],
  ['ten thousand levels of objects', Buffer.from(nested('{"a":', '}', 10_000)), true],
  ['half a million brackets', Buffer.from('['.repeat(500_000)), true],
  ['two megabytes of text', Buffer.from(`{"name":"${'x'.repeat(BIG)}"}`), true],
  ['two megabytes of nothing', Buffer.alloc(BIG, ' '), true],
  ['a megabyte of objects', Buffer.from(`[${'{},'.repeat(340_000)}{}]`), true],
  [
    'a megabyte of names',
    Buffer.from(`{${Array.from({ length: 80_000 }, (_, n) => `"k${n}":1`).join(',')}}`),
    true,
  ],
  ['a megabyte of one name', Buffer.from(`{${'"k":1,'.repeat(150_000)}"k":1}`), true],
  ['a megabyte of numbers', Buffer.from(`{"a":[${'1e9,'.repeat(250_000)}1]}`), true],
  ['a million digits', Buffer.from(`{"a":${'9'.repeat(1_000_000)}}`), true],
]

function* headerAttacks({ at, dice }: Aim, times: number): Generator<Attack> {
  for (let n = 0; n < times; n++) {
    const headers = pick(dice, BAD_HEADERS)
    yield at(`the header ${headers.map(([name, text]) => `${name}: ${text.slice(0, 30)}`).join(', ')}`, {
      headers,
    })
  }
}

/** Percent-escaped, half a character as its three bytes. */
function escaped(text: string): string {
  return [...text]
    .map((char) => (/\p{Surrogate}/u.test(char) ? '%ED%A0%80' : encodeURIComponent(char)))
    .join('')
}
