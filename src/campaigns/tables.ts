import { bigint, integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytesColumn, instantColumn } from '../platform/columns.ts'
import { CAMPAIGN_STATES } from './lifecycle.ts'
import type { Schedule } from './schedule.ts'

export const campaigns = pgTable('campaigns', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  name: text('name').notNull(),
  state: text('state', { enum: CAMPAIGN_STATES }).notNull(),
  templateId: uuid('template_id').notNull(),
  senderId: uuid('sender_id').notNull(),
  listId: uuid('list_id').notNull(),
  schedule: jsonb('schedule').notNull().$type<Schedule>(),
  insufficientFunds: text('insufficient_funds', { enum: ['block', 'wait', 'partial'] }).notNull(),
  version: integer('version').notNull(),
  editors: text('editors').array().notNull(),
  submittedBy: text('submitted_by'),
  submittedRequest: text('submitted_request'),
  submittedTrace: text('submitted_trace'),
  quoteId: uuid('quote_id'),
  digest: bytesColumn('digest'),
  holdId: bigint('hold_id', { mode: 'bigint' }),
  startsAt: instantColumn('starts_at'),
  sendBefore: instantColumn('send_before'),
  pauseReason: text('pause_reason'),
  createdAt: instantColumn('created_at').notNull(),
  submittedAt: instantColumn('submitted_at'),
  settledAt: instantColumn('settled_at'),
  fallbackOf: uuid('fallback_of'),
  againOf: uuid('again_of'),
  ceiling: bigint('ceiling', { mode: 'bigint' }),
})
