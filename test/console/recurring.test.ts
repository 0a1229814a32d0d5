import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ruleFields, ruleInWords, ruleOf } from '../../src/console/rule-form.ts'
import { en } from '../../src/console/words/en.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'

/** Far enough ahead that the days which follow are the same whenever this runs. */
const BEGIN = { starts_on: '2090-12-01', time: '09:00' }

describe('a rule in plain words', () => {
  it.each([
    [{ each: 'day', every: '1' }, 'FREQ=DAILY', 'Each day at 09:00'],
    [{ each: 'day', every: '3' }, 'FREQ=DAILY;INTERVAL=3', 'Every 3 days at 09:00'],
    [
      { each: 'week', every: '2', day_1: '1', day_5: '1' },
      'FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR',
      'Every 2 weeks on Mon, Fri at 09:00',
    ],
    [
      { each: 'month', every: '1', month_day: '10' },
      'FREQ=MONTHLY;BYMONTHDAY=10',
      'Each month on day 10 at 09:00',
    ],
    [
      { each: 'month_last', every: '1', ends_on: '2091-06-30' },
      'FREQ=MONTHLY;BYMONTHDAY=-1;UNTIL=20910630T235959Z',
      'Each month on the last day at 09:00, until 30 Jun 2091',
    ],
    [
      { each: 'own', own: 'FREQ=MONTHLY;BYDAY=1MO' },
      'FREQ=MONTHLY;BYDAY=1MO',
      'By the rule FREQ=MONTHLY;BYDAY=1MO',
    ],
    [{ each: 'own', own: '0 9 * * 1' }, '0 9 * * 1', 'By the rule 0 9 * * 1'],
  ] as const)('%j is %s, and comes back as it went', (chosen, text, words) => {
    const timed = ruleOf({ ...BEGIN, ...chosen })
    if ('faults' in timed) throw new Error(JSON.stringify(timed.faults))
    expect([timed.rule.text, timed.startsAt]).toEqual([text, '2090-12-01T09:00:00'])
    expect(ruleInWords(timed)).toBe(words)
    expect(ruleOf(ruleFields(timed))).toEqual(timed)
  })

  it.each([
    'FREQ=WEEKLY;COUNT=3;BYDAY=MO',
    'FREQ=MONTHLY;BYMONTHDAY=1,15',
    'FREQ=WEEKLY;BYDAY=1MO',
    'FREQ=YEARLY',
    'FREQ=DAILY;UNTIL=20261231T120000',
    'FREQ=DAILY;INTERVAL=100',
  ])('%s, which no field can say, stays as it is written', (text) => {
    const timed = { rule: { kind: 'rrule' as const, text }, startsAt: '2026-12-01T09:00:00' }
    expect(ruleFields(timed)).toMatchObject({ each: 'own', own: text })
    expect(ruleOf(ruleFields(timed))).toEqual(timed)
  })

  it.each([
    [{ each: 'week' }, 'days'],
    [{ each: 'month', month_day: '32' }, 'month_day'],
    [{ each: 'day', every: '0' }, 'every'],
    [{ each: 'own', own: ' ' }, 'own'],
    [{ each: 'day', starts_on: '2026-02-30' }, 'starts_on'],
    [{ each: 'day', starts_on: '2026-99-99' }, 'starts_on'],
    [{ each: 'day', ends_on: '2091-13-01' }, 'ends_on'],
    [{ each: 'day', time: '25:00' }, 'time'],
    [{ each: 'day', ends_on: '2090-11-30' }, 'ends_on'],
  ])('%j is wrong at %s', (chosen, path) => {
    const timed = ruleOf({ ...BEGIN, ...chosen })
    expect('faults' in timed && timed.faults.map((fault) => fault.path)).toEqual([path])
  })
})

