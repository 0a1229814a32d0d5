import { bigint, char, pgTable, text, uuid } from 'drizzle-orm/pg-core'
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
