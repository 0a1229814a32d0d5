import { integer, jsonb, pgTable, real, text, uuid } from 'drizzle-orm/pg-core'
import { bytesColumn, instantColumn } from '../platform/columns.ts'

export const senders = pgTable('senders', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  provider: text('provider').notNull(),
  name: text('name').notNull(),
  config: jsonb('config').notNull().$type<Record<string, unknown>>(),
  secrets: bytesColumn('secrets'),
  state: text('state', { enum: ['active', 'stopped'] }).notNull(),
  stopReason: text('stop_reason'),
  messagesPerSecond: real('messages_per_second').notNull(),
  lifetimeSeconds: integer('lifetime_seconds').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  stopCode: text('stop_code'),
  stoppedAt: instantColumn('stopped_at'),
  previousUntil: instantColumn('previous_until'),
  checkedAt: instantColumn('checked_at'),
})
