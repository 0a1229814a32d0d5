import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { answer, defineRoute } from '../../src/api/route.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { type Firm, type Server, startServer } from './client.ts'

const DISK_BYTES = 256 * 1024

/** A route that takes a file as large as the disk for uploads, and no database. */
const put = defineRoute({
  method: 'post',
  path: '/v1/sheets',
  tag: 'Test',
  summary: 'Takes a file',
  permission: 'contacts.import',
  upload: { field: 'file', maxBytes: 4 * DISK_BYTES },
  body: z.strictObject({}),
  responses: { 201: z.strictObject({ size: z.int() }) },
  refusals: [],
  handler: async ({ file }) => answer(201, { size: file.sizeBytes }),
})

let server: Server
let firm: Firm
let disk: ReturnType<typeof mountSmallDisk>
beforeAll(async () => {
  server = await startServer({ routes: [put] })
  firm = await server.openFirm()
  disk = mountSmallDisk(server.house.uploadDir, DISK_BYTES)
})
afterAll(async () => {
  disk?.unmount()
  await server.close()
})

function send(sizeBytes: number) {
  const body = new FormData()
  body.append('file', new Blob(['a'.repeat(sizeBytes)]), 'people.csv')
  return server.ask('POST', '/v1/sheets', { key: firm.keys.marketer, body })
}

test('an upload that the disk has no room for is asked for again, leaves nothing behind, and others go on', async ({
  skip,
}) => {
  if (!disk) return skip()
  for (let times = 0; times < 3; times++) {
    const refused = await send(2 * DISK_BYTES)
    expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } })
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(JSON.stringify(refused.body)).not.toMatch(/ENOSPC|tmp/)
    expect(readdirSync(server.house.uploadDir)).toEqual([])
    expect(await send(DISK_BYTES / 4)).toMatchObject({ status: 201, body: { size: DISK_BYTES / 4 } })
  }
  const ballast = join(server.house.uploadDir, 'ballast')
  writeFileSync(ballast, 'x'.repeat(DISK_BYTES))
  expect((await send(1_000)).status).toBe(503)
  rmSync(ballast)
  expect((await send(1_000)).status).toBe(201)
  expect(readdirSync(server.house.uploadDir)).toEqual([])
})
