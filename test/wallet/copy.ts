import type { Effect } from './effects.ts'
import { CHECKED, GUARDED, type Illegal, NO_RIGHT, NOT_THERE, TWICE } from './illegal.ts'

export const NOBODY = 'gen_random_uuid()'

/** Columns of a row and the SQL of what they are to be; `x` is the row that is copied. */
export type Changed = Readonly<Record<string, string>>

/** A statement that writes another row like one that is there, but for some columns. */
export function like(table: string, where: string, changed: Changed): string {
  const changes = Object.entries(changed).map(([column, value]) => `'${column}', ${value}`)
  return `INSERT INTO ${table} OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(x, jsonb_build_object(${changes.join(', ')}))).* FROM ${table} x WHERE ${where} LIMIT 1`
}

/** What there is of a table in the played day; `fresh` is what makes a copy of it another good row. */
export type Kind = {
  readonly a: string
  readonly of: string
  readonly where?: string
  readonly fresh: Changed
  /** Whether the program's own role may not write it at all. */
  readonly noRight?: boolean
}

/** Copies with one thing wrong each: by what they are called, what is otherwise in them. */
type Faults = Readonly<Record<string, Changed>>

export const unchecked = (kind: Kind, faults: Faults): Illegal[] => copies(kind, faults, CHECKED)
export const twice = (kind: Kind, faults: Faults): Illegal[] => copies(kind, faults, TWICE)
export const notThere = (kind: Kind, faults: Faults): Illegal[] => copies(kind, faults, NOT_THERE)
export const guarded = (kind: Kind, faults: Faults): Illegal[] => copies(kind, faults, GUARDED)

/** A row of no workspace; `others` say how to take away what would notice it as well. */
export function ofNoWorkspace(kind: Kind, others: readonly string[] = [], more: Changed = {}): Illegal[] {
  const alone = others.map((change) => `ALTER TABLE ${kind.of} ${change};`).join(' ')
  const sql = copy(kind, { ...more, workspace_id: NOBODY })
  return [{ what: `${kind.a} of no workspace`, sql: `${alone} ${sql}`, program: NO_RIGHT, owner: NOT_THERE }]
}

/** The id of a row in another workspace: the key is the installation's, not a workspace's. */
export function withTheIdOfAnothers(kind: Kind): Illegal {
  const sql = copy(kind, { id: 'x.id', workspace_id: ':there' })
  return { what: `${kind.a} with the id of another workspace’s`, sql, program: NO_RIGHT, owner: TWICE }
}

/** That neither the program nor the owner takes a row out, or changes it where `set` says how. */
export function stays({ a, of }: Kind, set?: string): Illegal[] {
  const kept = { program: NO_RIGHT, owner: GUARDED }
  const gone = { what: `${a} deleted`, sql: `DELETE FROM ${of}`, ...kept }
  return set ? [gone, { what: `${a} edited`, sql: `UPDATE ${of} SET ${set}`, ...kept }] : [gone]
}

/** That a copy with nothing wrong goes through, so that what is refused is refused for what is wrong in it. */
export function anotherGoes(kind: Kind): Effect {
  return { what: `${kind.a} like another is taken`, sql: copy(kind, {}), holds: 'true' }
}

function copies(kind: Kind, faults: Faults, code: string): Illegal[] {
  return Object.entries(faults).map(([how, changed]) => {
    const what = `${kind.a} ${how}`
    const sql = copy(kind, changed)
    return kind.noRight ? { what, sql, program: NO_RIGHT, owner: code } : { what, sql, program: code }
  })
}

function copy({ of, where = 'true', fresh }: Kind, changed: Changed): string {
  return like(of, where, { ...fresh, ...changed })
}