describe('the pages of campaigns that come again', () => {
  let house: Console
  let stage: Stage
  let budi: Visitor
  let sari: Visitor
  beforeAll(async () => {
    house = await openConsole()
    stage = await setStage(house, '900000.00')
    budi = await house.signIn(stage.keys.marketer)
    sari = await house.signIn(stage.keys.approver)
  })
  afterAll(() => house.close())

  const fields = (more: Record<string, string> = {}) => ({
    name: 'Weekly menu',
    list_id: stage.listId,
    template_id: stage.templateId,
    sender_id: stage.senderId,
    each: 'week',
    every: '1',
    day_1: '1',
    ...BEGIN,
    zone: 'Asia/Jakarta',
    ...more,
  })
  const make = async (more: Record<string, string> = {}) => {
    const made = await budi.send('/campaigns/recurring/new', fields(more))
    expect([made.status, made.to]).toEqual([303, expect.stringContaining('done=recurring')])
    return made.to!.split('?')[0]!
  }

  it('show the next five times while the rule is chosen, and write nothing down', async () => {
    const times = await budi.send('/campaigns/recurring/dates', fields())
    expect(times.text).toContain('Each week on Mon at 09:00')
    const days = [...times.text.matchAll(/<li class="n">Mon, (\d+ \w+ \d{4}), 09:00/g)].map(([, day]) => day)
    expect(days).toEqual(['4 Dec 2090', '11 Dec 2090', '18 Dec 2090', '25 Dec 2090', '1 Jan 2091'])
    const wrong = await budi.send('/campaigns/recurring/dates', fields({ each: 'own', own: '* * * * *' }))
    expect(wrong.text).toContain(en['recur.rule.fault'])
    const looked = await budi.send('/campaigns/recurring/new', fields({ do: 'look' }))
    expect([looked.status, looked.text.includes('11 Dec 2090')]).toEqual([200, true])
    expect((await budi.see('/campaigns/recurring')).text).toContain(en['recur.none'])
  })

  it('begin with the words of a campaign that was sent once', async () => {
    const { id } = await draft(house, stage, { name: 'Menu of December' })
    const form = (await budi.see(`/campaigns/recurring/new?campaign=${id}`)).text
    expect(form).toContain('value="Menu of December"')
    expect(form).toContain(`<option value="${stage.listId}" selected>`)
    expect((await budi.see(`/campaigns/${id}`)).text).toContain(`/campaigns/recurring/new?campaign=${id}`)
    expect((await budi.see('/campaigns/recurring/new?campaign=nonsense')).status).toBe(200)
  })

  it('make one, change it, have it approved by somebody else, set it going, pause and end it', async () => {
    const path = await make()
    expect((await budi.see('/campaigns/recurring')).text).toContain('Each week on Mon at 09:00')
    expect((await budi.see(`${path}/edit`)).text).toContain('value="Weekly menu"')
    const changed = await budi.send(`${path}/edit`, fields({ each: 'day', name: 'Daily menu' }))
    expect(changed.to).toBe(`${path}?done=ladder_saved`)
    const caps = { run: '50000', day: '50000', month: '90000' }
    expect((await budi.send(`${path}/approval`, caps)).status).toBe(403)
    expect((await sari.send(`${path}/approval`, { ...caps, day: 'much' })).text).toContain('id="day-fault"')
    expect((await sari.send(`${path}/approval`, caps)).to).toBe(`${path}?done=standing`)
    const states = []
    for (const state of ['active', 'paused', 'ended']) {
      expect((await budi.send(`${path}/state`, { state })).to).toContain(path)
      states.push(/class="state \w+">([^<]+)</.exec((await budi.see(path)).text)![1])
    }
    expect(states).toEqual(['active', 'paused', 'ended'])
    expect((await budi.see(path)).text).not.toContain(`${path}/edit`)
  })

  it('tell what each time has sent, or why it sent nothing', async () => {
    const path = await make({ name: 'Told' })
    const { id } = await draft(house, stage, { name: 'Told, 7 December' })
    const recurrence = path.split('/').at(-1)!
    await house.scratch.owner.sql`
      INSERT INTO occurrences (recurrence_id, at, workspace_id, state, reason, campaign_id, created_at, updated_at)
      VALUES (${recurrence}, '2026-12-07T02:00:00Z', ${stage.workspaceId}, 'planned', NULL, ${id}, now(), now()),
             (${recurrence}, '2026-12-14T02:00:00Z', ${stage.workspaceId}, 'skipped', 'missed', NULL, now(), now())`
    const seen = (await budi.see(path)).text
    expect(seen).toContain(`<a href="/campaigns/${id}">Told, 7 December</a>`)
    expect(seen).toContain(en['remind.missed'])
  })

  it('say next to the field what is wrong, and refuse a rule without times', async () => {
    const wrong = await budi.send(
      '/campaigns/recurring/new',
      fields({ name: '', list_id: '', each: 'month' }),
    )
    expect(wrong.status).toBe(422)
    for (const field of ['name', 'list_id', 'month_day']) expect(wrong.text).toContain(`id="${field}-fault"`)
    const never = await budi.send('/campaigns/recurring/new', fields({ each: 'own', own: 'FREQ=HOURLY' }))
    expect([never.status, never.text.includes(en['recur.rule.fault'])]).toEqual([422, true])
    const zone = await budi.send('/campaigns/recurring/new', fields({ zone: 'Mars/Base' }))
    expect([zone.status, zone.text.includes('id="zone-fault"')]).toEqual([422, true])
  })
})
