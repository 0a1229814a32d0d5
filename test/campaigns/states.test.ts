import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CAMPAIGN_MOVES, CAMPAIGN_STATES } from '../../src/campaigns/index.ts'
import { MESSAGE_MOVES, MESSAGE_STATES, type MessageState } from '../../src/delivery/index.ts'
import { type Database, openDatabase, type Sql, sqlState } from '../../src/platform/db.ts'
import { type Clinic, fund, launch, makeParts, openClinic, patients } from './clinic.ts'

let clinic: Clinic
let superuser: Database
beforeAll(async () => {
  clinic = await openClinic()
  superuser = openDatabase(clinic.superuserUrl, clinic, { poolSize: 1 })
}, 60_000)
afterAll(async () => {
  await superuser?.close()
  await clinic?.close()
})

describe('the table of a campaign’s states', () => {
  it('is the same in the program and in the database', async () => {
    const rows = await superuser.sql<{ from_state: string; to_state: string }[]>`SELECT * FROM campaign_moves`
    const theirs = rows.map(({ from_state, to_state }) => `${from_state} → ${to_state}`)
    const ours = CAMPAIGN_STATES.flatMap((from) => CAMPAIGN_MOVES[from].map((to) => `${from} → ${to}`))
    expect(theirs.sort()).toEqual(ours.sort())
  })

  it('names every state that the database knows', async () => {
    expect(await statesIn('campaigns')).toEqual([...CAMPAIGN_STATES].sort())
  })

  it('ends where it should: nothing leads out of an end', () => {
    const ends = CAMPAIGN_STATES.filter((state) => CAMPAIGN_MOVES[state].length === 0)
    expect(ends).toEqual(['settled', 'rejected', 'cancelled', 'expired'])
  })
})

describe('the table of a message’s states', () => {
  it('names every state that the database knows', async () => {
    expect(await statesIn('messages')).toEqual([...MESSAGE_STATES].sort())
  })

  it('is kept by the database: each of the ninety moves is tried', async () => {
    await fund(clinic, '10000.00')
    const id = await launch(clinic, await makeParts(clinic, patients(1)))
    const wrong: string[] = []
    const taken = new Error('taken back')
    const all = superuser.sql.begin(async (sql) => {
      await sql`INSERT INTO message_counts SELECT ${id}, ${clinic.workspaceId}, s, 99 FROM unnest(${[...MESSAGE_STATES, 'held']}::text[]) s
        ON CONFLICT (campaign_id, state) DO UPDATE SET n = 99`
      for (const from of MESSAGE_STATES) {
        for (const to of MESSAGE_STATES) {
          if (from === to) continue
          const went = await tryMove(sql as Sql, id, from, to)
          if (went !== MESSAGE_MOVES[from].includes(to)) wrong.push(`${from} → ${to}: ${went}`)
        }
      }
      throw taken
    })
    await expect(all).rejects.toBe(taken)
    expect(wrong).toEqual([])
  })
})

const MONEY: Record<MessageState, string> = {
  queued: 'held',
  sending: 'held',
  sent: 'held',
  uncertain: 'held',
  delivered: 'captured',
  read: 'captured',
  failed: 'released',
  expired: 'released',
  cancelled: 'released',
  skipped: 'released',
}

/** Puts the message into a state past all triggers, then moves it on with the triggers at work. */
async function tryMove(sql: Sql, campaignId: string, from: MessageState, to: MessageState): Promise<boolean> {
  await sql`SET LOCAL session_replication_role = replica`
  await sql`UPDATE messages SET state = ${from}, money = ${MONEY[from]} WHERE campaign_id = ${campaignId}`
  await sql`SET LOCAL session_replication_role = origin`
  try {
    await sql.savepoint(async (inner) => {
      await inner`UPDATE messages SET state = ${to}, money = ${MONEY[to]} WHERE campaign_id = ${campaignId}`
    })
    return true
  } catch (error) {
    expect(sqlState(error)).toBe('23001')
    return false
  }
}

async function statesIn(table: string): Promise<string[]> {
  const rows = await superuser.sql<{ text: string }[]>`
    SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint
     WHERE conrelid = ${table}::regclass AND contype = 'c' AND pg_get_constraintdef(oid) LIKE 'CHECK ((state = ANY%'`
  return [...rows[0]!.text.matchAll(/'(\w+)'::text/g)].map(([, state]) => state!).sort()
}
