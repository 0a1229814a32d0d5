import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Database, openDatabase } from '../../src/platform/db.ts'
import { type EmbeddedDatabase, openEmbedded } from '../../src/platform/embedded/index.ts'
import { migrate } from '../../src/platform/migrate.ts'
import type { Role, Scope } from '../../src/platform/scope.ts'
import {
  compileMarkets,
  findMarketRows,
  findRateRows,
  priceOn,
  publishCommonRates,
  publishRates,
  publishSeed,
  type RateRow,
} from '../../src/pricing/index.ts'
import { cards, markets } from './seed.ts'

const HEADING = 'model,currency,market,category,effective_from,price_per_unit'
const clock = { now: () => new Date('2026-11-22T09:00:00Z') }

let folder: string
let embedded: EmbeddedDatabase
let owner: Database
let program: Database
const aliceId = randomUUID()
const bobId = randomUUID()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duecast-pricing-'))
  embedded = await openEmbedded({ dataDir: folder })
  const { programUrl } = await migrate(embedded.databaseUrl)
  owner = openDatabase(embedded.databaseUrl, clock, { poolSize: 1 })
  program = openDatabase(programUrl, clock, { poolSize: 1 })
  for (const [id, name] of [[aliceId, 'Alice'] as const, [bobId, 'Bob'] as const]) {
    await owner.sql`
      INSERT INTO workspaces (workspace_id, name, currency, time_zone, default_country, created_at)
      VALUES (${id}, ${name}, 'IDR', 'Asia/Jakarta', 'ID', now())`
  }
  await publishSeed(owner.sql)
}, 120_000)

afterAll(async () => {
  await program?.close()
  await owner?.close()
  await embedded?.stop()
  await rm(folder, { recursive: true, force: true })
}, 60_000)

function as<T>(workspaceId: string, work: (scope: Scope) => Promise<T>, role: Role = 'owner'): Promise<T> {
  return program.within({ workspaceId, actor: { name: `the ${role}`, role }, requestId: 'test' }, work)
}

function card(...rows: readonly string[]) {
  return { table: [HEADING, ...rows].join('\n'), fileName: 'card.csv' }
}

/** What a utility message in Indonesia costs a workspace on a day, and by whose card. */
async function utilityOf(workspaceId: string, on: string) {
  const rows = await as(workspaceId, (scope) => findRateRows(scope, 'IDR'))
  const row = priceOn(rows, { currency: 'IDR', market: 'Indonesia', category: 'utility', on })
  return row && `${row.owner} ${row.model} ${row.priceMinor}`
}

/** Which transaction wrote each row: the same before and after means that nothing was written. */
async function fingerprint(): Promise<unknown> {
  return owner.sql`
    SELECT array_agg(r.xmin::text || r.id ORDER BY id) AS rates,
           (SELECT array_agg(xmin::text || calling_code_prefix ORDER BY 1) FROM market_rows) AS markets
      FROM rate_rows r`
}

/** A row in words, all but its source. */
function words({ priceMinor, source: _, ...row }: RateRow): string {
  return [...Object.entries(row), ['priceMinor', priceMinor]].map(String).sort().join(' ')
}

describe('the published seed', () => {
  it('is read back as it stands in its files, markets and days included', async () => {
    const [rows, places] = await as(aliceId, async (scope) => [
      await findRateRows(scope, 'USD'),
      await findMarketRows(scope.sql),
    ])
    const usd = cards.filter(({ currency }) => currency === 'USD')
    expect(rows.map(words).sort()).toEqual(usd.map(words).sort())
    for (const day of ['2025-09-30', '2026-06-30', '2026-10-01']) {
      const [stored, seeded] = [compileMarkets(places, day), compileMarkets(markets, day)]
      for (const { prefix } of markets) expect(stored(`${prefix}000`)).toBe(seeded(`${prefix}000`))
    }
  })

  it('says of every row where it comes from', async () => {
    const rows = await as(aliceId, (scope) => findRateRows(scope, 'IDR'))
    expect(new Set(rows.map(({ source }) => source))).toEqual(new Set(['seed: secondary sources']))
  })

  it('writes nothing when it is published again', async () => {
    const before = await fingerprint()
    await publishSeed(owner.sql)
    expect(await fingerprint()).toEqual(before)
  })

  it('mends what was altered or left over, and leaves no row behind that it does not hold', async () => {
    await owner.sql`UPDATE rate_rows SET price = 1 WHERE currency = 'INR'`
    await owner.sql`UPDATE rate_rows SET market = 'Atlantis' WHERE currency = 'USD' AND market = 'Peru'`
    await owner.sql`UPDATE market_rows SET market = 'Atlantis' WHERE calling_code_prefix = '51'`
    await publishSeed(owner.sql)
    const [counts] = await owner.sql`
      SELECT (SELECT count(*) FROM rate_rows) AS rates, (SELECT count(*) FROM market_rows) AS markets,
             (SELECT count(*) FROM rate_rows WHERE market = 'Atlantis' OR price = 1) AS wrong`
    expect(counts).toEqual({ rates: BigInt(cards.length), markets: BigInt(markets.length), wrong: 0n })
  })
})

