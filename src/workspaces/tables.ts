import { char, integer, json, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { bytesColumn, instantColumn } from '../platform/columns.ts'
import { ROLES } from '../platform/scope.ts'
import { LANGUAGES } from './language.ts'

export const workspaces = pgTable('workspaces', {
  id: uuid('workspace_id').primaryKey(),
  name: text('name').notNull(),
  currency: char('currency', { length: 3 }).notNull(),
  timeZone: text('time_zone').notNull(),
  defaultCountry: char('default_country', { length: 2 }).notNull(),
  language: text('language', { enum: LANGUAGES }),
  frozenAt: instantColumn('frozen_at'),
  frozenReason: text('frozen_reason'),
  createdAt: instantColumn('created_at').notNull(),
})

export const apiKeys = pgTable('api_keys', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  prefix: text('prefix').notNull(),
  secretHash: bytesColumn('secret_hash').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  name: text('name').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  revokedAt: instantColumn('revoked_at'),
  /** Whoever made it, if a member did: it ends with them. */
  memberId: uuid('member_id'),
})

export const members = pgTable('members', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  personId: uuid('person_id').notNull(),
  email: text('email').notNull(),
  name: text('name').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  createdAt: instantColumn('created_at').notNull(),
  removedAt: instantColumn('removed_at'),
})

export const invitations = pgTable('invitations', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  email: text('email').notNull(),
  role: text('role', { enum: ROLES }).notNull(),
  tokenHash: bytesColumn('token_hash').notNull(),
  invitedBy: text('invited_by').notNull(),
  createdAt: instantColumn('created_at').notNull(),
  expiresAt: instantColumn('expires_at').notNull(),
  acceptedAt: instantColumn('accepted_at'),
  withdrawnAt: instantColumn('withdrawn_at'),
})

export const idempotencyKeys = pgTable('idempotency_keys', {
  workspaceId: uuid('workspace_id').notNull(),
  key: text('key').notNull(),
  requestHash: bytesColumn('request_hash').notNull(),
  status: integer('status'),
  answer: json('answer'),
  createdAt: instantColumn('created_at').notNull(),
})

export const auditEvents = pgTable('audit_events', {
  id: uuid('id').primaryKey(),
  workspaceId: uuid('workspace_id').notNull(),
  actor: text('actor').notNull(),
  action: text('action').notNull(),
  subject: text('subject').notNull(),
  facts: jsonb('facts').notNull().$type<Record<string, unknown>>(),
  requestId: text('request_id'),
  at: instantColumn('at').notNull(),
  /** The transaction, as decimal digits: readers page by it, because ids commit out of order. */
  xid: text('xid').notNull().generatedAlwaysAs('pg_current_xact_id()'),
})
