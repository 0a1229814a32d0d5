import { describe, expect, it } from 'vitest'
import {
  type ConditionRefusal,
  type Conditions,
  digestOf,
  faultsOf,
  purposeOf,
  type Step,
  unfitFor,
} from '../../src/reminders/sequence.ts'

const DUE: Step = {
  key: 'due',
  offset: 0,
  unit: 'days',
  templateId: 'a template',
  time: '09:00',
  until: '18:00',
  conditions: {},
  variables: {},
  dates: {},
}

describe('a ladder', () => {
  const steps = (count: number) => Array.from({ length: count }, (_, n) => ({ ...DUE, key: `step_${n}` }))

  it.each([
    [0, ['A sequence has 1 to 30 steps.']],
    [1, []],
    [30, []],
    [31, ['A sequence has 1 to 30 steps.']],
  ])('of %i steps: %j', (count, messages) => {
    expect(faultsOf({ steps: steps(count) })).toEqual(
      messages.map((message) => ({ path: 'steps', code: 'invalid', message })),
    )
  })

  it.each<[string, Partial<Step>]>([
    ['a key of a letter', { key: 'a' }],
    ['a key of forty', { key: `a${'_'.repeat(38)}9` }],
    ['a step a year before', { offset: -366 }],
    ['a step a year after', { offset: 366 }],
    ['the whole day', { time: '00:00', until: '23:59' }],
    ['a single minute', { time: '19:59', until: '20:00' }],
  ])('may have %s', (_, change) => {
    expect(faultsOf({ steps: [{ ...DUE, ...change }] })).toEqual([])
  })

  const badKey = 'A key is up to 40 small letters, digits and underscores, and begins with a letter.'
  const badOffset = 'A step is at most 366 days from the due date.'
  const badTime = 'A time is written as 09:00.'
  const badUntil = 'A time is written as 18:00.'
  it.each<[string, Partial<Step>, string, string]>([
    ['no key', { key: '' }, 'key', badKey],
    ['a key of forty-one', { key: 'a'.repeat(41) }, 'key', badKey],
    ['a key of capitals', { key: 'Due' }, 'key', badKey],
    ['a key that begins with a digit', { key: '1st' }, 'key', badKey],
    ['a key of two words', { key: 'due date' }, 'key', badKey],
    ['the key of another', { key: 'first' }, 'key', 'Two steps have this key.'],
    ['a step earlier than a year before', { offset: -367 }, 'offset', badOffset],
    ['a step later than a year after', { offset: 367 }, 'offset', badOffset],
    ['half a day', { offset: 0.5 }, 'offset', badOffset],
    ['an hour without its nought', { time: '9:00' }, 'time', badTime],
    ['a 24th hour', { time: '24:00' }, 'time', badTime],
    ['a 60th minute', { time: '09:60' }, 'time', badTime],
    ['seconds', { time: '09:00:00' }, 'time', badTime],
    ['something before its time', { time: 'x09:00' }, 'time', badTime],
    ['an end on the next day', { until: '24:00' }, 'until', badUntil],
    ['an end of words', { until: 'evening' }, 'until', badUntil],
    ['an end at its beginning', { until: '09:00' }, 'until', 'until must be later than time.'],
    ['an end before its beginning', { until: '08:59' }, 'until', 'until must be later than time.'],
  ])('with %s is told so, at its place', (_, change, of, message) => {
    expect(faultsOf({ steps: [{ ...DUE, key: 'first' }, DUE, { ...DUE, key: 'last', ...change }] })).toEqual([
      { path: `steps[2].${of}`, code: 'invalid', message },
    ])
  })

  it('is told of every bad step, and of all that is said of one, the first', () => {
    const bad = { ...DUE, key: 'x'.repeat(41), offset: 400, time: 'noon' }
    const worse = { ...DUE, offset: 400, time: 'noon' }
    expect(faultsOf({ steps: [bad, DUE, DUE, { ...worse, key: 'b' }] }).map(({ path }) => path)).toEqual([
      'steps[0].key',
      'steps[2].key',
      'steps[3].offset',
    ])
  })
})

it.each([
  [-1, 'utility', 'reminder'],
  [0, 'utility', 'reminder'],
  [1, 'utility', 'collection'],
  [-1, 'marketing', 'marketing'],
  [1, 'marketing', 'marketing'],
  [1, 'authentication', 'collection'],
] as const)('%i days after the due date, with a template of %s, it is %s', (offset, category, purpose) => {
  expect(purposeOf({ offset }, category)).toBe(purpose)
})

describe('for an invoice with 100 owed, tagged school and jakarta, reminded of twice and answered', () => {
  const invoice = { owedMinor: 100n, tags: ['school', 'jakarta'], messages: 2, answered: true }
  it.each<[Conditions, number | null, ConditionRefusal | undefined]>([
    [{}, null, undefined],
    [{ leastMinor: '100' }, null, undefined],
    [{ leastMinor: '101' }, null, 'condition_amount'],
    [{ mostMinor: '100' }, null, undefined],
    [{ mostMinor: '99' }, null, 'condition_amount'],
    [{ leastMinor: '100', mostMinor: '100' }, null, undefined],
    [{ tags: [] }, null, undefined],
    [{ tags: ['vip', 'jakarta'] }, null, undefined],
    [{ tags: ['vip', 'Jakarta'] }, null, 'condition_tag'],
    [{ withoutTags: [] }, null, undefined],
    [{ withoutTags: ['vip'] }, null, undefined],
    [{ withoutTags: ['vip', 'school'] }, null, 'condition_tag'],
    [{ tags: ['school'], withoutTags: ['jakarta'] }, null, 'condition_tag'],
    [{ unanswered: false }, null, undefined],
    [{ unanswered: true }, null, 'answered'],
    [{}, 3, undefined],
    [{}, 2, 'enough_messages'],
    [{}, 1, 'enough_messages'],
    [{}, 0, 'enough_messages'],
    [{ leastMinor: '101', tags: ['vip'], unanswered: true }, 0, 'condition_amount'],
    [{ tags: ['vip'], unanswered: true }, 0, 'condition_tag'],
    [{ unanswered: true }, 0, 'answered'],
  ])('a step that wants %j and at most %j messages is refused by %j', (conditions, most, refusal) => {
    expect(unfitFor({ ...DUE, conditions }, invoice, most)).toBe(refusal)
  })

  it('that nobody answered, a step for the unanswered is meant', () => {
    const step = { ...DUE, conditions: { unanswered: true } }
    expect(unfitFor(step, { ...invoice, answered: false }, null)).toBeUndefined()
  })
})

describe('what an approval of a ladder is given for', () => {
  const words = { name: 'Rent', steps: [DUE] }
  const of = (...its: Parameters<typeof digestOf>) => digestOf(...its).toString('hex')

  it('is the same tomorrow: what was approved by an earlier release still stands', () => {
    expect(of('ladder', 3, words)).toBe('deaafd7b5ce5e0d462874846da293fdb204aab9e04d1370f572c43cdb2def077')
  })

  it.each<[string, Parameters<typeof digestOf>]>([
    ['another ladder', ['other', 3, words]],
    ['another version', ['ladder', 4, words]],
    ['other words', ['ladder', 3, { ...words, steps: [{ ...DUE, offset: 1 }] }]],
  ])('is not given for %s', (_, its) => {
    expect(of(...its)).not.toBe(of('ladder', 3, words))
  })
})
