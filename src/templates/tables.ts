import { integer, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytesColumn, instantColumn } from '../platform/columns.ts'
import { MEDIA_TYPES } from './media-file.ts'

export const templates = pgTable('templates', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  channel: text('channel', { enum: ['whatsapp', 'sms'] }).notNull(),
  name: text('name').notNull(),
  platformName: text('platform_name').notNull(),
  language: text('language').notNull(),
  category: text('category', { enum: ['marketing', 'utility', 'authentication'] }).notNull(),
  header: jsonb('header'),
  body: text('body').notNull(),
  footer: text('footer'),
  buttons: jsonb('buttons').notNull(),
  samples: jsonb('samples').notNull().$type<Record<string, string>>(),
  warnings: jsonb('warnings').notNull(),
  state: text('state', { enum: ['pending', 'approved', 'paused', 'rejected', 'disabled'] }).notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instantColumn('created_at').notNull(),
})

/** Files that stand above a message; none is ever changed. */
export const media = pgTable('media', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  type: text('type', { enum: MEDIA_TYPES }).notNull(),
  mime: text('mime').notNull(),
  fileName: text('file_name').notNull(),
  sizeBytes: integer('size_bytes').notNull(),
  sha256: bytesColumn('sha256').notNull(),
  content: bytesColumn('content').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instantColumn('created_at').notNull(),
})
