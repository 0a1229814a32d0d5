import { createCipheriv, createHash } from 'node:crypto'
import { CFB } from 'xlsx'

const SPINS = 50_000
const AES_128 = 0x660e
const SHA_1 = 0x8004
const FLAGS = 0x24
const PROVIDER_AES = 0x18

/**
 * A workbook under a password, as Excel 2007 keeps it (ECMA-376 standard encryption, MS-OFFCRYPTO 2.3.4): a compound file
 * with what the key is made of and the workbook under that key.
 */
export function encrypted(workbook: Buffer, password: string): Buffer {
  const salt = Buffer.from('0123456789abcdef')
  const key = keyOf(password, salt)
  const size = Buffer.alloc(8)
  size.writeBigUInt64LE(BigInt(workbook.length))
  const file = CFB.utils.cfb_new()
  CFB.utils.cfb_add(file, '/EncryptionInfo', Buffer.concat([header(), verifier(key, salt)]))
  CFB.utils.cfb_add(file, '/EncryptedPackage', Buffer.concat([size, lock(key, workbook)]))
  return Buffer.from(CFB.write(file, { type: 'buffer' }) as Uint8Array)
}

function keyOf(password: string, salt: Buffer): Buffer {
  let hash = sha1(salt, Buffer.from(password, 'utf16le'))
  for (let spin = 0; spin < SPINS; spin++) hash = sha1(uint32(spin), hash)
  const last = sha1(hash, uint32(0))
  const pad = Buffer.alloc(64, 0x36)
  for (const [at, byte] of last.entries()) pad[at] = 0x36 ^ byte
  return sha1(pad).subarray(0, 16)
}

function header(): Buffer {
  const provider = Buffer.from('Microsoft Enhanced RSA and AES Cryptographic Provider\0', 'utf16le')
  const words = [FLAGS, 0, AES_128, SHA_1, 128, PROVIDER_AES, 0, 0].map(uint32)
  const body = Buffer.concat([...words, provider])
  return Buffer.concat([Buffer.from([3, 0, 2, 0]), uint32(FLAGS), uint32(body.length), body])
}

/** By which a reader knows that the password is right. */
function verifier(key: Buffer, salt: Buffer): Buffer {
  const known = Buffer.from('fedcba9876543210')
  return Buffer.concat([uint32(salt.length), salt, lock(key, known), uint32(20), lock(key, sha1(known))])
}

function lock(key: Buffer, text: Buffer): Buffer {
  const cipher = createCipheriv('aes-128-ecb', key, null).setAutoPadding(false)
  const whole = Buffer.concat([text, Buffer.alloc((16 - (text.length % 16)) % 16)])
  return Buffer.concat([cipher.update(whole), cipher.final()])
}

function sha1(...parts: readonly Buffer[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
