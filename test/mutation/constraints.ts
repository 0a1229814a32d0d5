import { asOwner } from '../../src/house.ts'
import { type Sql, sqlState } from '../../src/platform/db.ts'
import { sealStream } from '../../src/wallet/index.ts'
import { type Clinic, openClinic } from '../campaigns/clinic.ts'
import { playThrough } from '../reports/play.ts'
import { EFFECTS } from '../wallet/effects.ts'
import { ILLEGAL } from '../wallet/illegal.ts'
import { ILLEGAL_ROWS } from '../wallet/illegal-rows.ts'

/** A CHECK, UNIQUE, foreign key or trigger that guards money or sending, and what noticed that it was gone. */
export type Mutant = { readonly guard: string; readonly noticedBy: string[] }

/** The tables in which money, messages and who allowed them are kept. */
export const GUARDED_TABLES = [
  ...['accounts', 'transfers', 'seals', 'charges', 'receipts', 'attempts', 'messages', 'message_counts'],
  ...['slices', 'runs', 'campaigns', 'quotes', 'approvals', 'approval_requests', 'approval_policies'],
  'conversation_windows',
  ...['webhooks', 'sender_pace', 'transfer_ways', 'campaign_moves', 'audit_events'],
]

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
    for (const { guard, drop } of await guardsOf(clinic)) {
      const noticedBy = await noticed(clinic, names, drop)
      say(
        `${noticedBy.length > 0 ? 'noticed ' : 'SURVIVED'}  ${guard}${noticedBy[0] ? `: ${noticedBy[0]}` : ''}`,
      )
      mutants.push({ guard, noticedBy })
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

function guardsOf(clinic: Clinic): Promise<{ guard: string; drop: string }[]> {
  return clinic.asOwner(
    ({ sql }) => sql<{ guard: string; drop: string }[]>`
      SELECT format('%s.%s (%s)', c.relname, k.conname,
               CASE k.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' ELSE 'unique' END) AS guard,
             format('ALTER TABLE %I DROP CONSTRAINT %I CASCADE', c.relname, k.conname) AS drop
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(${GUARDED_TABLES}::text[]) AND k.contype IN ('c','f','p','u')
         -- What is unique with fewer columns is unique with more, so that only a reference needs this one.
         AND NOT (k.contype = 'u' AND NOT EXISTS (SELECT 1 FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = k.conindid)
             AND EXISTS (SELECT 1 FROM pg_constraint p WHERE p.conrelid = k.conrelid AND p.contype = 'p' AND p.conkey <@ k.conkey))
      UNION ALL
      SELECT format('%s.%s (trigger)', c.relname, t.tgname), format('DROP TRIGGER %I ON %I', t.tgname, c.relname)
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(${GUARDED_TABLES}::text[]) AND NOT t.tgisinternal
      UNION ALL
      SELECT format('%s.%s (unique index)', c.relname, i.relname), format('DROP INDEX %I', i.relname)
        FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
       WHERE c.relnamespace = 'public'::regnamespace AND c.relname = ANY(${GUARDED_TABLES}::text[]) AND x.indisunique
         AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = x.indexrelid)
      ORDER BY 1`,
  )
}

class TakenBack extends Error {}

/** What goes otherwise than it should while `drop` is in force. */
async function noticed(clinic: Clinic, names: Names, drop: string | undefined): Promise<string[]> {
  const found: string[] = []
  const cause = {
    workspaceId: clinic.workspaceId,
    actor: { name: 'owner', role: 'owner' as const },
    requestId: 'mutation',
  }
  const attempt = async (owner: Sql) => {
    if (drop) await owner.unsafe(drop)
    for (const { what, sql, program, owner: code = program } of [...ILLEGAL, ...ILLEGAL_ROWS]) {
      if ((await outcomeOf(owner, fill(sql, names))) !== code) found.push(what)
      if (drop && found.length > 0) throw new TakenBack()
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
