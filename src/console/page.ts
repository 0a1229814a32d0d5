import type { Request, Response } from 'express'
import type { Refusal, Result } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import { type Action, allow, type PeopleHouse, roleMay, type Workspace } from '../workspaces/index.ts'
import type { Form } from './form.ts'
import type { ConsoleHouse } from './house.ts'
import type { Session } from './session.ts'
import type { Views } from './view.ts'

/** The sections of the console, in the order in which they stand on every page. */
export const SECTIONS = [
  'today',
  'campaigns',
  'reminders',
  'approvals',
  'contacts',
  'templates',
  'wallet',
  'settings',
] as const
export type Section = (typeof SECTIONS)[number]

/** Somebody looks at a page: one transaction of their workspace. */
export type Visit = {
  readonly house: ConsoleHouse
  readonly session: Session
  readonly scope: Scope
  readonly workspace: Workspace
  readonly params: Readonly<Record<string, string>>
  /** A word of the address after the question mark; undefined where it is missing, doubled, longer than sensible or no text. */
  query(name: string): string | undefined
  /** The member has proved who they are with this very form. */
  readonly justConfirmed: boolean
  /** The address of this page, to come back to. */
  readonly here: string
}

/** What a page shows: a view of `templates/console`, and what it needs. */
export type View = {
  readonly name: string
  readonly section?: Section
  readonly title: string
  readonly data: Readonly<Record<string, unknown>>
}

/** What was refused, and what the form said, to be shown again next to its fields. */
export type Again = {
  readonly fields: Form['fields']
  readonly refusal: Refusal
  readonly errors: FieldErrors
  /** The names of secret fields that need not be typed again; `fields.kept` has them sealed. */
  readonly kept: readonly string[]
}
export type FieldErrors = Readonly<Record<string, string>>

/** Where an act leads: to a page, or to what is shown this once; `token` is of a session that takes this one’s place. */
export type Went = { readonly to: string; readonly view?: View; readonly token?: string }

export type Page = {
  readonly kind: 'page'
  readonly path: string
  readonly show: (visit: Visit) => Promise<Result<View>>
}

export type Act = {
  readonly kind: 'act'
  readonly path: string
  readonly act: (visit: Visit, form: Form) => Promise<Result<Went>>
  /** The page that the form stands on, to be shown again with what was refused. */
  readonly again: (visit: Visit, again: Again) => Promise<Result<View>>
}

/** Somebody has the outside world asked, which may take long: no transaction stays open meanwhile. */
export type Errand = {
  readonly kind: 'errand'
  readonly path: string
  readonly ask: (visit: ErrandVisit, form: Form) => Promise<Result<Asked>>
  /** The page that it was asked from: with what was found, or with what was refused. */
  readonly show: (visit: Visit, again?: Again, found?: Found) => Promise<Result<View>>
}

export type Found = Readonly<Record<string, unknown>>
/** What came of it: something to be shown where it was asked, or where to go on. */
export type Asked = { readonly found: Found } | { readonly to: string }

export type ErrandVisit = {
  readonly house: ConsoleHouse
  readonly params: Readonly<Record<string, string>>
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
}

export type Stream = {
  readonly kind: 'stream'
  readonly path: string
  readonly send: (stream: StreamVisit) => Promise<Refusal | undefined>
}

/** Somebody takes a file or listens: transactions are opened as they are needed. */
export type StreamVisit = {
  readonly house: ConsoleHouse
  readonly views: Views
  readonly params: Readonly<Record<string, string>>
  readonly request: Request
  readonly response: Response
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  /** Whether the session still stands. */
  stillHere(): Promise<boolean>
}

/** A piece of a page that follows what is being typed: sent like a form, and nothing is written down. */
export type Part = {
  readonly kind: 'part'
  readonly path: string
  readonly show: (visit: Visit, form: Form) => Promise<Result<Omit<View, 'title'>>>
}

export type Route = Page | Act | Errand | Stream | Part

export function page(path: string, show: Page['show']): Page {
  return { kind: 'page', path, show }
}

export function act(path: string, does: Act['act'], again: Act['again']): Act {
  return { kind: 'act', path, act: does, again }
}

export function errand(path: string, ask: Errand['ask'], show: Errand['show']): Errand {
  return { kind: 'errand', path, ask, show }
}

export function stream(path: string, send: Stream['send']): Stream {
  return { kind: 'stream', path, send }
}

export function part(path: string, show: Part['show']): Part {
  return { kind: 'part', path, show }
}

/** Whether the visitor's role allows it: decides what is shown, while the verbs refuse the rest. */
export function may(visit: Visit, action: Action): boolean {
  return roleMay(visit.scope.actor.role, action)
}

/** Refuses a page that the visitor's role may not read. */
export function mustMay(visit: Visit, action: Action): Refusal | undefined {
  return allow(visit.scope.actor, action)
}

/** What deals with people, in the transaction of this visit. */
export function peopleOf({ house, scope }: Visit): PeopleHouse {
  return { database: { sql: scope.sql }, clock: { now: () => scope.now }, secrets: house.secrets }
}

const PAGE_ROWS = 50

/** A page of a list by the address: `after` only if it has the shape of the list's own places. */
export function pageRequest(visit: Visit, shape: RegExp): { limit: number; after: string | undefined } {
  const after = visit.query('after')
  return { limit: PAGE_ROWS, after: after !== undefined && shape.test(after) ? after : undefined }
}

export const UUID_PLACE = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
export const COUNTED_PLACE = /^[1-9]\d{0,17}$/

/** The address of this list's next page, with what else it is asked for. */
export function pageHref(path: string, words: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams()
  for (const [name, word] of Object.entries(words)) if (word !== undefined) query.set(name, word)
  return query.size === 0 ? path : `${path}?${query}`
}

/** What a verb found wrong, by the name of the form's field; `fieldOf` maps the verb's paths to the form's. */
export function errorsOf(refusal: Refusal, fieldOf: Readonly<Record<string, string>>): FieldErrors {
  const faults = (refusal.facts?.errors ?? []) as readonly { path: string; message: string }[]
  const errors: Record<string, string> = {}
  for (const { path, message } of faults) errors[fieldOf[path] ?? path] ??= message
  return errors
}
