import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PROVIDERS } from '../../src/delivery/providers/index.ts'

/** Payloads that others recorded from the platform. They are read where they lie beside the repository. */
const FOLDER = fileURLToPath(new URL('../../../shared/data/whatsapp/webhooks/', import.meta.url))
const isPresent = existsSync(FOLDER)
if (!isPresent) console.warn(`SKIPPED: recorded webhooks, because there is no folder ${FOLDER}`)

type Recorded = { readonly name: string; readonly payload: object }

function readRecorded(): Recorded[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) =>
      Object.entries(JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Record<string, object>).map(
        ([name, payload]) => ({ name: `${file} ${name}`, payload }),
      ),
    )
}

describe.skipIf(!isPresent)('webhooks recorded from the platform', () => {
  const recorded = isPresent ? readRecorded() : []
  const parse = (payload: object) =>
    PROVIDERS.whatsapp_cloud.parseWebhook(Buffer.from(JSON.stringify(payload)))

  it('are all read: every receipt and every message is taken out, nothing is unknown, the rest is kept', () => {
    let receipts = 0
    let messages = 0
    for (const { name, payload } of recorded) {
      const parsed = parse(payload)
      const expected = countIn(payload)
      expect(parsed.statuses.length, `${name}: receipts`).toBe(expected.receipts)
      expect(parsed.inbound.length, `${name}: messages`).toBe(expected.messages)
      expect(parsed.other.length, `${name}: kept`).toBe(expected.others)
      expect(parsed.unknownCount, `${name}: unknown`).toBe(0)
      receipts += expected.receipts
      messages += expected.messages
    }
    console.info(
      `Ran ${recorded.length} recorded webhooks: ${receipts} receipts, ${messages} inbound messages.`,
    )
    expect(recorded.length).toBeGreaterThan(0)
    expect(receipts).toBeGreaterThan(0)
    expect(messages).toBeGreaterThan(0)
  })

  it('are read alike when they come together in one body', () => {
    const entry = recorded.flatMap(({ payload }) => (payload as { entry: unknown[] }).entry)
    const together = parse({ object: 'whatsapp_business_account', entry })
    const apart = recorded.map(({ payload }) => parse(payload))
    expect(together.statuses).toEqual(apart.flatMap(({ statuses }) => statuses))
    expect(together.inbound).toEqual(apart.flatMap(({ inbound }) => inbound))
    expect(together.other).toEqual(apart.flatMap(({ other }) => other))
  })
})

/** Counts straight from the payload, without the code under test. */
function countIn(payload: object): { receipts: number; messages: number; others: number } {
  const counts = { receipts: 0, messages: 0, others: 0 }
  const { entry } = payload as { entry: { changes: { field: string; value: Record<string, unknown[]> }[] }[] }
  for (const { field, value } of entry.flatMap(({ changes }) => changes)) {
    if (field === 'messages') {
      counts.receipts += value.statuses?.length ?? 0
      counts.messages += value.messages?.length ?? 0
      counts.others += value.errors ? 1 : 0
    } else {
      counts.others += 1
    }
  }
  return counts
}
