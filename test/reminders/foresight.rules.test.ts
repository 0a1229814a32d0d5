import { describe, expect, it } from 'vitest'
import { balanceOver, type ForeseenRun, firstLack } from '../../src/reminders/foresight.ts'

describe('the balance over the days', () => {
  const run = (day: string, cost: number, standing: ForeseenRun['standing'] = 'counted'): ForeseenRun => ({
    day,
    name: 'a run',
    subject: { campaignId: 'c' },
    invoices: 0,
    messages: cost,
    costMinor: BigInt(cost),
    unpriced: 0,
    standing,
  })

  it.each([
    ['nothing', [], 10, []],
    ['enough', [run('1', 4), run('2', 6)], 10, ['1 left 6 lacks 0', '2 left 0 lacks 0']],
    [
      'too little on the second day',
      [run('1', 4), run('2', 7)],
      10,
      ['1 left 6 lacks 0', '2 left -1 lacks 1'],
    ],
    [
      'nothing at all: each day lacks its own',
      [run('1', 4), run('2', 7)],
      0,
      ['1 left -4 lacks 4', '2 left -11 lacks 7'],
    ],
    ['what is held costs nothing more', [run('1', 4, 'held'), run('1', 3)], 3, ['1 left 0 lacks 0']],
    ['what nobody approved is not counted', [run('1', 4, 'unapproved')], 3, ['1 left 3 lacks 0']],
    ['what is over its cap is asked all the same', [run('1', 4, 'over_cap')], 3, ['1 left -1 lacks 1']],
    [
      'a day that costs nothing lacks nothing',
      [run('1', 4), run('2', 0)],
      3,
      ['1 left -1 lacks 1', '2 left -1 lacks 0'],
    ],
    ['more than all is lacked by nobody', [run('1', 4)], -10, ['1 left -14 lacks 4']],
    [
      'days in order, whatever the order of the runs',
      [run('2', 1), run('1', 1)],
      1,
      ['1 left 0 lacks 0', '2 left -1 lacks 1'],
    ],
  ])('%s', (_, runs, available, says) => {
    const days = balanceOver(runs, BigInt(available))
    expect(days.map((one) => `${one.day} left ${one.leftMinor} lacks ${one.lackingMinor}`)).toEqual(says)
  })

  it('a day has its own runs in their order, those that it does not count as well, and what it asks for them', () => {
    const runs = [
      run('2', 1),
      run('1', 4, 'held'),
      run('1', 3),
      run('1', 2, 'over_cap'),
      run('1', 9, 'unapproved'),
    ]
    expect(balanceOver(runs, 4n)).toEqual([
      { day: '1', runs: runs.slice(1), costMinor: 5n, leftMinor: -1n, lackingMinor: 1n },
      { day: '2', runs: runs.slice(0, 1), costMinor: 1n, leftMinor: -2n, lackingMinor: 1n },
    ])
  })

  it.each([
    [undefined, 11n],
    ['2', 10n],
    ['1', 3n],
  ])('the first day that lacks is %s with %i in the wallet', (day, available) => {
    expect(firstLack(balanceOver([run('1', 4), run('2', 7), run('3', 0)], available))?.day).toBe(day)
  })
})
