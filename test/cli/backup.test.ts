import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import {
  booksOf,
  expectStatus,
  launch,
  makeSender,
  makeTemplate,
  topUp,
  walletOf,
  witnessOf,
} from '../support/campaign.ts'
import { type Firm, openKlinikSehat, type Person, personWith } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { type Stack, startStack } from '../support/stack.ts'
import { duecast } from './run.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 })

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'duecast-backup-'))
  // PostgreSQL's account must get there, so that the database lives in it and not beside it.
  chmodSync(folder, 0o755)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TOMORROW = {
  schedule: {
    at: new Date(Date.now() + 26 * 3_600_000).toISOString().slice(0, 19),
    time_zone: 'Asia/Jakarta',
  },
}

/** A clinic with one campaign under way and one for tomorrow, stopped in the midst of it. */
async function underWay(dataDir: string, meanwhile: (stack: Stack) => Promise<void>) {
  const stack = await startStack({ DATA_DIR: dataDir })
  try {
    const firm = await openKlinikSehat(stack)
    await topUp(firm, '1000000.00', 'transfer-1')
    const list_id = await makeList(stack, firm, patients(200))
    const sender_id = await makeSender(firm, { messages_per_second: 20, lifetime_seconds: 3 })
    const parts = { list_id, sender_id, template_id: await makeTemplate(firm.budi) }
    const { id } = await launch(firm.budi, parts)
    const { id: later } = await launch(firm.budi, parts, TOMORROW)
    await follow(stack, firm.joko, id, (event) => event.counts.queued < 190)
    await meanwhile(stack)
    return { firm, sender_id, id, later }
  } finally {
    await stack.stop()
  }
}

type Left = Awaited<ReturnType<typeof underWay>>

/** Starts what was restored or copied, and shows that it sends nothing until it is told to, and then not the past. */
async function asksFirst(dataDir: string, left: Left) {
  const stack = await startStack({ DATA_DIR: dataDir })
  try {
    const firm = { ...left.firm, ...peopleOn(stack, left.firm) }
    const before = await sweepsOf(stack)
    await vi.waitFor(async () => expect(await sweepsOf(stack)).toBeGreaterThan(before + 3), 90_000)
    expect((await witnessOf(stack, left.sender_id)).accepted).toBe(0)
    expect(await booksOf(firm)).toEqual([])

    const asked = JSON.parse((await duecast(['installation', '--json'], { DATA_DIR: dataDir })).stdout)
    expect(asked).toMatchObject({
      held: true,
      campaigns: [
        { id: left.id, state: 'sending', under_way: true },
        { id: left.later, state: 'scheduled', under_way: false },
      ],
    })
    const confirmed = await duecast(['installation', 'confirm', '--json'], { DATA_DIR: dataDir })
    expect(JSON.parse(confirmed.stdout)).toMatchObject({ held: false, paused: [left.id] })
    const paused = expectStatus(await firm.budi.get(`/v1/campaigns/${left.id}`), 200)
    expect(paused).toMatchObject({ state: 'paused', reason: expect.stringContaining('may have been sent') })
    expect((await witnessOf(stack, left.sender_id)).accepted).toBe(0)

    expectStatus(await firm.budi.ask('DELETE', `/v1/campaigns/${left.id}/pause`), 200)
    const end = (await follow(stack, firm.joko, left.id)).events.at(-1)
    expect(end).toMatchObject({ state: 'settled', counts: { total: 200, queued: 0 } })
    expect(await booksOf(firm)).toEqual([])
  } finally {
    await stack.stop()
  }
}

const NAMES = ['ratna', 'budi', 'sari', 'dewi', 'joko'] as const

function peopleOn(stack: Stack, firm: Firm): Record<(typeof NAMES)[number], Person> {
  const people = NAMES.map((name) => [name, personWith(stack, firm[name].key)] as const)
  return Object.fromEntries(people) as Record<(typeof NAMES)[number], Person>
}

/** How often the sweep has come round, by what it leaves behind. */
let sweeps = 0
let lastSwept: string | undefined
async function sweepsOf(stack: Stack): Promise<number> {
  const [row] = await stack.house.asSystem(
    'test',
    workspaceOf,
    ({ sql }) => sql<{ at: string }[]>`
    SELECT max(nudged_at)::text AS at FROM runs`,
  )
  if (row?.at !== lastSwept) sweeps += 1
  lastSwept = row?.at
  return sweeps
}
let workspaceOf: string

describe('a backup', () => {
  it('is made while the program sends, is restored by one command, and sends nothing until that is confirmed', async () => {
    const file = join(folder, 'monday.backup')
    const source = join(folder, 'source')
    const left = await underWay(source, async (stack) => {
      const made = await duecast(['backup', file, '--json'], { DATA_DIR: stack.house.config.dataDir })
      expect(made, made.stderr).toMatchObject({ code: 0 })
    })
    workspaceOf = left.firm.workspaceId
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const target = join(folder, 'restored')
    const restored = await duecast(['restore', file, '--json'], { DATA_DIR: target })
    expect(restored, restored.stderr).toMatchObject({ code: 0 })
    expect(JSON.parse(restored.stdout)).toMatchObject({ ok: true, held: true })
    await asksFirst(target, left)

    const again = await duecast(['restore', file], { DATA_DIR: target })
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('has a database already') })
    const twice = await duecast(['backup', file], { DATA_DIR: target })
    expect(twice).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
  })

  it('is refused whole where it is no backup, or not all of one', async () => {
    for (const [name, content] of Object.entries({ 'text.backup': 'hello', 'empty.backup': '' })) {
      writeFileSync(join(folder, name), content)
      const refused = await duecast(['restore', join(folder, name)], { DATA_DIR: join(folder, 'nothing') })
      expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('cannot be restored') })
    }
  })

  it('of a database elsewhere is its own tools’ affair', async () => {
    const refused = await duecast(['backup', join(folder, 'x')], { DATABASE_URL: 'postgres://a@b/c' })
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('pg_dump') })
  })
})

describe('an installation that was copied, folder and all', () => {
  it('sends nothing until that is confirmed, and then not what was under way', async () => {
    const source = join(folder, 'original')
    const left = await underWay(source, async () => {})
    workspaceOf = left.firm.workspaceId
    const copy = join(folder, 'copy')
    // PostgreSQL runs as the owner of its data, which nobody else may read.
    execFileSync('cp', ['-a', source, copy])
    await asksFirst(copy, left)
    expect(await walletAfterStart(source, left)).toMatchObject({ spent: expect.any(String) })
  })
})

/** The original was never held back: it goes on by itself. */
async function walletAfterStart(dataDir: string, left: Left) {
  const stack = await startStack({ DATA_DIR: dataDir })
  try {
    const firm = { ...left.firm, ...peopleOn(stack, left.firm) }
    const end = (await follow(stack, firm.joko, left.id)).events.at(-1)
    expect(end).toMatchObject({ state: 'settled', counts: { total: 200, queued: 0 } })
    return await walletOf(firm)
  } finally {
    await stack.stop()
  }
}
