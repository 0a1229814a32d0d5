export type Header = readonly [name: string, value: string]

/** Types, charsets and encodings that a body does not have. */
export const BODY_TYPES: readonly (readonly Header[])[] = [
  [],
  [['Content-Type', 'text/plain']],
  [['Content-Type', 'application/json; charset=utf-16']],
  [['Content-Type', 'application/json; charset=latin1']],
  [['Content-Type', 'application/json; charset="']],
  [['Content-Type', `application/json; x=${'y'.repeat(4_000)}`]],
  [['Content-Type', 'application/x-www-form-urlencoded']],
  [['Content-Type', 'multipart/form-data']],
  [['Content-Type', ';;;']],
  [['Content-Type', '\u00ff\u00fe/json']],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'gzip'],
  ],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'br'],
  ],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'deflate'],
  ],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'zstd'],
  ],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', 'gzip, gzip'],
  ],
  [
    ['Content-Type', 'application/json'],
    ['Content-Encoding', '__proto__'],
  ],
]

/** Headers that say nonsense, or too much. */
export const BAD_HEADERS: readonly (readonly Header[])[] = [
  [['Authorization', 'Bearer']],
  [['Authorization', 'Bearer \u00ff\u00fe']],
  [['Authorization', `Bearer ${'x'.repeat(8_000)}`]],
  [['Authorization', 'Basic OjoK']],
  [['Authorization', `Bearer dck_${'0'.repeat(43)}`]],
  [['Idempotency-Key', '']],
  [['Idempotency-Key', '\u00ff']],
  [['Idempotency-Key', 'x'.repeat(300)]],
  [
    ['Idempotency-Key', 'one'],
    ['Idempotency-Key', 'two'],
  ],
  [['X-Request-Id', '\u00ff'.repeat(50)]],
  [['X-Request-Id', 'x'.repeat(4_000)]],
  [['X-Request-Id', '{"$gt":""}']],
  [['Accept-Language', '*;q=9,'.repeat(600)]],
  [['Accept-Language', '__proto__']],
  [['Accept', '\u00ff/;;q=x']],
  [['Accept-Encoding', 'gzip;q=nonsense, \u00ff']],
  [['Range', 'bytes=0-,-1,99999999999-']],
  [['If-None-Match', '*']],
  [['If-Modified-Since', '0000-00-00']],
  [['Cookie', '=;;;=\u00ff; __proto__=1']],
  [['Cookie', 'a=b; '.repeat(1_500)]],
  [['X-Forwarded-For', '::::,999.999.999.999,\u00ff']],
  [
    ['X-Forwarded-Host', 'evil.example.com'],
    ['X-Forwarded-Proto', 'javascript'],
  ],
  [['X-HTTP-Method-Override', 'DELETE']],
  [['Expect', '200-ok']],
  [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
  ],
  [['Connection', 'close']],
  [['Host', 'evil.example.com']],
  [['Host', '[::']],
  [['Host', '']],
  [['Last-Event-ID', '99999999999999999999']],
  [['Last-Event-ID', '\u00ff']],
  [['Transfer-Encoding', 'chunked, gzip']],
  [['Content-Length', '-1']],
  [
    ['Content-Length', '5'],
    ['Transfer-Encoding', 'chunked'],
  ],
  [['X-Large', 'y'.repeat(20_000)]],
]
