import { bigint, char, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { instantColumn } from '../platform/columns.ts'

export const accounts = pgTable('accounts', {
  id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: uuid('workspace_id').notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  kind: text('kind', {
    enum: ['funding', 'wallet', 'hold', 'spent', 'adjustment', 'receivable'],
  }).notNull(),
  campaignId: uuid('campaign_id'),
  debits: bigint('debits', { mode: 'bigint' }).notNull(),
  credits: bigint('credits', { mode: 'bigint' }).notNull(),
  closedAt: instantColumn('closed_at'),
})

export const transfers = pgTable('transfers', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  debitId: bigint('debit_id', { mode: 'bigint' }).notNull(),
  creditId: bigint('credit_id', { mode: 'bigint' }).notNull(),
  amount: bigint('amount', { mode: 'bigint' }).notNull(),
  kind: text('kind', {
    enum: ['top_up', 'reserve', 'capture', 'release', 'late_capture', 'refund', 'adjust', 'write_off'],
  }).notNull(),
  campaignId: uuid('campaign_id'),
  nItems: integer('n_items').notNull(),
  reference: text('reference'),
  reason: text('reason'),
  actor: text('actor').notNull(),
  requestId: text('request_id'),
  createdAt: instantColumn('created_at').notNull(),
})
