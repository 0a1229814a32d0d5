import { type Dice, pick } from '../crash/dice.ts'

const HALF = '\uD800'
const LONG = 100_000

/** Texts that are no text, or read as something else by whoever is careless. */
export const BAD_TEXTS: readonly string[] = ['a\u0000b', '\u0000', HALF, `x${HALF}y`, '\uDFFFtail']

const TEXTS: readonly string[] = [
  '',
  ' ',
  '\t\r\n',
  'x'.repeat(LONG),
  ' '.repeat(LONG),
  `${'a'.repeat(50_000)}!`,
  '€'.repeat(5_000),
  '👨‍👩‍👧‍👦'.repeat(2_000),
  '\u202Egnp.exe',
  '\uFEFFx',
  '\u0007\u001B[2J',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "'; DROP TABLE messages; --",
  '{{constructor.constructor}}',
  '#{7*7}',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  'true',
  'null',
  'NaN',
  'Infinity',
]

/** Around the days that a calendar, a database and JavaScript each end at. */
export const DAYS: readonly string[] = [
  '0000-01-01',
  '0000-12-31',
  '0001-01-01',
  '0099-06-15',
  '1582-10-10',
  '9999-12-31',
  '10000-01-01',
  '+010000-01-01',
  '-000001-01-01',
  '275760-09-13',
  '2026-02-29',
  '2026-02-30',
  '2026-04-31',
  '2026-13-01',
  '2026-00-00',
  '2026-1-1',
  '0000-00-00',
  '20261201',
  '2026-W10-1',
]

export const INSTANTS: readonly string[] = [
  ...DAYS.flatMap((day) => [`${day}T00:00:00Z`, `${day}T09:00:00`, `${day}T23:59`]),
  '0000-01-01T00:00:00+23:59',
  '0001-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59-23:59',
  '9999-12-31T23:59:59.999999999Z',
  '2026-12-01T24:00:00Z',
  '2026-12-01T25:61:61Z',
  '2026-12-31T23:59:60Z',
  '2026-12-01T00:00:00+99:99',
  '2026-12-01T00:00:00',
  '9999-12-31T23:59:59',
  'now',
  'infinity',
  '-infinity',
  'epoch',
]

const NUMERALS: readonly string[] = [
  '0',
  '-0',
  '-1',
  '-99999999999999.9999',
  '99999999999999.9999',
  '999999999999999',
  '9'.repeat(400),
  '1e308',
  '1e-7',
  '0x10',
  '1_000',
  '1,000.00',
  '.5',
  '5.',
  '0.00001',
  '٣',
  '９９',
  '9223372036854775807',
  '9223372036854775808',
  '2147483648',
  '18446744073709551616',
]

const NAMES: readonly string[] = [
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-7000-8000-000000000000',
  'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
  '{0192f0c1-0000-7000-8000-000000000000}',
  '0192f0c100007000800000000000000',
  '999999999999999999',
  '000000000000000001',
]

/** Where words of a language stand: zones, rules, addresses, numbers, countries. */
const WORDS: readonly string[] = [
  'Etc/GMT+99',
  'Asia/Jakarta/..',
  'UTC+25:00',
  '+99:99',
  'XX',
  'ZZZ',
  'idr',
  'IDRX',
  '* * * * * *',
  '0 0 30 2 *',
  '0 0 31 2,4,6,9,11 *',
  '*/0 * * * *',
  '@reboot',
  'FREQ=SECONDLY',
  'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30',
  'FREQ=DAILY;INTERVAL=0',
  'FREQ=DAILY;INTERVAL=-1',
  'FREQ=DAILY;COUNT=999999999',
  'FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366',
  'FREQ=DAILY;UNTIL=99991231T235959Z',
  'RRULE:FREQ=DAILY\nDTSTART:00000101T000000Z',
  `FREQ=DAILY;BYHOUR=${Array.from({ length: 24 }, (_, n) => n).join(',')};BYMINUTE=${Array.from({ length: 60 }, (_, n) => n).join(',')}`,
  `+${'9'.repeat(60)}`,
  '+62812345678\u0001',
  'a@b',
  `${'a'.repeat(250)}@example.com`,
  '"a b"@example.com',
  'http://[::',
  'https://user:pass@127.0.0.1:1/',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'data:text/html,x',
  '{{#if name}}',
  '{{name}}'.repeat(2_000),
]

export const HOSTILE_TEXTS: readonly string[] = [
  ...BAD_TEXTS,
  ...TEXTS,
  ...DAYS,
  ...INSTANTS,
  ...NUMERALS,
  ...NAMES,
  ...WORDS,
]

/** JSON as it is written, for what no value of ours stands for. */
const RAW: readonly string[] = [
  'null',
  'true',
  '[]',
  '{}',
  '[[[[[[]]]]]]',
  '[null]',
  '[""]',
  '0',
  '-0',
  '-1',
  '1.5',
  '0.1',
  '1e21',
  '1e308',
  '1e400',
  '-1e400',
  '5e-324',
  '2147483648',
  '-2147483649',
  '9007199254740993',
  '9223372036854775808',
  '99999999999999999999999999999999',
  '{"__proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}}}',
  '{"length":1e9}',
  '{"toString":1,"valueOf":1}',
  '{"toJSON":1}',
  `[${'0,'.repeat(20_000)}0]`,
  `{${Array.from({ length: 5_000 }, (_, n) => `"k${n}":${n}`).join(',')}}`,
  nested('[', ']', 10_000),
  nested('{"a":', '}', 10_000),
]

/** A value that nobody meant, as JSON: of another type, or a text that is no such text. */
export function hostileJson(dice: Dice): string {
  return dice() < 0.4 ? pick(dice, RAW) : JSON.stringify(pick(dice, HOSTILE_TEXTS))
}

/** Those that must be tried of a place that holds a text, whatever chance makes of the rest. */
export function surelyHostile(format: string | undefined): readonly string[] {
  const texts = format === 'date' ? DAYS : format === 'date-time' ? INSTANTS : []
  return [BAD_TEXTS[0]!, HALF, ...texts].map((text) => JSON.stringify(text))
}

export function nested(open: string, close: string, depth: number): string {
  return `${open.repeat(depth)}${open.startsWith('{') ? '1' : ''}${close.repeat(depth)}`
}
