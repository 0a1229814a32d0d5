import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, SECRET_KEY_MIN_CHARS } from './config.ts'

/** Seals small secrets for the database, so that a copy of the database alone opens none of them. */
export type SecretBox = {
  /** Encrypts a JSON-safe value. `boundTo` (a sender's id) must be given again to open it. */
  seal(value: unknown, boundTo: string): Buffer
  /** @throws if it was sealed with another key, bound to another id, or altered */
  open(sealed: Uint8Array, boundTo: string): unknown
  /** A secret that follows from the key and a purpose, for what needs no storing; base64url. */
  derive(purpose: string): string
}

const VERSION = 1
const IV_BYTES = 12
const TAG_BYTES = 16
const HEAD_BYTES = 1 + IV_BYTES + TAG_BYTES

/** AES-256-GCM with a key of its own from SECRET_KEY (HKDF-SHA256): version, nonce, tag, ciphertext. */
export function openSecretBox(secretKey: string): SecretBox {
  const key = subkey(secretKey, 'duecast sealed secrets, version 1')
  const root = subkey(secretKey, 'duecast derived secrets, version 1')
  return {
    seal: (value, boundTo) => seal(key, value, boundTo),
    open: (sealed, boundTo) => open(key, Buffer.from(sealed), boundTo),
    derive: (purpose) => createHmac('sha256', root).update(purpose).digest('base64url'),
  }
}

/**
 * The installation's key: SECRET_KEY, or else one that needs no care. With the embedded database it is made once and
 * kept in the data folder, readable by its owner only. With DATABASE_URL it follows from that URL's user and password,
 * so that every machine has the same one and a copy of the database alone opens nothing; changing that password then
 * needs the senders' secrets entered again, which is why a SECRET_KEY of its own is better.
 */
export function secretKeyOf(config: Pick<Config, 'secretKey' | 'dataDir' | 'databaseUrl'>): string {
  if (config.secretKey !== undefined) return config.secretKey
  if (config.databaseUrl !== undefined) return keyFromUrl(config.databaseUrl)
  const path = join(config.dataDir, 'secret.key')
  return readKey(path) ?? makeKey(path, config.dataDir)
}

function keyFromUrl(databaseUrl: string): string {
  const { username, password, pathname } = new URL(databaseUrl)
  return createHmac('sha256', `${username}:${password}`)
    .update(`duecast secret key of ${pathname}`)
    .digest('base64url')
}

function subkey(secretKey: string, purpose: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, 'duecast', purpose, 32))
}

function seal(key: Buffer, value: unknown, boundTo: string): Buffer {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(boundTo))
  const ciphertext = Buffer.concat([cipher.update(JSON.stringify(value), 'utf8'), cipher.final()])
  return Buffer.concat([Buffer.from([VERSION]), iv, cipher.getAuthTag(), ciphertext])
}

function open(key: Buffer, sealed: Buffer, boundTo: string): unknown {
  if (sealed.length < HEAD_BYTES || sealed[0] !== VERSION)
    throw new Error('not a sealed secret of this version')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 1 + IV_BYTES))
    .setAAD(Buffer.from(boundTo))
    .setAuthTag(sealed.subarray(1 + IV_BYTES, HEAD_BYTES))
  return JSON.parse(decrypt(decipher, sealed.subarray(HEAD_BYTES)))
}

function decrypt(decipher: ReturnType<typeof createDecipheriv>, ciphertext: Buffer): string {
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8')
  } catch {
    throw new Error('a secret does not open: SECRET_KEY is not the one that sealed it')
  }
}

function readKey(path: string): string | undefined {
  try {
    return wholeKey(readFileSync(path, 'utf8').trim(), path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

function wholeKey(key: string, path: string): string {
  if (key.length >= SECRET_KEY_MIN_CHARS) return key
  throw new Error(`${path} does not hold a key of ${SECRET_KEY_MIN_CHARS} characters or more`)
}

/** Written aside and linked into place: whoever comes second finds a whole key, never half of one. */
function makeKey(path: string, folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(draft, `${randomBytes(48).toString('base64')}\n`, { mode: 0o600, flag: 'wx' })
  try {
    linkSync(draft, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8').trim()
}
