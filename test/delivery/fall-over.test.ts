import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addSender, fallOver } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { publishCommonRates } from '../../src/pricing/index.ts'
import { auditWorkspace } from '../../src/reports/index.ts'
import {
  type Clinic,
  fund,
  launch,
  makeParts,
  makeTemplate,
  openClinic,
  patients,
} from '../campaigns/clinic.ts'
import { openPostOffice, send, tell } from '../campaigns/post.ts'

const TABLE =
  'model,currency,market,category,effective_from,price_per_unit,charge_on\n' +
  'per_segment,IDR,Indonesia,utility,2026-01-01,100.00,accepted'
const box = openSecretBox('a key that only tests have, of no value to anyone')

let clinic: Clinic
beforeEach(async () => {
  clinic = await openClinic()
  const request = { table: TABLE, fileName: 'sms.csv' }
  unwrap(await clinic.asOwner(({ sql }) => publishCommonRates(sql, request)))
  await fund(clinic, '100000')
})
afterEach(() => clinic.close())

async function failedCampaign() {
  const parts = await makeParts(clinic, patients(6))
  const words = { provider: 'simulator_sms', name: 'Text desk', config: {} }
  const senderId = unwrap(await clinic.as('dewi', (scope) => addSender(scope, box, words))).id
  const templateId = await makeTemplate(clinic, { name: 'By SMS', channel: 'sms' })
  const id = await launch(clinic, parts, { fallback: { senderId, templateId, ceilingMinor: 10_000_000n } })
  const office = openPostOffice()
  await send(clinic, id, office)
  await tell(
    clinic,
    parts.senderId,
    office.handedIn.map((of) => ({ of, status: 'failed' as const })),
  )
  const next = await clinic.within(
    ({ sql }) => sql<{ id: string }[]>`SELECT id FROM campaigns WHERE fallback_of = ${id}`,
  )
  return { id, nextId: next[0]!.id, parts, office }
}

describe('a fall-over', () => {
  it('happens once to each message, however many look after it at once', async () => {
    const { id, nextId } = await failedCampaign()
    const counts = await Promise.all(
      [1, 2, 3, 4].map(() => clinic.within((scope) => fallOver(scope, id, nextId))),
    )
    expect(counts.reduce((sum, count) => sum + count)).toBe(6)
    expect(await clinic.within((scope) => fallOver(scope, id, nextId))).toBe(0)
    expect((await clinic.within(auditWorkspace)).checks.filter(({ ok }) => !ok)).toEqual([])
  })

  it('is undone as a whole where its transaction is, and then happens', async () => {
    const { id, nextId } = await failedCampaign()
    const killed = clinic.within(async (scope) => {
      await fallOver(scope, id, nextId)
      throw new Error('killed')
    })
    await expect(killed).rejects.toThrow('killed')
    expect((await clinic.within(auditWorkspace)).checks.filter(({ ok }) => !ok)).toEqual([])
    expect(await clinic.within((scope) => fallOver(scope, id, nextId))).toBe(6)
  })

  it('leaves a delivery that is reported late to the rule for late ones', async () => {
    const { id, nextId, parts, office } = await failedCampaign()
    await clinic.within((scope) => fallOver(scope, id, nextId))
    await tell(clinic, parts.senderId, [{ of: office.handedIn[0]!, status: 'delivered' }])
    expect((await clinic.within(auditWorkspace)).checks.filter(({ ok }) => !ok)).toEqual([])
  })
})
