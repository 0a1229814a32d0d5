import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openSecretBox, secretKeyOf } from '../../src/platform/secrets.ts'

const SENDER = 'sender-1'
const secrets = { access_token: 'EAA…', app_secret: 'ß' }

describe('a sealed secret', () => {
  const box = openSecretBox('a'.repeat(32))

  test('opens for the sender it was sealed for', () => {
    expect(box.open(box.seal(secrets, SENDER), SENDER)).toEqual(secrets)
  })

  test('is different each time and shows nothing', () => {
    const [one, other] = [box.seal(secrets, SENDER), box.seal(secrets, SENDER)]
    expect(one.equals(other)).toBe(false)
    expect(one.includes('EAA')).toBe(false)
  })

  test('does not open for another sender, under another key, or altered', () => {
    const sealed = box.seal(secrets, SENDER)
    const altered = Buffer.from(sealed)
    altered[altered.length - 1]! ^= 1
    expect(() => box.open(sealed, 'sender-2')).toThrow('does not open')
    expect(() => openSecretBox('b'.repeat(32)).open(sealed, SENDER)).toThrow('does not open')
    expect(() => box.open(altered, SENDER)).toThrow('does not open')
  })

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['too little', Buffer.from([1, 2, 3])],
    ['another version', Buffer.alloc(64, 2)],
  ])('is not %s', (_, bytes) => {
    expect(() => box.open(bytes, SENDER)).toThrow('not a sealed secret of this version')
  })

  test('that is derived follows from key and purpose alone', () => {
    expect(box.derive('webhook')).toBe(openSecretBox('a'.repeat(32)).derive('webhook'))
    expect(box.derive('webhook')).not.toBe(box.derive('cookie'))
    expect(box.derive('webhook')).not.toBe(openSecretBox('b'.repeat(32)).derive('webhook'))
  })
})

describe('the installation’s key', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'duecast-key-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('is the one that was given', () => {
    expect(secretKeyOf({ secretKey: 'given', dataDir: folder, databaseUrl: undefined })).toBe('given')
  })

  test('is made once, kept, and readable by its owner only', () => {
    const dataDir = join(folder, 'data')
    const key = secretKeyOf({ secretKey: undefined, dataDir, databaseUrl: undefined })
    expect(key.length).toBeGreaterThanOrEqual(64)
    expect(secretKeyOf({ secretKey: undefined, dataDir, databaseUrl: undefined })).toBe(key)
    expect(readFileSync(join(dataDir, 'secret.key'), 'utf8').trim()).toBe(key)
    expect(statSync(join(dataDir, 'secret.key')).mode & 0o777).toBe(0o600)
    expect(statSync(dataDir).mode & 0o777).toBe(0o700)
  })

  test('follows from the database’s URL where there is one, alike on every machine', () => {
    const keyOf = (databaseUrl: string) => secretKeyOf({ secretKey: undefined, dataDir: folder, databaseUrl })
    expect(keyOf('postgres://u:pw@one/duecast')).toBe(keyOf('postgres://u:pw@two:5433/duecast'))
    expect(keyOf('postgres://u:pw@one/duecast')).not.toBe(keyOf('postgres://u:other@one/duecast'))
  })

  test('is never a file that was cut short', () => {
    writeFileSync(join(folder, 'secret.key'), '')
    expect(() => secretKeyOf({ secretKey: undefined, dataDir: folder, databaseUrl: undefined })).toThrow(
      'does not hold a key',
    )
  })
})
