import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import type { Role, Scope } from '../../src/platform/scope.ts'
import {
  authenticate,
  claimKey,
  findWorkspace,
  issueKey,
  listEvents,
  listKeys,
  openWorkspace,
  recordEvent,
  rememberAnswer,
  revokeKey,
} from '../../src/workspaces/index.ts'
import { NOON, openScratch, type Scratch } from '../api/scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await openScratch()
})
afterAll(() => scratch.close())

async function openFirm(currency = 'IDR') {
  return unwrap(await openWorkspace(scratch.owner, { name: 'Warung Sari', currency }))
}

function within<T>(
  workspaceId: string,
  work: (scope: Scope) => Promise<T>,
  role: Role = 'owner',
): Promise<T> {
  return scratch.database.within(
    { workspaceId, actor: { name: `key:${role}`, role }, requestId: 'req-1' },
    work,
  )
}

describe('a new workspace', () => {
  test('lives where its currency does, with accounts, a policy and a trail', async () => {
    const { workspaceId } = await openFirm()
    await within(workspaceId, async (scope) => {
      expect(await findWorkspace(scope)).toEqual({
        id: workspaceId,
        name: 'Warung Sari',
        currency: 'IDR',
        timeZone: 'Asia/Jakarta',
        defaultCountry: 'ID',
        frozenAt: null,
        frozenReason: null,
        language: null,
        createdAt: NOON.toISOString(),
      })
      const kinds = await scope.sql`SELECT kind, currency FROM accounts ORDER BY kind`
      expect(kinds.map((row) => row.kind)).toEqual(['adjustment', 'funding', 'receivable', 'spent', 'wallet'])
      const [policy] = await scope.sql`SELECT version, max_share_of_available FROM approval_policies`
      expect(policy).toEqual({ version: 1, max_share_of_available: '0.5000' })
      const { items } = await listEvents(scope, { limit: 10 })
      expect(items.map((event) => event.action).sort()).toEqual(['key.issued', 'workspace.opened'])
    })
  })

  test.each([
    ['INR', 'Asia/Kolkata', 'IN'],
    ['mxn', 'America/Mexico_City', 'MX'],
    ['EUR', 'Europe/Madrid', 'ES'],
    ['USD', 'America/New_York', 'US'],
    ['CLP', 'UTC', 'CL'],
    ['XOF', 'UTC', 'US'],
  ])('in %s is in %s, %s', async (currency, timeZone, defaultCountry) => {
    const { workspaceId } = await openFirm(currency)
    expect(await within(workspaceId, findWorkspace)).toMatchObject({ timeZone, defaultCountry })
  })

  test('hears every fault of what it asked for', async () => {
    const asked = { name: 'X', currency: 'BTC', timeZone: 'Mars/Olympus', defaultCountry: 'QQ' }
    const refusal = await openWorkspace(scratch.owner, asked)
    const errors = ['currency', 'time_zone', 'default_country'].map((path) =>
      expect.objectContaining({ path }),
    )
    expect(refusal).toMatchObject({ ok: false, reason: 'validation_failed', facts: { errors } })
    expect(await openWorkspace(scratch.owner, { name: ' ', currency: 'IDR' })).toMatchObject({
      reason: 'validation_failed',
    })
  })
})

