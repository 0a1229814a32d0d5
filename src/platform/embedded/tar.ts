import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'

/** One file of an archive: its path in it, its size, and its bytes. */
export type Entry = { readonly path: string; readonly size: number; readonly bytes: AsyncIterable<Buffer> }

const BLOCK = 512
const PATH_LIMIT = 100
const SIZE_LIMIT = 8 ** 11

/** The bytes of a ustar archive, readable by every `tar`. Each file is readable by its owner alone. */
export async function* packTar(entries: AsyncIterable<Entry>): AsyncGenerator<Buffer> {
  for await (const { path, size, bytes } of entries) {
    yield header(path, size)
    let left = size
    for await (const chunk of bytes) {
      if (left === 0) break
      const part = chunk.subarray(0, left)
      left -= part.length
      yield part
    }
    // A file that has shrunk since is filled up: whoever restores it goes by the log of changes.
    yield Buffer.alloc(left + ((BLOCK - (size % BLOCK)) % BLOCK))
  }
  yield Buffer.alloc(2 * BLOCK)
}

/** The first `size` bytes of a file, as an entry. */
export function fileEntry(path: string, source: string, size: number): Entry {
  const bytes =
    size === 0 ? nothing() : (createReadStream(source, { end: size - 1 }) as AsyncIterable<Buffer>)
  return { path, size, bytes }
}

/** A text, as an entry. */
export function textEntry(path: string, text: string): Entry {
  const bytes = Buffer.from(text)
  return { path, size: bytes.length, bytes: once(bytes) }
}

/**
 * The files of a ustar archive, one after the other. What is not read of a file is passed over.
 * @throws Error for what is no such archive, or breaks off
 */
export async function* unpackTar(stream: Readable): AsyncGenerator<Entry> {
  const source = reader(stream)
  for (;;) {
    const block = await source.exactly(BLOCK)
    if (block.every((byte) => byte === 0)) return
    const { path, size } = readHeader(block)
    const bytes = source.upTo(size)
    yield { path, size, bytes }
    for await (const _ of bytes);
    await source.exactly((BLOCK - (size % BLOCK)) % BLOCK)
  }
}

function header(path: string, size: number): Buffer {
  if (Buffer.byteLength(path) > PATH_LIMIT || size >= SIZE_LIMIT) throw new Error(`${path} fits no archive`)
  const block = Buffer.alloc(BLOCK)
  block.write(path, 0)
  block.write('0000600\0', 100)
  block.write('0000000\0', 108)
  block.write('0000000\0', 116)
  block.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  block.write('00000000000\0', 136)
  block.write('        ', 148)
  block.write('0', 156)
  block.write('ustar\x0000', 257)
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148)
  return block
}

function readHeader(block: Buffer): { path: string; size: number } {
  const written = Number.parseInt(block.toString('latin1', 148, 156), 8)
  block.write('        ', 148)
  const size = Number.parseInt(block.toString('latin1', 124, 136), 8)
  if (block.toString('latin1', 257, 262) !== 'ustar' || checksum(block) !== written || !(size >= 0))
    throw new Error('this is no archive of ours, or it is damaged')
  return { path: block.toString('utf8', 0, PATH_LIMIT).replace(/\0.*$/s, ''), size }
}

function checksum(block: Buffer): number {
  return block.reduce((sum, byte) => sum + byte, 0)
}

/** A stream read in pieces of a known size. */
function reader(stream: Readable) {
  const chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  let rest: Buffer = Buffer.alloc(0)
  const next = async (): Promise<Buffer> => {
    const { value, done } = await chunks.next()
    if (done) throw new Error('the archive breaks off')
    return value
  }
  return {
    async exactly(size: number): Promise<Buffer> {
      while (rest.length < size) rest = Buffer.concat([rest, await next()])
      const taken = Buffer.from(rest.subarray(0, size))
      rest = rest.subarray(size)
      return taken
    },
    async *upTo(size: number): AsyncGenerator<Buffer> {
      let left = size
      while (left > 0) {
        if (rest.length === 0) rest = await next()
        const part = rest.subarray(0, left)
        rest = rest.subarray(part.length)
        left -= part.length
        yield part
      }
    },
  }
}

async function* nothing(): AsyncGenerator<Buffer> {}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes
}
