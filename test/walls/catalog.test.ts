import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SqlClient } from '../../src/platform/db.ts'
import { openDatabase } from '../../src/platform/db.ts'
import { type Clinic, openClinic } from '../campaigns/clinic.ts'

let clinic: Clinic
let program: SqlClient
let close: () => Promise<void>

beforeAll(async () => {
  clinic = await openClinic()
  const database = openDatabase(clinic.programUrl, clinic, { poolSize: 1 })
  program = database.sql
  close = database.close
}, 60_000)

afterAll(async () => {
  await close?.()
  await clinic?.close()
})

/** What belongs to the installation and not to a workspace, and may be seen by all. */
const COMMON = ['campaign_moves', 'installation', 'market_rows', 'program_grants', 'transfer_ways']

/**
 * Every function that runs with the owner's rights, and so past the walls. Each was read with care: what it is given,
 * what it gives back, and whether a workspace could learn or change anything of another by it. A new one is added
 * here when that has been done.
 */
const PAST_THE_WALLS = {
  // Who is knocking, by a secret that only they know.
  find_api_key: 'a key’s hash, role and workspace, by its prefix',
  find_console_session: 'who a session is, by its token’s hash',
  use_console_link: 'who a link lets in, once, by its token’s hash',
  find_invitation: 'what an invitation says, by its token’s hash',
  // People, who stand outside all workspaces; one at a time.
  find_person: 'a person with their password’s hash, by their e-mail address',
  read_person: 'the same by their id, which a session gives',
  person_workspaces: 'where a person is a member',
  add_person: 'writes a person down, unless the address is somebody’s',
  set_password: 'a person’s new password; ends their other sessions, links and half sign-ins',
  propose_totp: 'keeps a sealed secret that is not proved yet',
  set_totp: 'switches a person’s second factor on or off',
  use_totp_step: 'takes a code’s period, once',
  use_recovery_code: 'takes a recovery code, once',
  keep_person_token: 'keeps the hash of a link or ticket',
  find_person_token: 'whose link or ticket it is, by its hash',
  use_person_token: 'the same, once',
  begin_attempt: 'counts an attempt at a hashed subject',
  end_attempt: 'uncounts it',
  forget_attempts: 'deletes what is older than a day',
  any_workspace: 'whether there is any',
  // They tell nothing, and compare the workspaces themselves.
  members_need_both: 'refuses a member whose list or contact is not of its workspace',
  invoices_need_contact: 'refuses an invoice whose contact is not of its workspace',
  open_first_workspace: 'makes a workspace where there is none',
  // Where a webhook belongs, by an id that its address bears.
  find_payment_gateway: 'a gateway with its encrypted secrets, by its id',
  find_webhook_sender: 'a sender with its encrypted secrets, by its id',
  store_webhooks: 'writes each body behind its own sender’s wall; gives nothing back',
  store_webhook_bodies: 'the same, and makes their digests',
  // What waits: names only.
  all_workspaces: 'ids of workspaces',
  campaigns_to_recheck: 'ids of campaigns',
  campaigns_to_tend: 'ids and states of campaigns',
  imports_to_read: 'ids of imports',
  links_to_make: 'ids of payment links',
  origins_of_campaigns: 'the request ids of submissions, by the campaigns’ ids',
  notices_to_deliver: 'ids of deliveries',
  notices_to_gather: 'ids of workspaces',
  parked_waiting: 'ids of workspaces',
  payments_to_claim: 'ids of workspaces',
  runs_to_nudge: 'ids of campaigns, noting that they were looked at',
  slices_past_lifetime: 'ids of campaigns and numbers of slices',
  template_work: 'ids of senders',
  webhooks_waiting: 'ids of senders',
  figures: 'sums and ages over all workspaces, without ids',
  workspaces_to_remind: 'ids of workspaces',
  workspaces_with_links: 'ids of workspaces',
  workspaces_to_seal: 'ids of workspaces',
  forget_old: 'deletes what is old, of all; gives back how much',
  // Triggers: they act on the row at hand, which has passed its own wall.
  count_messages: 'counts the rows of the statement in their own campaigns',
  fold_transfers: 'adds the rows of the statement to their own accounts',
  guard_approval: 'looks at the campaign of the approval',
  guard_campaign: 'looks at the table of states',
  guard_quote: 'looks at the campaign of the quote',
} as const

/** References by one column, because an index on the pair would cost every message; their rows are walled all the same. */
const BY_ID_ALONE = [
  'conversation_windows → messages',
  'fallbacks → messages',
  'campaigns → quotes',
  // A person stands outside all workspaces, in a schema that the program cannot enter.
  'members → people.persons',
]

