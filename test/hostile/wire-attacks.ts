import type { Attack } from './attack.ts'
import { BAD_HEADERS } from './headers.ts'
import type { WireRequest } from './wire.ts'

const GET = { method: 'GET', target: '/v1/wallet', headers: [] } as const
const POST = { method: 'POST', target: '/v1/campaigns' } as const
const HOST = ['Host', 'localhost'] as const
const chunked = (body: string): WireRequest => ({
  ...POST,
  bare: true,
  headers: [HOST, ['Transfer-Encoding', 'chunked'], ['Content-Type', 'application/json']],
  body: Buffer.from(body),
})

/** Requests that are hardly HTTP: no route is reached by them, and each is answered with a problem all the same. */
const REQUESTS: Readonly<Record<string, WireRequest>> = {
  'no host': { ...GET, bare: true },
  'an empty host': { ...GET, headers: [['Host', '']] },
  'two hosts': { ...GET, headers: [HOST, ['Host', 'evil.example.com']] },
  'an expectation': { ...GET, headers: [['Expect', '200-ok']] },
  'an expectation of nothing': { ...GET, headers: [['Expect', '']] },
  'an expectation with a body': { ...POST, headers: [['Expect', 'x']], body: Buffer.from('{}') },
  'a method that is none': { ...GET, method: 'FOO' },
  'a method in small letters': { ...GET, method: 'get' },
  'the method TRACE': { ...GET, method: 'TRACE' },
  'the method CONNECT': { ...GET, method: 'CONNECT', target: 'example.com:443' },
  'the method PURGE': { ...GET, method: 'PURGE' },
  'the method M-SEARCH on everything': { ...GET, method: 'M-SEARCH', target: '*' },
  'OPTIONS of everything': { ...GET, method: 'OPTIONS', target: '*' },
  'another version': { ...GET, version: 'HTTP/3.0' },
  'no version': { ...GET, version: '' },
  'HTTP/1.0': { ...GET, version: 'HTTP/1.0', bare: true },
  'an address without a slash': { ...GET, target: 'v1/wallet' },
  'an address of another host': { ...GET, target: 'http://evil.example.com/v1/wallet' },
  'two slashes': { ...GET, target: '//evil.example.com/v1/wallet' },
  'a backslash': { ...GET, target: '/v1\\wallet' },
  'an address that climbs': { ...GET, target: '/v1/../../../etc/passwd' },
  'an address with a NUL': { ...GET, target: '/v1/wal\u0000let' },
  'an address of other bytes': { ...GET, target: '/v1/\u00ff\u00fe' },
  'an address with a space': { ...GET, target: '/v1/wallet x' },
  'an address of thirty kilobytes': { ...GET, target: `/${'x'.repeat(30_000)}` },
  'a stray percent sign': { ...GET, target: '/%' },
  'escaped half a character': { ...GET, target: '/v1/%ED%A0%80' },
  'escaped NUL': { ...GET, target: '/%00' },
  'a header with a NUL': { ...GET, headers: [['X-A', 'a\u0000b']] },
  'a header that is folded': { ...GET, headers: [['X-A', 'a\r\n b']] },
  'a header without a colon': { ...GET, bare: true, headers: [HOST], version: 'HTTP/1.1\r\nnonsense' },
  'a header with a space in its name': { ...GET, headers: [['X A', 'b']] },
  'three thousand headers': { ...GET, headers: Array.from({ length: 3_000 }, () => ['A', 'b'] as const) },
  'a header of twenty kilobytes': { ...GET, headers: [['X-A', 'x'.repeat(20_000)]] },
  'a length below nothing': { ...POST, bare: true, headers: [HOST, ['Content-Length', '-1']] },
  'a length that is no number': { ...POST, bare: true, headers: [HOST, ['Content-Length', 'x']] },
  'a length beyond everything': {
    ...POST,
    bare: true,
    headers: [HOST, ['Content-Length', '99999999999999999999']],
  },
  'two lengths': {
    ...POST,
    bare: true,
    headers: [HOST, ['Content-Length', '1'], ['Content-Length', '2']],
    body: Buffer.from('{}'),
  },
  'a length and chunks': {
    ...POST,
    bare: true,
    headers: [HOST, ['Content-Length', '5'], ['Transfer-Encoding', 'chunked']],
    body: Buffer.from('0\r\n\r\n'),
  },
  'an encoding that is none': {
    ...POST,
    bare: true,
    headers: [HOST, ['Transfer-Encoding', 'gzip']],
    body: Buffer.from('x'),
  },
  'a chunk of no size': chunked('x\r\n{}\r\n0\r\n\r\n'),
  'a chunk larger than it says': chunked('1\r\n{}{}\r\n0\r\n\r\n'),
  'a chunk with a long word': chunked(`2;${'x'.repeat(20_000)}\r\n{}\r\n0\r\n\r\n`),
  'a chunk of a size beyond everything': chunked('FFFFFFFFFFFFFFFFFF\r\n{}'),
  'a request to become something else': {
    ...GET,
    headers: [
      ['Upgrade', 'h2c'],
      ['Connection', 'Upgrade, HTTP2-Settings'],
      ['HTTP2-Settings', 'AAMAAABkAAQAAP__'],
    ],
  },
  'the greeting of TLS': {
    method: '\u0016\u0003\u0001\u0002',
    target: '',
    headers: [],
    bare: true,
    version: '',
  },
  'nothing but a line': { method: '', target: '', headers: [], bare: true, version: '' },
}

export function* wireAttacks(): Generator<Attack> {
  for (const [what, request] of Object.entries(REQUESTS))
    yield { route: 'no route', what, request, door: 'program' }
  for (const headers of BAD_HEADERS)
    for (const target of ['/', '/nowhere', '/v1/nowhere', '/healthz'])
      yield {
        route: 'no route',
        what: `${headers.map(([name, text]) => `${name}: ${text.slice(0, 30)}`).join(', ')} at ${target}`,
        request: { method: 'GET', target, headers },
        door: target === '/' ? 'person' : 'program',
      }
}
