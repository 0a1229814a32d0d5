import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, utils } from 'xlsx'
import { en } from '../../src/console/words/en.ts'
import { type Stage, setStage } from '../api/cast.ts'
import { type Console, hidden, openConsole, type Visitor } from './door.ts'

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

let count = 0
/** Enters an invoice of Rp 150,000 by the form. @returns where its page is */
async function enter(more: Record<string, string> = {}): Promise<string> {
  const fields = {
    number: `INV-${++count}`,
    phone: '0812 3456 7801',
    name: 'Siti Rahma',
    amount: '150000',
    due_date: '2026-12-01',
    ...more,
  }
  const sent = await budi.send('/reminders/invoices/new', fields)
  expect([sent.status, sent.to]).toEqual([303, expect.stringContaining('done=invoice')])
  return sent.to!.split('?')[0]!
}

/** Makes the ready ladder by the form. */
async function ladder(name = 'Treatment invoices'): Promise<string> {
  const sent = await budi.send('/reminders/ladders/new', {
    name,
    sender_id: stage.senderId,
    language: 'en',
    industry: 'health',
  })
  expect(sent.to).toContain('done=ladder')
  return sent.to!.split('?')[0]!
}

const CAPS = { run: '50000', day: '50000', month: '90000' }

describe('an invoice', () => {
  it('is entered, found, paid in part and then in full', async () => {
    const path = await enter({ number: 'KLINIK/1' })
    const search = async (words: string) =>
      (await budi.see((await budi.send('/search', { at: '/reminders/invoices', words })).to!)).text
    expect(await search('klinik/1')).toContain(path)
    expect(await search('0812 3456 7801')).toContain(path)
    expect(await search('NOBODY')).toContain(en['invoices.none_so'])
    await budi.send(`${path}/payments`, { amount: '50000', reference: 'BCA 1' })
    expect((await budi.see(path)).text).toContain('100,000.00')
    await budi.send(`${path}/payments`, { amount: '50000', reference: 'BCA 1' })
    expect((await budi.see(path)).text).toContain('100,000.00')
    const paid = await budi.send(`${path}/payments`, { amount: '', reference: 'BCA 2' })
    expect(paid.to).toBe(`${path}?done=payment`)
    const page = (await budi.see(path)).text
    expect(page).toContain('<span class="state good">paid</span>')
    expect(page).not.toContain(`${path}/payments`)
  })

  it('is promised, disputed, cancelled and opened again', async () => {
    const path = await enter()
    const states = []
    for (const [noun, fields] of [
      ['promise', { until: '2026-12-24' }],
      ['reopening', {}],
      ['dispute', {}],
      ['cancellation', {}],
      ['reopening', {}],
    ] as const) {
      expect((await budi.send(`${path}/${noun}`, fields)).to).toBe(`${path}?done=moved`)
      states.push(/class="state \w+">([^<]+)</.exec((await budi.see(path)).text)![1])
    }
    expect(states).toEqual(['payment promised', 'open', 'disputed', 'cancelled', 'open'])
  })

  it.each([
    ['no number', { number: ' ' }, 'number'],
    ['no amount', { amount: 'much' }, 'amount'],
    ['nothing', { amount: '0' }, 'amount'],
    ['no day', { due_date: '2026-02-31' }, 'due_date'],
    ['nobody’s number', { phone: '12' }, 'phone'],
  ])('with %s is refused beside its field, and nothing is lost', async (_, wrong, field) => {
    const fields = {
      number: 'W-1',
      phone: '0812 3456 7801',
      name: 'Kept & kept',
      amount: '5',
      due_date: '2026-12-01',
      ...wrong,
    }
    const refused = await budi.send('/reminders/invoices/new', fields)
    expect(refused.status).toBe(422)
    expect(refused.text).toContain(`id="${field}-fault"`)
    expect(refused.text).toContain('Kept &amp; kept')
  })

  it('takes no payment of nothing, nor one without a reference', async () => {
    const path = await enter()
    expect((await budi.send(`${path}/payments`, { amount: '0', reference: 'x' })).status).toBe(422)
    expect((await budi.send(`${path}/payments`, { amount: '1', reference: '' })).text).toContain(
      'id="reference-fault"',
    )
    expect((await budi.see(path)).text).toContain('<span class="state idle">open</span>')
  })

  it('is entered once where its form is sent twice', async () => {
    const once = hidden((await budi.see('/reminders/invoices/new')).text, '/reminders/invoices/new', 'once')
    const fields = {
      once,
      number: 'TWICE',
      phone: '0812 3456 7801',
      amount: '150000',
      due_date: '2026-12-01',
    }
    const [first, second] = await Promise.all([
      budi.send('/reminders/invoices/new', fields),
      budi.send('/reminders/invoices/new', fields),
    ])
    expect(first.to).toBe(second.to)
  })
})