describe('a key', () => {
  test('says who is asking', async () => {
    const { workspaceId, key } = await openFirm()
    expect(await authenticate(scratch.database.sql, key.apiKey)).toEqual({
      workspaceId,
      actor: { name: `key:${key.id}`, role: 'owner' },
    })
  })

  test('with a right prefix and a wrong secret is nobody', async () => {
    const { key } = await openFirm()
    const wrong = `dck_${key.prefix}_${'a'.repeat(43)}`
    expect(await authenticate(scratch.database.sql, wrong)).toBeUndefined()
    expect(await authenticate(scratch.database.sql, `dck_00000000_${'a'.repeat(43)}`)).toBeUndefined()
  })

  test('is refused from its revocation on', async () => {
    const { workspaceId, key } = await openFirm()
    expect(await within(workspaceId, (scope) => revokeKey(scope, key.id))).toMatchObject({ ok: true })
    expect(await within(workspaceId, (scope) => revokeKey(scope, key.id))).toMatchObject({ ok: true })
    expect(await authenticate(scratch.database.sql, key.apiKey)).toBeUndefined()
    const { items } = await within(workspaceId, (scope) => listKeys(scope, { limit: 5 }))
    expect(items).toEqual([expect.objectContaining({ id: key.id, revokedAt: NOON.toISOString() })])
    expect(JSON.stringify(items)).not.toContain(key.apiKey)
  })

  test('is not handed out or revoked beyond the role of who asks', async () => {
    const { workspaceId, key } = await openFirm()
    const asAdmin = (work: (scope: Scope) => Promise<unknown>) => within(workspaceId, work, 'admin')
    expect(await asAdmin((scope) => issueKey(scope, { role: 'owner' }))).toMatchObject({
      reason: 'forbidden',
    })
    expect(await asAdmin((scope) => revokeKey(scope, key.id))).toMatchObject({ reason: 'forbidden' })
    const asMarketer = await within(workspaceId, (scope) => issueKey(scope, { role: 'viewer' }), 'marketer')
    expect(asMarketer).toMatchObject({ reason: 'forbidden' })
  })

  test('of another workspace is not there', async () => {
    const [one, other] = [await openFirm(), await openFirm()]
    const answer = await within(one.workspaceId, (scope) => revokeKey(scope, other.key.id))
    expect(answer).toMatchObject({ reason: 'not_found' })
    const nowhere = '00000000-0000-7000-8000-000000000000'
    expect(await within(nowhere, (scope) => issueKey(scope, { role: 'viewer' }))).toMatchObject({
      reason: 'not_found',
    })
  })
})

describe('an idempotency key', () => {
  const HASH = Buffer.alloc(32, 1)

  test('is new once, then answered, and refused to another request', async () => {
    const { workspaceId } = await openFirm()
    await within(workspaceId, async (scope) => {
      expect(await claimKey(scope, 'k', HASH)).toEqual({ kind: 'new' })
      await rememberAnswer(scope, 'k', 201, { id: 'x', text: 'ü' })
    })
    await within(workspaceId, async (scope) => {
      expect(await claimKey(scope, 'k', HASH)).toEqual({
        kind: 'answered',
        status: 201,
        answer: { id: 'x', text: 'ü' },
      })
      expect(await claimKey(scope, 'k', Buffer.alloc(32, 2))).toEqual({ kind: 'other_request' })
    })
  })

  test('is free again when the work failed', async () => {
    const { workspaceId } = await openFirm()
    const failing = within(workspaceId, async (scope) => {
      await claimKey(scope, 'k', HASH)
      throw new Error('power cut')
    })
    await expect(failing).rejects.toThrow('power cut')
    await within(workspaceId, async (scope) => {
      expect(await claimKey(scope, 'k', HASH)).toEqual({ kind: 'new' })
      await rememberAnswer(scope, 'k', 200, null)
    })
  })
})

describe('the audit trail', () => {
  test('is read newest first, page by page', async () => {
    const { workspaceId } = await openFirm()
    for (const n of [1, 2, 3])
      await within(workspaceId, (scope) => recordEvent(scope, 'test.done', `test:${n}`))
    await within(workspaceId, async (scope) => {
      const first = await listEvents(scope, { limit: 2 })
      expect(first.items.map((event) => event.subject)).toEqual(['test:3', 'test:2'])
      const rest = await listEvents(scope, { limit: 10, after: first.next })
      expect(rest.items[0]!.subject).toBe('test:1')
      expect(rest.next).toBeUndefined()
    })
  })

  test('cannot be altered, by the program or by the owner', async () => {
    const { workspaceId } = await openFirm()
    const alter = (scope: Scope) => scope.sql`UPDATE audit_events SET actor = 'nobody'`
    await expect(within(workspaceId, alter)).rejects.toThrow('permission denied')
    await expect(scratch.owner.sql`DELETE FROM audit_events`).rejects.toThrow('append-only')
  })
})
