import { bigint, integer, jsonb, pgTable, real, text, uuid } from 'drizzle-orm/pg-core'
import { bytesColumn, instantColumn } from '../platform/columns.ts'
import { SHEET_KINDS } from './sheet/kinds.ts'

export const lists = pgTable('lists', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  name: text('name').notNull(),
  madeFor: text('made_for'),
  createdAt: instantColumn('created_at').notNull(),
})

export const imports = pgTable('imports', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  createdBy: text('created_by').notNull(),
  state: text('state', { enum: ['reading', 'mapping', 'done', 'failed'] }).notNull(),
  kind: text('kind', { enum: SHEET_KINDS }).notNull(),
  fileName: text('file_name').notNull(),
  byteSize: bigint('byte_size', { mode: 'number' }).notNull(),
  sha256: bytesColumn('sha256').notNull(),
  options: jsonb('options').notNull(),
  columns: jsonb('columns').notNull(),
  mapping: jsonb('mapping').notNull(),
  sheets: jsonb('sheets').notNull(),
  rows: integer('rows').notNull(),
  accepted: integer('accepted').notNull(),
  duplicates: integer('duplicates').notNull(),
  rejected: integer('rejected').notNull(),
  totals: jsonb('totals').notNull(),
  progress: real('progress'),
  listId: uuid('list_id'),
  sameAs: uuid('same_as'),
  code: text('code'),
  detail: text('detail'),
  leaseUntil: instantColumn('lease_until'),
  createdAt: instantColumn('created_at').notNull(),
  finishedAt: instantColumn('finished_at'),
})

export const importChunks = pgTable('import_chunks', {
  workspaceId: uuid('workspace_id').notNull(),
  importId: uuid('import_id').notNull(),
  n: integer('n').notNull(),
  bytes: bytesColumn('bytes').notNull(),
})

export const importProblems = pgTable('import_problems', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: uuid('workspace_id').notNull(),
  importId: uuid('import_id').notNull(),
  row: integer('row').notNull(),
  column: text('column'),
  code: text('code').notNull(),
  message: text('message').notNull(),
  value: text('value'),
})

export const contacts = pgTable('contacts', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  workspaceId: uuid('workspace_id').notNull(),
  phone: text('phone'),
  name: text('name'),
  email: text('email'),
  timeZone: text('time_zone'),
  variables: jsonb('variables').notNull().$type<Record<string, string>>(),
  createdAt: instantColumn('created_at').notNull(),
  updatedAt: instantColumn('updated_at').notNull(),
  erasedAt: instantColumn('erased_at'),
})

export const listMembers = pgTable('list_members', {
  workspaceId: uuid('workspace_id').notNull(),
  listId: uuid('list_id').notNull(),
  contactId: bigint('contact_id', { mode: 'number' }).notNull(),
})

export const suppressions = pgTable('suppressions', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  phone: text('phone').notNull(),
  scope: text('scope', { enum: ['all', 'marketing'] }).notNull(),
  reason: text('reason').notNull(),
  expiresAt: instantColumn('expires_at'),
  createdBy: text('created_by').notNull(),
  createdAt: instantColumn('created_at').notNull(),
})
