import { bigint, char, date, pgTable, text, uuid } from 'drizzle-orm/pg-core'

/** Rows without a workspace belong to the installation and are read by all. */
export const rateRows = pgTable('rate_rows', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: uuid('workspace_id'),
  model: text('model').notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  market: text('market').notNull(),
  category: text('category').notNull(),
  effectiveFrom: date('effective_from', { mode: 'string' }).notNull(),
  price: bigint('price', { mode: 'bigint' }).notNull(),
  chargeOn: text('charge_on', { enum: ['delivered', 'accepted'] }).notNull(),
  source: text('source').notNull(),
})

/** An open end is `-infinity` or `infinity`. */
export const marketRows = pgTable('market_rows', {
  callingCodePrefix: text('calling_code_prefix').notNull(),
  country: text('country').notNull(),
  market: text('market').notNull(),
  effectiveFrom: date('effective_from', { mode: 'string' }).notNull(),
  effectiveUntil: date('effective_until', { mode: 'string' }).notNull(),
})
