import { afterAll, beforeAll, expect, it } from 'vitest'
import { forget } from '../../workers/forget.ts'
import { type Clinic, makeSender, openClinic } from '../campaigns/clinic.ts'

let clinic: Clinic
beforeAll(async () => {
  clinic = await openClinic()
}, 60_000)
afterAll(() => clinic?.close())

/** More than go in one round. */
const OLD = 12_000
const NOW = new Date('2026-12-01T02:00:00Z')

it('lets go of every webhook that was understood long ago at once, and of no other', async () => {
  const senderId = await makeSender(clinic)
  await keep(senderId, 'unheard', null, 1)
  await keep(senderId, 'old', 41, OLD)
  await keep(senderId, 'young', 39, 2)
  await forget({ database: clinic.database, clock: { now: () => NOW } })
  const left = await clinic.asOwner(
    ({ sql }) => sql<{ body: string }[]>`SELECT convert_from(body, 'UTF8') AS body FROM webhooks ORDER BY id`,
  )
  expect(left.map(({ body }) => body)).toEqual(['unheard 1', 'young 1', 'young 2'])
})

/** Webhooks that were understood so many days ago, or not yet. */
async function keep(senderId: string, name: string, daysAgo: number | null, count: number): Promise<void> {
  await clinic.asOwner(
    ({ sql }) => sql`
      INSERT INTO webhooks (workspace_id, sender_id, digest, body, done_at)
      SELECT ${clinic.workspaceId}::uuid, ${senderId}::uuid, sha256(convert_to(${name}::text || ' ' || i, 'UTF8')),
             convert_to(${name}::text || ' ' || i, 'UTF8'),
             ${NOW.toISOString()}::timestamptz - ${daysAgo}::int * interval '1 day'
        FROM generate_series(1, ${count}::int) i`,
  )
}
