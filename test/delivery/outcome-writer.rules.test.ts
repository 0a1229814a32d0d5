import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { OutcomeWriter } from '../../src/delivery/outcome-writer.ts'
import type { Outcome } from '../../src/delivery/record.ts'

const outcomeOf = (messageId: number): Outcome => ({
  messageId: BigInt(messageId),
  attemptNo: 1,
  outcome: 'accepted',
  providerMessageId: `wamid.${messageId}`,
})

/** A writer that keeps what it was told to write; each batch ends when the test says so. */
function openWriter() {
  const batches: number[][] = []
  const ends: { written: () => void; failed: (error: Error) => void }[] = []
  const writer = new OutcomeWriter((batch) => {
    batches.push(batch.map(({ messageId }) => Number(messageId)))
    return new Promise<void>((written, failed) => ends.push({ written, failed }))
  })
  return { writer, batches, ends }
}

const flushed = () => vi.advanceTimersByTimeAsync(0)

describe('what came of the calls', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is written together a moment later, in the order of the messages', async () => {
    const { writer, batches } = openWriter()
    for (const id of [3, 1, 2]) void writer.add(outcomeOf(id))
    await vi.advanceTimersByTimeAsync(24)
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([[1, 2, 3]])
  })

  it('is written at once where it is much, or where nobody waits for more', async () => {
    const { writer, batches, ends } = openWriter()
    for (let id = 1; id <= 401; id++) void writer.add(outcomeOf(id))
    await flushed()
    expect(batches.map((batch) => batch.length)).toEqual([400])
    writer.flush()
    ends[0]!.written()
    await flushed()
    expect(batches.at(-1)).toEqual([401])
  })

  it('is written one batch after the other, and told when its own is', async () => {
    const { writer, batches, ends } = openWriter()
    const told: number[] = []
    const add = (id: number) => void writer.add(outcomeOf(id)).then(() => told.push(id))
    add(1)
    writer.flush()
    add(2)
    writer.flush()
    await flushed()
    expect([batches, told]).toEqual([[[1]], []])
    ends[0]!.written()
    await flushed()
    expect([batches, told]).toEqual([[[1], [2]], [1]])
    ends[1]!.written()
    await flushed()
    expect(told).toEqual([1, 2])
  })

  it('and could not be written is told to those whose it was, and holds up nobody else', async () => {
    const { writer, ends } = openWriter()
    const lost = writer.add(outcomeOf(1))
    writer.flush()
    const next = writer.add(outcomeOf(2))
    writer.flush()
    await flushed()
    ends[0]!.failed(new Error('no database'))
    await expect(lost).rejects.toThrow('no database')
    await flushed()
    ends[1]!.written()
    await expect(next).resolves.toBeUndefined()
  })

  it('is not written where there is nothing', async () => {
    const { writer, batches } = openWriter()
    writer.flush()
    await vi.advanceTimersByTimeAsync(1_000)
    expect(batches).toEqual([])
  })
})
