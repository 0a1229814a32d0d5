import { deflateSync, gzipSync } from 'node:zlib'
import { pick } from '../crash/dice.ts'
import { type Aim, BIG, JSON_TYPE, shown } from './aim.ts'
import type { Attack } from './attack.ts'
import type { Header } from './headers.ts'
import { membersOf } from './shape.ts'
import { hostileSheets } from './sheets.ts'
import { HOSTILE_TEXTS, nested } from './values.ts'

const BOUNDARY = 'frontier'
const MULTIPART: Header = ['Content-Type', `multipart/form-data; boundary=${BOUNDARY}`]
const filePart = (head: string, body: string) => `--${BOUNDARY}\r\n${head}\r\n\r\n${body}\r\n`
const FILE = 'Content-Disposition: form-data; name="file"; filename="a.csv"'
const end = `--${BOUNDARY}--\r\n`

/** Forms with a file as no browser sends them, and every hostile file in a good one. */
export function* formAttacks({ at, facts, ground, dice }: Aim): Generator<Attack> {
  const form = (what: string, body: string | Buffer, mustRefuse = false) =>
    at(what, { headers: [MULTIPART], body, mustRefuse })
  const good = filePart(FILE, 'No HP\n081234567890')
  yield at('a form without a boundary', {
    headers: [['Content-Type', 'multipart/form-data']],
    body: good + end,
    mustRefuse: true,
  })
  yield at('a form of another type', { headers: [JSON_TYPE], body: '{}', mustRefuse: true })
  yield at('a form with a boundary of two hundred letters', {
    headers: [['Content-Type', `multipart/form-data; boundary=${'b'.repeat(200)}`]],
    body: good,
  })
  yield form('no file', filePart('Content-Disposition: form-data; name="sheet"', '1') + end, true)
  yield form('a form that ends early', good.slice(0, -30), true)
  yield form('a form without an end', good)
  yield form('two files', good + good + end, true)
  yield form('a file of another name', filePart(FILE.replace('"file"', '"__proto__"'), 'x') + end, true)
  yield form(
    'a name that is a prototype',
    good + filePart('Content-Disposition: form-data; name="__proto__"', '1') + end,
  )
  yield form(
    'nested names',
    good + filePart('Content-Disposition: form-data; name="a[b][c]"', '1') + end,
    true,
  )
  yield form(
    'a thousand fields',
    good + filePart('Content-Disposition: form-data; name="sheet"', '1').repeat(1_000) + end,
    true,
  )
  yield form('a part without a name', filePart('Content-Disposition: form-data', 'x') + end, true)
  yield form('a part without a head', `--${BOUNDARY}\r\n\r\nx\r\n${end}`, true)
  yield form('a head of a hundred kilobytes', filePart(`${FILE}\r\nX: ${'y'.repeat(100_000)}`, 'x') + end)
  yield form('a file’s name with a NUL', filePart(FILE.replace('a.csv', 'a\u0000b.csv'), 'No HP\n1') + end)
  yield form('a file’s name that climbs', filePart(FILE.replace('a.csv', '../../etc/x'), 'No HP\n1') + end)
  yield form('a file’s name of a megabyte', filePart(FILE.replace('a.csv', 'n'.repeat(1_000_000)), 'x') + end)
  yield form('a file of two megabytes', filePart(FILE, 'x'.repeat(BIG)) + end)
  for (const name of Object.keys(facts.body ? membersOf(facts.body) : {}))
    for (const text of [
      'a\u0000b',
      nested('[', ']', 10_000),
      'x'.repeat(300_000),
      ...Array.from({ length: 4 }, () => pick(dice, HOSTILE_TEXTS)),
    ])
      yield form(
        `${shown(text)} as ${name}`,
        good + filePart(`Content-Disposition: form-data; name="${name}"`, text) + end,
        text.includes('\u0000'),
      )
  for (const { what, bytes } of hostileSheets().filter((sheet) => sheet.bytes.length < BIG))
    yield form(
      what,
      Buffer.concat([Buffer.from(`--${BOUNDARY}\r\n${FILE}\r\n\r\n`), bytes, Buffer.from(`\r\n${end}`)]),
    )
  yield at('a form that is pressed', {
    headers: [MULTIPART, ['Content-Encoding', 'gzip']],
    body: gzipSync(good + end),
  })
  yield at('a form that says it is pressed', {
    headers: [MULTIPART, ['Content-Encoding', 'deflate']],
    body: deflateSync(ground.url),
  })
}
