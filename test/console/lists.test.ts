import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, utils } from 'xlsx'
import { en } from '../../src/console/words/en.ts'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'
import { address, join } from './people.ts'

let house: Console
let sari: Stage
let owner: Visitor & { cookie: string }
let stranger: Visitor
beforeAll(async () => {
  house = await openConsole()
  sari = await setStage(house)
  owner = await house.signIn(sari.keys.owner)
  await contact('+34612345678', 'Ángel ÑÚÑEZ', 'nunez@example.com')
  stranger = await house.signIn((await house.openFirm()).keys.owner)
})
afterAll(() => house.close())

/** Looks for words in the list of a page, as the form does. */
async function search(who: Visitor, at: string, words: string, filters: Record<string, string> = {}) {
  const sent = await who.send('/search', { at, words, ...filters })
  expect([sent.status, sent.to?.startsWith(at)]).toEqual([303, true])
  return sent.to!
}

/** The rows of a list as it is taken away, the headings first. */
async function taken(address: string, format: 'csv' | 'xlsx'): Promise<string[][]> {
  const [path, query] = address.split('?')
  const url = `${house.url}${path}/export.${format}${query ? `?${query}` : ''}`
  const response = await fetch(url, { headers: { cookie: owner.cookie } })
  expect([url, response.status]).toEqual([url, 200])
  expect(response.headers.get('content-disposition')).toMatch(
    new RegExp(`^attachment; filename=[a-z-]+\\.${format}$`),
  )
  const book = read(Buffer.from(await response.arrayBuffer()), { raw: true })
  const sheet = book.Sheets[book.SheetNames[0]!]!
  expect(Object.values(sheet).filter((cell) => (cell as { f?: string }).f !== undefined)).toEqual([])
  return utils.sheet_to_json<string[]>(sheet, { header: 1 })
}

async function contact(phone: string, name: string, email: string | null = null): Promise<void> {
  await house.scratch.owner.sql`
    INSERT INTO contacts (workspace_id, phone, name, email, variables, created_at, updated_at)
    VALUES (${sari.workspaceId}, ${phone}, ${name}, ${email}, '{"city":"Bogor"}'::jsonb, now(), now())`
}

describe('the search box', () => {
  it('puts neither a number nor a name into an address, and nobody else can read what it puts there', async () => {
    await contact('+6281234500001', 'Wulan Paramita')
    for (const words of ['Wulan', '0812 3450 0001', '+62 812-3450']) {
      const to = await search(owner, '/contacts/people', words)
      expect(to).not.toMatch(/Wulan|3450|812/)
      const seen = (await owner.see(to)).text
      expect(seen).toContain('Wulan Paramita')
      expect(seen).toContain(`value="${words}"`)
      // Another workspace opens no words that were sealed for this one, and so sees its own list.
      expect((await stranger.see(to)).text).not.toContain(words)
    }
    const none = await owner.see(await search(owner, '/contacts/people', 'nobody of that name'))
    expect(none.text).toContain(en['people.none_so'])
  })

  it('keeps the other filters, and takes no place that is not of this console', async () => {
    const list = '00000000-0000-7000-8000-000000000000'
    const to = await search(owner, '/contacts/people', '', { list, after: '5', 'x y': 'z', evil: 'a b' })
    expect(to).toBe(`/contacts/people?list=${list}`)
    for (const at of ['//evil.example', 'https://evil.example', '/a?b=c', '', '/\\evil'])
      expect((await owner.send('/search', { at, words: 'x' })).status).toBe(404)
    expect((await owner.see('/contacts/people?q=nonsense')).text).toContain('Wulan Paramita')
  })

  it.each(['ÁNGEL', 'ángel ñ', 'NGEL', 'ñÚñez', 'NUNEZ@EXAMPLE', 'A ñúÑ'])(
    'finds %s, whatever is large and small in it',
    async (words) => {
      const to = await search(owner, '/contacts/people', words)
      const isSought = !words.startsWith('A ')
      expect((await owner.see(to)).text.includes('Ángel ÑÚÑEZ')).toBe(isSought)
    },
  )

  it('takes a percent sign for a percent sign', async () => {
    await contact('+6281234500002', 'Diskon 5%_')
    const seen = (await owner.see(await search(owner, '/contacts/people', '5%_'))).text
    expect([seen.includes('Diskon'), seen.includes('Wulan')]).toEqual([true, false])
  })
})

