import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { utils, write } from 'xlsx'
import { sampleWorkbook } from '../../src/cli/demo/workbook.ts'
import { personWith } from '../support/cast.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { duecast, type Ran } from './run.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

/** All of it stands beside a server that runs on the same embedded database. */
describe('the command line beside a running server', () => {
  let stack: Stack
  let folder: string
  let workspaceId: string
  let apiKey: string

  const run = (...args: string[]) => duecast(args, { DATA_DIR: stack.house.config.dataDir })
  const file = (name: string, content: string | Buffer) => {
    writeFileSync(join(folder, name), content)
    return join(folder, name)
  }

  beforeAll(async () => {
    stack = await startStack()
    folder = mkdtempSync(join(tmpdir(), 'duecast-cli-'))
    const made = await run('workspace', 'create', '--name', 'Toko Maju', '--currency', 'IDR', '--json')
    ;({ workspace_id: workspaceId, api_key: apiKey } = json(made) as {
      workspace_id: string
      api_key: string
    })
  })
  afterAll(async () => {
    await stack?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('makes a workspace, and its key opens the door as an owner’s', async () => {
    const seen = await personWith(stack, apiKey).get('/v1/workspace')
    expect(seen.body).toMatchObject({
      id: workspaceId,
      name: 'Toko Maju',
      currency: 'IDR',
      time_zone: 'Asia/Jakarta',
      role: 'owner',
    })
  })

  it('takes the zone and the country where they are given', async () => {
    const made = await run(
      ...[
        'workspace',
        'create',
        '--name',
        'Bali',
        '--currency',
        'IDR',
        '--time-zone',
        'Asia/Makassar',
        '--country',
        'sg',
        '--json',
      ],
    )
    const seen = await personWith(stack, (json(made) as { api_key: string }).api_key).get('/v1/workspace')
    expect(seen.body).toMatchObject({ time_zone: 'Asia/Makassar', default_country: 'SG' })
  })

  it('makes a key of a role', async () => {
    const made = await run(
      'key',
      'create',
      '--workspace',
      workspaceId,
      '--role',
      'viewer',
      '--name',
      'screen',
      '--json',
    )
    const viewer = personWith(stack, (json(made) as { api_key: string }).api_key)
    expect((await viewer.get('/v1/workspace')).body.role).toBe('viewer')
    expect((await viewer.get('/v1/keys')).status).toBe(403)
  })

  it('prints an address that signs in to the console', async () => {
    const { url } = json(await run('console', 'link', '--workspace', workspaceId, '--json')) as {
      url: string
    }
    expect(url.startsWith(`${stack.url}/`)).toBe(true)
    expect((await fetch(url, { redirect: 'manual' })).status).toBeLessThan(400)
  })

  it('migrates again without changing anything', async () => {
    expect(json(await run('migrate', '--json'))).toMatchObject({ ok: true })
  })

  it('imports a sheet through the same rules as the API', async () => {
    const path = file('tagihan.xlsx', sampleWorkbook(new Date()).bytes)
    const done = await run(
      'import',
      path,
      '--workspace',
      workspaceId,
      '--locale',
      'id',
      '--list',
      'December',
      '--json',
    )
    expect(json(done)).toMatchObject({ state: 'done', accepted: 449, duplicates: 9, rejected: 37 })
    const { list_id } = json(done) as { list_id: string }
    const contacts = await personWith(stack, apiKey).get(`/v1/contacts?list_id=${list_id}&limit=1000`)
    expect(contacts.body.data).toHaveLength(449)
  })

  it('says which columns there are where none is the phone', async () => {
    const path = file('odd.csv', 'Alpha;Beta\nx;y\n')
    const asked = await run('import', path, '--workspace', workspaceId)
    expect(asked).toMatchObject({ code: 2, stdout: '' })
    expect(asked.stderr).toContain('Alpha, Beta')
    const mapped = await run(
      'import',
      file('odd2.csv', 'Alpha;Beta\n081234567890;y\n'),
      '--workspace',
      workspaceId,
      '--mapping',
      '{"Alpha":"phone"}',
      '--json',
    )
    expect(json(mapped)).toMatchObject({ state: 'done', accepted: 1 })
  })

  it('ends with 1 and the reason where a file cannot be read', async () => {
    const failed = await run(
      'import',
      file('not.xlsx', 'PK\u0003\u0004 and nothing'),
      '--workspace',
      workspaceId,
      '--json',
    )
    expect(failed.code).toBe(1)
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { state: 'failed' } })
  })

  const CARD =
    'model,currency,market,category,effective_from,price_per_unit\nper_message,IDR,Singapore,utility,2026-07-01,412.5\n'

  it('imports a rate card from CSV and from a workbook, for all or for one', async () => {
    expect(json(await run('rates', 'import', file('card.csv', CARD), '--json'))).toEqual({
      rows: 1,
      currencies: ['IDR'],
    })
    const rows = [
      ['model', 'currency', 'market', 'category', 'effective_from', 'price_per_unit'],
      ['per_message', 'IDR', 'Malaysia', 'utility', new Date(Date.UTC(2026, 6, 1)), 318.25],
    ]
    const book = utils.book_new()
    utils.book_append_sheet(book, utils.aoa_to_sheet(rows, { UTC: true }))
    const path = file('card.xlsx', write(book, { type: 'buffer', bookType: 'xlsx' }) as Buffer)
    const own = await run(
      'rates',
      'import',
      path,
      '--workspace',
      workspaceId,
      '--markup-percent',
      '10',
      '--json',
    )
    expect(json(own)).toEqual({ rows: 1, currencies: ['IDR'] })
    const stored = await asSuperuser(
      stack,
      (sql) => sql`
      SELECT market, price::text, effective_from::text, workspace_id FROM rate_rows WHERE source LIKE 'import%' ORDER BY market`,
    )
    expect([...stored]).toEqual([
      { market: 'Malaysia', price: '3500750', effective_from: '2026-07-01', workspace_id: workspaceId },
      { market: 'Singapore', price: '4125000', effective_from: '2026-07-01', workspace_id: null },
    ])
  })

  it('refuses a card with every bad row named, and takes none of it', async () => {
    const bad = `${CARD}per_message,IDR,Atlantis,utility,2026-07-01,x\n`
    const refused = await run('rates', 'import', file('bad.csv', bad), '--workspace', workspaceId)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toMatch(/rows\.3\.market/)
    expect(refused.stderr).toMatch(/rows\.3\.price_per_unit/)
  })

  describe('asked wrongly, says so in a line and ends with 2', () => {
    it.each<[string, string[], RegExp]>([
      ['a currency that is none', ['workspace', 'create', '--name', 'X', '--currency', 'RUPIAH'], /currency/],
      ['no name', ['workspace', 'create', '--currency', 'IDR'], /--name/],
      ['an unknown role', ['key', 'create', '--workspace', 'w', '--role', 'boss'], /owner, admin/],
      [
        'an unknown workspace',
        ['key', 'create', '--workspace', 'nobody', '--role', 'owner'],
        /no workspace "nobody"/,
      ],
      [
        'a workspace that is not there',
        ['audit', '--workspace', '018f5b1e-9d4c-7000-8000-000000000000'],
        /no workspace/,
      ],
      [
        'a file that is not there',
        ['import', '/gone.xlsx', '--workspace', '018f5b1e-9d4c-7000-8000-000000000000'],
        /no file/,
      ],
      ['an unknown command', ['recieve'], /unknown command/],
      ['an unknown option', ['audit', '--fix'], /unknown option/],
      ['a word too much', ['migrate', 'now'], /too many arguments/],
      [
        'a mapping that is no JSON',
        [
          'import',
          'package.json',
          '--workspace',
          '018f5b1e-9d4c-7000-8000-000000000000',
          '--mapping',
          'phone',
        ],
        /JSON/,
      ],
    ])('%s', async (_what, args, says) => {
      const { code, stdout, stderr } = await run(...args)
      expect(stderr).toMatch(says)
      expect(stderr).toMatch(/^duecast: /)
      expect(stderr.split('\n')[0]).toMatch(says)
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    })

    it('a configuration with faults, every one of them named', async () => {
      const { code, stderr } = await duecast(['audit'], { DATABASE_URL: 'nonsense', PORT: 'x' })
      expect(code).toBe(2)
      expect(stderr).toContain('DATABASE_URL must be')
      expect(stderr).toContain('PORT must be')
    })

    it('a database that is not there, with 1', async () => {
      const environment = { DATABASE_URL: 'postgres://a:b@127.0.0.1:9/none', SECRET_KEY: 'k'.repeat(32) }
      const { code, stdout } = await duecast(['audit', '--json'], environment)
      expect({ code, error: JSON.parse(stdout).error.code }).toEqual({
        code: 1,
        error: 'database_unreachable',
      })
    })
  })

  describe('the audit', () => {
    it('prints every invariant with its figures', async () => {
      const owner = personWith(stack, apiKey)
      await owner.post('/v1/wallet/top-ups', {
        amount: { amount: '1000.5', currency: 'IDR' },
        reference: 'r1',
      })
      const audit = json(await run('audit', '--json')) as {
        ok: boolean
        checks: { workspace_id: string; name: string; figures: object }[]
      }
      expect(audit.ok).toBe(true)
      const own = audit.checks.filter((check) => check.workspace_id === workspaceId)
      expect(own.length).toBeGreaterThan(10)
      expect(own[0]).toMatchObject({ ok: true, figures: { credits: '1000.50' }, differences: [] })
      expect((await run('audit')).stdout).toContain('The books balance')
    })

    it('ends with 1 and names the difference after a row was altered by the superuser', async () => {
      await asSuperuser(stack, async (sql) => {
        await sql`ALTER TABLE accounts DISABLE TRIGGER USER`
        await sql`UPDATE accounts SET credits = credits + 1 WHERE kind = 'wallet' AND workspace_id = ${workspaceId}`
        await sql`ALTER TABLE accounts ENABLE TRIGGER USER`
      })
      const broken = await run('audit', '--json')
      expect(broken.code).toBe(1)
      const { ok, checks } = JSON.parse(broken.stdout) as {
        ok: boolean
        checks: { name: string; ok: boolean; differences: string[] }[]
      }
      expect(ok).toBe(false)
      const [check] = checks.filter((one) => !one.ok)
      expect(check).toMatchObject({ name: 'balances_follow_from_transfers' })
      expect(check!.differences[0]).toContain('10005001')
      const told = await run('audit', '--workspace', workspaceId)
      expect(told.code).toBe(1)
      expect(told.stdout).toContain('10005001')
      expect(told.stdout).toContain('do NOT balance')
    })
  })
})

function json({ code, stdout, stderr }: Ran): unknown {
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout.trim().split('\n')).toHaveLength(1)
  return JSON.parse(stdout)
}

async function asSuperuser<T>(stack: Stack, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const path = join(stack.house.config.dataDir, 'postgres', 'connection.json')
  const { superuser_url } = JSON.parse(await readFile(path, 'utf8')) as { superuser_url: string }
  const sql = postgres(superuser_url, { max: 1, onnotice: () => {} })
  try {
    return await work(sql)
  } finally {
    await sql.end()
  }
}