describe('a card of a workspace', () => {
  it('goes before the common one there, and nowhere else', async () => {
    const published = await as(aliceId, (scope) =>
      publishRates(scope, {
        ...card('per_message,IDR,indonesia,utility,2026-11-01,400'),
        markupPercent: '10',
      }),
    )
    expect(published).toEqual({ ok: true, value: { rows: 1, currencies: ['IDR'] } })
    expect(await utilityOf(aliceId, '2026-10-31')).toBe('install per_message 3566500')
    expect(await utilityOf(aliceId, '2026-11-01')).toBe('workspace per_message 4400000')
    expect(await utilityOf(bobId, '2026-11-01')).toBe('install per_message 3566500')
  })

  it('is mended by a card for the same day, be it of another model', async () => {
    const mended = card('conversation_24h,IDR,Indonesia,utility,2026-11-01,333')
    await as(aliceId, (scope) => publishRates(scope, mended))
    expect(await utilityOf(aliceId, '2026-11-22')).toBe('workspace conversation_24h 3330000')
    const [{ count } = { count: 0n }] = await owner.sql<{ count: bigint }[]>`
      SELECT count(*) FROM rate_rows WHERE workspace_id = ${aliceId}`
    expect(count).toBe(1n)
  })

  it('leaves a trace of who published what', async () => {
    const events = await owner.sql`
      SELECT actor, facts FROM audit_events WHERE workspace_id = ${aliceId} AND action = 'rates.published' ORDER BY xid`
    expect(events[0]).toEqual({
      actor: 'the owner',
      facts: { rows: 1, currencies: ['IDR'], file: 'card.csv', markupPercent: '10' },
    })
  })

  it('is not for a marketer to publish', async () => {
    const mine = card('per_message,IDR,Indonesia,utility,2026-11-02,1')
    const refused = await as(bobId, (scope) => publishRates(scope, mine), 'marketer')
    expect(refused).toMatchObject({ ok: false, reason: 'forbidden' })
    expect(await utilityOf(bobId, '2026-11-22')).toBe('install per_message 3566500')
  })

  it('with one bad row changes nothing', async () => {
    const bad = card(
      'per_message,IDR,Indonesia,utility,2026-11-02,1',
      'per_message,IDR,Atlantis,utility,2026-11-02,1',
    )
    const refused = await as(bobId, (scope) => publishRates(scope, bad))
    expect(refused).toMatchObject({
      reason: 'invalid_rate_card',
      facts: { errors: [{ path: 'rows.3.market', code: 'unknown_market', value: 'Atlantis' }] },
    })
    expect(await utilityOf(bobId, '2026-11-22')).toBe('install per_message 3566500')
  })
})

describe("an operator's card for all", () => {
  it('takes the place of the seed for its day, also after the next release', async () => {
    const common = card('conversation_24h,IDR,Indonesia,utility,2026-07-01,350')
    expect(await publishCommonRates(owner.sql, common)).toMatchObject({ ok: true })
    expect(await utilityOf(bobId, '2026-11-22')).toBe('install conversation_24h 3500000')
    await publishSeed(owner.sql)
    expect(await utilityOf(bobId, '2026-11-22')).toBe('install conversation_24h 3500000')
    expect(await utilityOf(bobId, '2026-06-30')).toBe('install conversation_24h 3000000')
  })

  it('is not for the program to write: behind the wall it can only add its own', async () => {
    const common = card('per_message,IDR,Indonesia,utility,2026-12-01,1')
    await expect(publishCommonRates(program.sql, common)).rejects.toThrow(/row-level security/)
  })
})