describe('a list that is taken away', () => {
  it('has what the page has, sifted as it is, and no formula', async () => {
    await contact('+6281234500003', '=HYPERLINK("http://evil.example","x")')
    await contact('+6281234500004', '@evil, "quoted"')
    const to = await search(owner, '/contacts/people', 'evil')
    const csv = await taken(to, 'csv')
    expect(csv.map((row) => row.slice(0, 2))).toEqual([
      [en['people.number'], en['col.name']],
      ["'+6281234500003", `'=HYPERLINK("http://evil.example","x")`],
      ["'+6281234500004", `'@evil, "quoted"`],
    ])
    const book = await taken(to, 'xlsx')
    expect(book.slice(1).map((row) => row[1])).toEqual([
      '=HYPERLINK("http://evil.example","x")',
      '@evil, "quoted"',
    ])
    expect(book[0]).toContain('city')
  })

  it('has every row of a list of many pages, each once', async () => {
    await house.scratch.owner.sql`
      INSERT INTO contacts (workspace_id, phone, name, variables, created_at, updated_at)
      SELECT ${sari.workspaceId}, '+62899' || lpad(i::text, 8, '0'), 'Crowd ' || i, '{}'::jsonb, now(), now()
        FROM generate_series(1, 2500) i`
    const rows = (await taken(await search(owner, '/contacts/people', 'crowd'), 'csv')).slice(1)
    expect(rows.length).toBe(2_500)
    expect(new Set(rows.map(([phone]) => phone)).size).toBe(2_500)
  })
})

describe('lists of contacts', () => {
  it('are found by their name, and lead to who is in them', async () => {
    await house.scratch.owner.sql`
      INSERT INTO lists (id, workspace_id, name, created_at)
      VALUES (gen_random_uuid(), ${sari.workspaceId}, 'Parents of 4B', now()), (gen_random_uuid(), ${sari.workspaceId}, 'Patients', now())`
    const to = await search(owner, '/contacts/lists', 'PARENTS')
    const seen = (await owner.see(to)).text
    expect([seen.includes('Parents of 4B'), seen.includes('Patients')]).toEqual([true, false])
    expect((await taken(to, 'csv')).slice(1).map(([name]) => name)).toEqual(['Parents of 4B'])
  })
})

/** For each list: words that find one row, a column of it in the file, and a filter that leaves it out. */
type Case = {
  readonly at: string
  readonly words: string
  readonly finds: string
  readonly not: string
  readonly without?: Record<string, string>
}