describe('the program’s own role', () => {
  it('is nobody special, belongs to nobody special, and owns no table of ours', async () => {
    const [role] = await program`
      SELECT rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication,
             (SELECT count(*)::int FROM pg_auth_members m WHERE m.member = r.oid) AS memberships,
             (SELECT count(*)::int FROM pg_class c WHERE c.relowner = r.oid AND c.relnamespace = 'public'::regnamespace) AS owns
        FROM pg_roles r WHERE rolname = current_user`
    expect(role).toEqual({
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolcreatedb: false,
      rolreplication: false,
      memberships: 0,
      owns: 0,
    })
  })

  it('cannot make anything in our schema, nor become another role', async () => {
    await expect(program`CREATE TABLE public.mine ()`).rejects.toMatchObject({ code: '42501' })
    const owner = new URL(clinic.ownerUrl).username
    await expect(program.unsafe(`SET ROLE ${owner}`)).rejects.toMatchObject({ code: '42501' })
    await expect(program.unsafe(`SET SESSION AUTHORIZATION ${owner}`)).rejects.toMatchObject({
      code: '42501',
    })
  })
})

describe('every table', () => {
  it('has a workspace, row-level security enabled and forced, or is known to be common', async () => {
    const tables = await program<{ name: string; walled: boolean }[]>`
      SELECT relname AS name, relrowsecurity AND relforcerowsecurity AND EXISTS (
               SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'workspace_id' AND NOT a.attisdropped) AS walled
        FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r','p') ORDER BY 1`
    expect(tables.length).toBeGreaterThan(30)
    expect(tables.filter(({ walled }) => !walled).map(({ name }) => name)).toEqual(COMMON)
  })

  it('lets all but its owner see the current workspace only', async () => {
    const policies = await program<{ table: string; roles: string[]; sees: string; cmd: string }[]>`
      SELECT tablename AS "table", roles::text[], qual AS sees, cmd FROM pg_policies WHERE schemaname = 'public' AND qual <> 'true'`
    const other = policies.filter(
      ({ sees }) => sees !== '(workspace_id = ( SELECT current_workspace() AS current_workspace))',
    )
    expect(other).toEqual([
      {
        table: 'rate_rows',
        roles: ['public'],
        cmd: 'SELECT',
        sees: '((workspace_id IS NULL) OR (workspace_id = ( SELECT current_workspace() AS current_workspace)))',
      },
    ])
    const open = await program<{ policyname: string; roles: string[] }[]>`
      SELECT DISTINCT policyname, roles::text[] FROM pg_policies WHERE schemaname = 'public' AND qual = 'true'`
    expect([...open]).toEqual([{ policyname: 'owner_sees_all', roles: [new URL(clinic.ownerUrl).username] }])
  })

  it('refers to other walled tables by their workspace too, but for a known few', async () => {
    const references = await program<{ name: string }[]>`
      SELECT DISTINCT conrelid::regclass || ' → ' || confrelid::regclass AS name FROM pg_constraint k
       WHERE contype = 'f' AND connamespace = 'public'::regnamespace AND NOT EXISTS (
         SELECT 1 FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attname = 'workspace_id')`
    expect(references.map(({ name }) => name).sort()).toEqual([...BY_ID_ALONE].sort())
  })

  it('is seen as it is: there are no views, which would see with their owner’s eyes', async () => {
    const views = await program`
      SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('v','m','f')`
    expect([...views]).toEqual([])
  })
})

describe('functions with the owner’s rights', () => {
  it('are the known ones', async () => {
    const functions = await program<{ name: string }[]>`
      SELECT proname AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef ORDER BY 1`
    expect(functions.map(({ name }) => name)).toEqual(Object.keys(PAST_THE_WALLS).sort())
  })

  it('look names up in our schema, whatever the caller’s search path', async () => {
    const loose = await program`
      SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
         AND ARRAY(SELECT c FROM unnest(proconfig) AS c WHERE c NOT LIKE 'enable\\_%') <> ARRAY['search_path=public, pg_temp']`
    expect([...loose]).toEqual([])
  })

  it('belong to the owner of the tables, who is no superuser', async () => {
    const owners = await program`
      SELECT DISTINCT r.rolname, r.rolsuper, r.rolbypassrls FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner
       WHERE pronamespace = 'public'::regnamespace AND prosecdef`
    expect([...owners]).toEqual([
      { rolname: new URL(clinic.ownerUrl).username, rolsuper: false, rolbypassrls: false },
    ])
  })
})
