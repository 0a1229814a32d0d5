import {
  bigint,
  boolean,
  char,
  integer,
  jsonb,
  pgTable,
  real,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core'
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
})

export const runs = pgTable('runs', {
  campaignId: uuid('campaign_id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  senderId: uuid('sender_id').notNull(),
  holdId: bigint('hold_id', { mode: 'bigint' }).notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  model: text('model').notNull(),
  category: text('category').notNull(),
  template: jsonb('template').notNull(),
  timeWindow: jsonb('time_window'),
  state: text('state', { enum: ['waiting', 'running', 'paused', 'stopped'] }).notNull(),
  pauseReason: text('pause_reason'),
  startsAt: instantColumn('starts_at').notNull(),
  sendBefore: instantColumn('send_before').notNull(),
  lifetimeSeconds: integer('lifetime_seconds').notNull(),
})

export const messages = pgTable('messages', {
  id: bigint('id', { mode: 'bigint' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: uuid('workspace_id').notNull(),
  campaignId: uuid('campaign_id').notNull(),
  contactId: bigint('contact_id', { mode: 'number' }).notNull(),
  sliceNo: integer('slice_no').notNull(),
  price: bigint('price', { mode: 'bigint' }).notNull(),
  state: text('state').notNull(),
  money: text('money', { enum: ['held', 'captured', 'released'] }).notNull(),
  free: boolean('free').notNull(),
  attempts: smallint('attempts').notNull(),
  sentAt: instantColumn('sent_at'),
  deliveredAt: instantColumn('delivered_at'),
  readAt: instantColumn('read_at'),
  failedAt: instantColumn('failed_at'),
  reason: text('reason'),
})