describe('every list', () => {
  const ids: Record<string, string> = {}
  const submit = async (name: string) => {
    const { id } = await draft(house, sari, { name })
    const key = sari.keys.marketer
    const quote = await house.ask('POST', `/v1/campaigns/${id}/quote`, { key })
    await house.ask('POST', `/v1/campaigns/${id}/submission`, { key, body: { quote_id: quote.body.id } })
    return id
  }
  beforeAll(async () => {
    const key = sari.keys.owner
    const make = async (path: string, body: object) => {
      const made = await house.ask('POST', path, { key, body })
      expect([path, made.status]).toEqual([path, 201])
      return made.body.id
    }
    await make('/v1/suppressions', { phone: '+6281234567811', reason: 'asked at the desk' })
    await make('/v1/suppressions', { phone: '+6281234567812', reason: 'wrote STOP' })
    await make('/v1/templates', {
      name: 'Thank-you note',
      language: 'en',
      category: 'utility',
      body: 'Terima kasih!',
    })
    await house.ask('PUT', '/v1/approval-policy', { key, body: { max_recipients: 0 } })
    ids.waiting = await submit('Autumn fair')
    await submit('Winter fair')
    await house.ask('PUT', '/v1/approval-policy', { key, body: { max_recipients: 1_000 } })
    ids.sent = await submit('Spring fair')
    ids.draft = (await draft(house, sari, { name: 'Summer fair' })).id
    for (const [number, phone, name] of [
      ['RENT/77', '+6281234567821', 'Tono Rent'],
      ['SCHOOL/78', '+6281234567822', 'Rina School'],
    ])
      await make('/v1/invoices', {
        number,
        contact: { phone, name },
        amount: { amount: '150000', currency: 'IDR' },
        due_date: '2026-12-01',
      })
    for (const name of ['School fees', 'Rents'])
      await make('/v1/sequences/starter', { name, sender_id: sari.senderId, language: 'en' })
    for (const name of ['wulan', 'tono']) await join(house, sari.workspaceId, address(name), 'viewer')
  })

  const cases: Record<string, Case> = {
    suppressions: {
      at: '/contacts/suppressions',
      words: 'at the desk',
      finds: "'+6281234567811",
      not: '+6281234567812',
    },
    templates: { at: '/templates', words: 'terima', finds: 'Thank-you note', not: 'Due reminder' },
    campaigns: {
      at: '/campaigns',
      words: 'summer',
      finds: 'Summer fair',
      not: 'Spring fair',
      without: { state: 'settled' },
    },
    approvals: { at: '/approvals', words: 'autumn', finds: 'Autumn fair', not: 'Winter fair' },
    recipients: {
      at: '/campaigns/:sent/recipients',
      words: '0812 3456 7802',
      finds: "'+6281234567802",
      not: '+6281234567801',
      without: { state: 'failed' },
    },
    messages: {
      at: '/campaigns/:draft/messages',
      words: 'citra',
      finds: "'+6281234567803",
      not: '+6281234567801',
      without: { filter: 'excluded' },
    },
    invoices: {
      at: '/reminders/invoices',
      words: 'tono',
      finds: 'RENT/77',
      not: 'SCHOOL/78',
      without: { state: 'paid' },
    },
    ladders: { at: '/reminders/ladders', words: 'fees', finds: 'School fees', not: 'Rents' },
    ledger: {
      at: '/wallet',
      words: 'spring',
      finds: 'Spring fair',
      not: 'transfer-1',
      without: { kind: 'top_up' },
    },
    audit: {
      at: '/settings/audit',
      words: 'suppression.added',
      finds: 'suppression.added',
      not: 'sequence.made',
      without: { about: 'wallet' },
    },
    members: { at: '/settings/members', words: 'WULAN', finds: 'wulan', not: 'tono' },
  }

  it.each(Object.keys(cases))('%s is searched and taken away, by whoever may see it', async (name) => {
    const one = cases[name]!
    const at = one.at.replace(/:(\w+)/, (_all, id: string) => ids[id]!)
    const all = (await owner.see(at)).text
    const to = await search(owner, at, one.words)
    const shown = (await owner.see(to)).text
    const cell = one.finds.replace(/^'/, '')
    expect([all.includes(cell), shown.includes(`value="${one.words}"`), shown.includes(cell)]).toEqual([
      true,
      true,
      true,
    ])
    const csv = await taken(to, 'csv')
    expect(csv.length).toBeGreaterThan(1)
    expect(csv.slice(1).every((row) => row.some((text) => text?.includes(one.finds)))).toBe(true)
    expect(JSON.stringify(csv)).not.toContain(one.not)
    expect(JSON.stringify(await taken(at, 'csv'))).toContain(one.not)
    expect((await taken(to, 'xlsx')).length).toBe(csv.length)
    if (one.without) {
      const sifted = await search(owner, at, one.words, one.without)
      expect(await taken(sifted, 'csv')).toEqual([csv[0]])
    }
    const seen = await stranger.see(`${at}/export.csv`)
    expect([200, 404].includes(seen.status)).toBe(true)
    expect(seen.text).not.toContain(cell)
    if (at !== one.at) expect(seen.status).toBe(404)
  })
})
