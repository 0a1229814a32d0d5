import { asOwner } from '../../src/house.ts'
import { type Sql, sqlState } from '../../src/platform/db.ts'
import { sealStream } from '../../src/wallet/index.ts'
import { type Clinic, openClinic } from '../campaigns/clinic.ts'
import { playThrough } from '../reports/play.ts'
import { furnish } from '../wallet/furnish.ts'
import type { Illegal } from '../wallet/illegal.ts'
import { EFFECTS, ILLEGAL } from '../wallet/statements.ts'

/** A CHECK, UNIQUE, foreign key or trigger that guards money or sending, and what noticed that it was gone. */
export type Mutant = { readonly guard: string; readonly table: string; readonly noticedBy: string[] }

/**
 * The tables that neither hold money nor decide what is sent to whom, and why; the guards of all others are dropped, so
 * that a table that is added is among them until somebody writes it here.
 */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  ...reason('who may enter, and as what', [
    ...['api_keys', 'members', 'invitations', 'console_sessions', 'console_links'],
    ...['people.persons', 'people.recovery_codes', 'people.tokens', 'people.attempts'],
  ]),
  ...reason('a file on its way in: contacts and invoices have guards of their own', [
    ...['imports', 'import_chunks', 'import_problems', 'import_rejected_rows'],
  ]),
  ...reason('who is told of what has happened', [
    ...['notice_endpoints', 'notice_cursors', 'notices', 'notice_deliveries'],
  ]),
  ...reason('what migrations give to the program; every statement below is tried by the program too', [
    'program_grants',
  ]),
}

function reason(why: string, tables: readonly string[]): Record<string, string> {
  return Object.fromEntries(tables.map((table) => [table, why]))
}

/**
 * Drops each guard in turn, in a transaction that is taken back, and tries all that it must refuse or do. `ILLEGAL` and
 * `EFFECTS` are the rows of test/wallet/ledger.test.ts: what is noticed here is a failing test there.
 */
export async function mutateConstraints(say: (line: string) => void = () => {}): Promise<Mutant[]> {
  const clinic = await openClinic()
  try {
    const neighbour = await clinic.openNeighbour()
    const names = await namesOf(clinic, neighbour)
    const whole = await noticed(clinic, names, undefined)
    if (whole.length > 0) throw new Error(`with all guards in place these fail already: ${whole.join('; ')}`)
    const mutants: Mutant[] = []
    for (const { guard, table, drop } of await guardsOf(clinic)) {
      const noticedBy = await noticed(clinic, names, { table, drop })
      say(
        `${noticedBy.length > 0 ? 'noticed ' : 'SURVIVED'}  ${guard}${noticedBy[0] ? `: ${noticedBy[0]}` : ''}`,
      )
      mutants.push({ guard, table, noticedBy })
    }
    return mutants
  } finally {
    await clinic.close()
  }
}

export type Names = Readonly<Record<string, unknown>>

/** Plays a day through, and says by which names its rows are spoken of. */
export async function namesOf(clinic: Clinic, neighbour: Clinic): Promise<Names> {
  const campaigns = await playThrough(clinic)
  await clinic.within((scope) => sealStream(scope, 'transfers'))
  await furnish(clinic, (sql) => fill(sql, { ...campaigns, here: clinic.workspaceId }))
  const [wallet] = await neighbour.within(
    ({ sql }) => sql<{ id: bigint }[]>`SELECT id FROM accounts WHERE kind = 'wallet'`,
  )
  return {
    ...campaigns,
    neighboursWallet: wallet!.id,
    here: clinic.workspaceId,
    there: neighbour.workspaceId,
  }
}

/** Puts the ids of the played campaigns into a statement. */
export function fill(sql: string, names: Names): string {
  return sql.replace(/:(\w+)\b(?!:)/g, (word, name: string) => (names[name] ? `'${names[name]}'` : word))
}

type Guard = { readonly guard: string; readonly table: string; readonly drop: string }

