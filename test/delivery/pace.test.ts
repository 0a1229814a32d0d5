import { describe, expect, it } from 'vitest'
import {
  attemptRef,
  MOST_ATTEMPTS,
  parseAttemptRef,
  retryDelaySeconds,
} from '../../src/delivery/lifecycle.ts'
import { dispatchSize, mostInFlight, sliceSize } from '../../src/delivery/pace.ts'

describe('how long a refused message waits', () => {
  it.each([
    [0, 2],
    [1, 2],
    [2, 4],
    [3, 8],
    [7, 128],
    [8, 256],
    [9, 300],
    [12, 300],
    [1_000, 300],
  ])('after attempt %i: %i seconds', (attemptNo, seconds) => {
    expect(retryDelaySeconds(attemptNo)).toBe(seconds)
  })

  it('is in all, until it counts as failed, a quarter of an hour or more and less than an hour', () => {
    const all = Array.from({ length: MOST_ATTEMPTS - 1 }, (_, n) => retryDelaySeconds(n + 1))
    const sum = all.reduce((total, seconds) => total + seconds, 0)
    expect(sum).toBeGreaterThan(15 * 60)
    expect(sum).toBeLessThan(60 * 60)
  })
})

describe('how much is taken at once', () => {
  it.each([
    [0.1, 1_000_000, 1, 1, 192],
    [1, 1_000_000, 2, 1, 192],
    [10, 1_000_000, 20, 1, 192],
    [20, 1_000_000, 40, 2, 192],
    [80, 1_000_000, 160, 8, 192],
    [250, 1_000_000, 500, 25, 192],
    [640, 1_000_000, 1_000, 64, 192],
    [700, 1_000_000, 1_000, 70, 210],
    [960, 1_000_000, 1_000, 96, 288],
    [1_000, 1_000_000, 1_000, 100, 300],
    [1_920, 1_000_000, 1_000, 192, 576],
    [10_000, 1_000_000, 1_000, 192, 576],
    [10_000, 16_000, 1_000, 192, 576],
    [10_000, 15_999, 1_000, 192, 576],
    [10_000, 4_000, 250, 192, 576],
    [500, 4_000, 250, 50, 192],
    [80, 4_000, 160, 8, 192],
    [10_000, 1_601, 101, 192, 576],
    [10_000, 1_600, 100, 192, 576],
    [10_000, 1, 100, 192, 576],
  ])(
    'at %d messages a second, to %i people: slices of %i, in batches of %i, of which %i messages may be under way',
    (perSecond, recipients, slice, batch, flying) => {
      expect(sliceSize(perSecond, recipients)).toBe(slice)
      expect(dispatchSize(perSecond)).toBe(batch)
      expect(mostInFlight(perSecond)).toBe(flying)
    },
  )
})

describe('the name of an attempt', () => {
  it.each([
    [1n, 1],
    [999_999_999_999_999_999n, 12],
  ])('is read back as it was written', (messageId, attemptNo) => {
    expect(parseAttemptRef(attemptRef(messageId, attemptNo))).toEqual({ messageId, attemptNo })
  })

  it.each([
    '',
    'dc',
    'dc.1',
    'dc.1.',
    'dc.0.1',
    'dc.1.0',
    'dc.01.1',
    'dc.-1.1',
    'dc.1.1.1',
    ' dc.1.1',
    'dc.1.1 ',
    'DC.1.1',
    'dc.1e3.1',
    'dc.9999999999999999999.1',
    'dc.1.99999',
    'x.1.1',
    'dc.１.1',
  ])('is not %j', (ref) => {
    expect(parseAttemptRef(ref)).toBeUndefined()
  })
})
