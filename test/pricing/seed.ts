import { readFileSync } from 'node:fs'
import { unwrap } from '../../src/platform/result.ts'
import { parseMarketRows, parseRateRows } from '../../src/pricing/index.ts'

const seed = (name: string) => readFileSync(new URL(`../../drizzle/seed/${name}`, import.meta.url), 'utf8')

/** The seed as the program reads it. */
export const markets = unwrap(parseMarketRows(seed('whatsapp-markets.csv')))
export const cards = unwrap(
  parseRateRows(seed('rate-cards.csv'), {
    owner: 'install',
    source: 'seed',
    knownMarkets: markets.map(({ market }) => market),
  }),
)