describe('a ladder', () => {
  it('is made of the starter library, drawn, approved by somebody else and set going', async () => {
    const path = await ladder()
    const drawn = (await budi.see(path)).text
    expect(drawn.match(/class="ladder-dot"/g)).toHaveLength(4)
    expect(drawn).toContain(en['ladder.approve.none'])
    const owner = await house.signIn(stage.keys.owner)
    expect((await budi.send(`${path}/approval`, CAPS)).status).toBe(403)
    expect((await sari.send(`${path}/approval`, { ...CAPS, run: '' })).text).toContain('id="run-fault"')
    expect((await sari.send(`${path}/approval`, CAPS)).to).toBe(`${path}?done=standing`)
    expect((await budi.send(`${path}/state`, { state: 'active' })).to).toBe(`${path}?done=ladder_state`)
    expect((await owner.see(path)).text).toContain('50,000.00')
    expect((await owner.see('/reminders')).text).toContain('up to 50,000.00 a run')
  })

  it('whose step is changed is another version, which nobody has approved', async () => {
    const path = await ladder('Changed')
    await sari.send(`${path}/approval`, CAPS)
    const form = (await budi.see(`${path}/step?key=overdue`)).text
    const template = /<option value="([0-9a-f-]{36})" selected/.exec(form)![1]!
    const fields = {
      was: 'overdue',
      offset: '+4',
      unit: 'working_days',
      time: '10:00',
      until: '17:00',
      template_id: template,
      least: '100000',
      tags: 'school, vip',
    }
    expect((await budi.send(`${path}/step`, fields)).to).toBe(`${path}?done=ladder_saved`)
    const page = (await budi.see(path)).text
    expect(page).toContain('4 working days after')
    expect(page).toContain('owing at least 100000.00; tagged school, vip')
    expect(page).toContain(en['ladder.approve.none'])
  })

  it('gets a step, loses one, and never two of one name', async () => {
    const path = await ladder('Longer')
    const form = (await budi.see(`${path}/step`)).text
    const template = /<option value="([0-9a-f-]{36})"/.exec(form)![1]!
    const fields = {
      key: 'third',
      offset: '20',
      unit: 'days',
      time: '09:00',
      until: '18:00',
      template_id: template,
    }
    expect((await budi.send(`${path}/step`, fields)).to).toContain('ladder_saved')
    expect((await budi.send(`${path}/step`, fields)).status).toBe(422)
    expect((await budi.send(`${path}/step`, { ...fields, key: 'Not A Key' })).status).toBe(422)
    expect((await budi.send(`${path}/step`, { ...fields, key: 'fourth', offset: '9999' })).text).toContain(
      'id="offset-fault"',
    )
    expect((await budi.send(`${path}/step`, { was: 'third', do: 'remove' })).to).toContain('ladder_saved')
    expect((await budi.see(path)).text).not.toContain('third')
  })

  it('keeps its terms, and refuses what is none', async () => {
    const path = await ladder('Terms')
    const terms = {
      name: 'Terms kept',
      sender_id: stage.senderId,
      country: 'id',
      when_short: 'block',
      most_messages: '3',
      one_per_debtor: 'true',
    }
    expect((await budi.send(`${path}/edit`, terms)).to).toContain('ladder_saved')
    const form = (await budi.see(`${path}/edit`)).text
    expect(form).toMatch(/value="block" checked/)
    expect(form).toMatch(/value="true" checked/)
    expect(
      (await budi.send(`${path}/edit`, { ...terms, most_messages: '-1', country: 'Indonesia' })).text,
    ).toContain('id="country-fault"')
  })

  it('gives its results as a workbook', async () => {
    const path = await ladder('Results')
    const got = await fetch(`${house.url}${path}/results.xlsx`, {
      headers: { cookie: (await house.signIn(stage.keys.viewer)).cookie },
    })
    const book = read(Buffer.from(await got.arrayBuffer()))
    expect(utils.sheet_to_json(book.Sheets[book.SheetNames[0]!]!, { header: 1 })[0]).toContain('step')
  })
})

describe('the overview', () => {
  it('shows what is owed by age, what is coming and what it will lack', async () => {
    const firm = await setStage(house, '500.00')
    const key = firm.keys.owner
    for (const [number, due] of [
      ['A-1', '2026-12-01'],
      ['A-2', '2026-10-01'],
      ['A-3', '2026-12-01'],
    ]) {
      const body = {
        number,
        contact: { phone: `+62812345678${number!.slice(2).padStart(2, '0')}`, time_zone: 'Asia/Jakarta' },
        amount: { amount: '1000', currency: 'IDR' },
        due_date: due,
      }
      await house.ask('POST', '/v1/invoices', { key, body })
    }
    const marketer = await house.signIn(firm.keys.marketer)
    const made = await marketer.send('/reminders/ladders/new', {
      name: 'L',
      sender_id: firm.senderId,
      language: 'id',
    })
    const path = made.to!.split('?')[0]!
    await (await house.signIn(firm.keys.approver)).send(`${path}/approval`, CAPS)
    await marketer.send(`${path}/state`, { state: 'active' })
    const page = (await marketer.see('/reminders')).text
    expect(page).toContain('not yet due')
    expect(page).toContain('31–60 days')
    expect(page).toContain('3,000.00')
    expect(page).toMatch(/The runs of \d+ (?:Nov|Dec) 2026 will lack/)
  })

  it('takes a sheet of payments, and says beside the field where there is none', async () => {
    const empty = await budi.send('/reminders/imports', { kind: 'payments' })
    expect([empty.status, empty.text.includes('id="file-fault"')]).toEqual([422, true])
  })
})
