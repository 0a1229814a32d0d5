import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { read, utils } from 'xlsx'
import { en } from '../../src/console/words/en.ts'
import { type Stage, setStage } from '../api/cast.ts'
import { type Console, openConsole, type Visitor } from './door.ts'

let house: Console
let sari: Stage
let owner: Visitor & { cookie: string }
let stranger: Visitor
beforeAll(async () => {
  house = await openConsole()
  sari = await setStage(house)
  owner = await house.signIn(sari.keys.owner)
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

async function contact(phone: string, name: string): Promise<void> {
  await house.scratch.owner.sql`
    INSERT INTO contacts (workspace_id, phone, name, variables, created_at, updated_at)
    VALUES (${sari.workspaceId}, ${phone}, ${name}, '{"city":"Bogor"}'::jsonb, now(), now())`
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