/** All guards that the catalogue of the freshly migrated database knows, but for the tables that are left out. */
function guardsOf(clinic: Clinic): Promise<Guard[]> {
  return clinic.asOwner(
    ({ sql }) => sql<Guard[]>`
      WITH tables AS (
        SELECT c.oid, c.oid::regclass::text AS name, c.relnamespace::regnamespace AS schema FROM pg_class c
         WHERE c.relkind IN ('r','p') AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
           AND c.relnamespace::regnamespace::text NOT IN ('drizzle', 'pg_toast')
           AND c.oid::regclass::text <> ALL(${Object.keys(LEFT_OUT)}::text[]))
      SELECT format('%s.%s (%s)', t.name, k.conname,
               CASE k.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' WHEN 'x' THEN 'exclusion'
                 ELSE 'unique' END) AS guard, t.name AS table,
             format('ALTER TABLE %s DROP CONSTRAINT %I CASCADE', t.name, k.conname) AS drop
        FROM pg_constraint k JOIN tables t ON t.oid = k.conrelid
       WHERE k.contype IN ('c','f','p','u','x')
         -- What is unique with fewer columns is unique with more, so that only a reference needs this one.
         AND NOT (k.contype = 'u' AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = k.conindid)
             AND EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = k.conrelid AND p.contype = 'p' AND p.conkey <@ k.conkey))
      UNION ALL
      SELECT format('%s.%s (trigger)', t.name, g.tgname), t.name, format('DROP TRIGGER %I ON %s', g.tgname, t.name)
        FROM pg_trigger g JOIN tables t ON t.oid = g.tgrelid WHERE NOT g.tgisinternal
      UNION ALL
      SELECT format('%s.%s (unique index)', t.name, i.relname), t.name, format('DROP INDEX %s', i.oid::regclass)
        FROM pg_index x JOIN tables t ON t.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
       WHERE x.indisunique AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)
      ORDER BY 1`,
  )
}

class TakenBack extends Error {}

/** What goes otherwise than it should without a guard, and with all of them; without one, the first is enough. */
async function noticed(
  clinic: Clinic,
  names: Names,
  without: Pick<Guard, 'table' | 'drop'> | undefined,
): Promise<string[]> {
  const found: string[] = []
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'owner', role: 'owner' as const },
    requestId: 'mutation',
  }
  const attempt = async (owner: Sql) => {
    if (without) await owner.unsafe(without.drop)
    for (const { what, sql, program, owner: code = program } of nearestFirst(ILLEGAL, without)) {
      if ((await outcomeOf(owner, fill(sql, names))) !== code) found.push(what)
      if (without && found.length > 0) throw new TakenBack()
    }
    for (const { what, sql, holds } of EFFECTS) {
      if (!(await hasEffect(owner, fill(sql, names), fill(holds, names)))) found.push(what)
    }
    throw new TakenBack()
  }
  await asOwner(clinic.ownerUrl, { now: clinic.now }, (owner) =>
    owner.within(cause, (scope) => attempt(scope.sql)),
  ).catch((error: unknown) => {
    if (!(error instanceof TakenBack)) throw error
  })
  return found
}

/** What speaks of the guard's own table will most likely notice that it is gone. */
function nearestFirst(
  statements: readonly Illegal[],
  without: Pick<Guard, 'table'> | undefined,
): readonly Illegal[] {
  if (!without) return statements
  const isNear = ({ sql }: Illegal) => new RegExp(`\\b${without.table}\\b`).test(sql)
  return [...statements.filter(isNear), ...statements.filter((statement) => !isNear(statement))]
}

/** The SQLSTATE by which a statement is refused; undefined where it goes through, and is taken back. */
async function outcomeOf(sql: Sql, statement: string): Promise<string | undefined> {
  try {
    await sql.savepoint(async (inner) => {
      await inner.unsafe(statement)
      throw new TakenBack()
    })
  } catch (error) {
    return error instanceof TakenBack ? undefined : sqlState(error)
  }
}

async function hasEffect(sql: Sql, statement: string, holds: string): Promise<boolean> {
  let held = false
  try {
    await sql.savepoint(async (inner) => {
      await inner.unsafe(statement)
      const [row] = await inner.unsafe<{ holds: boolean }[]>(`SELECT (${holds}) AS holds`)
      held = row?.holds === true
      throw new TakenBack()
    })
  } catch (error) {
    if (!(error instanceof TakenBack)) return false
  }
  return held
}
