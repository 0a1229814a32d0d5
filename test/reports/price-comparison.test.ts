import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  auditWorkspace,
  comparePrices,
  listPricedOtherwise,
  type PriceDifference,
} from '../../src/reports/index.ts'
import {
  booksOf,
  type Clinic,
  fund,
  launch,
  makeParts,
  openClinic,
  PRICE,
  patients,
} from '../campaigns/clinic.ts'
import { openPostOffice, send, tell } from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '100000.00')
})
afterAll(() => house?.close())

type Pricing = Record<string, unknown> | undefined

/** A campaign of which each message is delivered, with these words on its price. */
async function delivered(pricings: readonly Pricing[]) {
  const { senderId, ...parts } = await makeParts(clinic, patients(pricings.length))
  const id = await launch(clinic, { senderId, ...parts })
  const office = openPostOffice()
  await send(clinic, id, office)
  const told = pricings.map((pricing, index) => ({
    of: office.handedIn[index]!,
    status: 'delivered' as const,
    ...(pricing ? { pricing } : {}),
  }))
  await tell(clinic, senderId, told)
  return { id, senderId, office }
}

const compared = (id: string) => clinic.within((scope) => comparePrices(scope, id))
const listed = (id: string, difference?: PriceDifference) =>
  clinic.within((scope) => listPricedOtherwise(scope, { campaignId: id, limit: 50, difference }))

const REGULAR = { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' }

describe('our charge beside what the platform says of the price', () => {
  it('agrees, is not spoken of, or differs in a way that is named', async () => {
    const { id } = await delivered([
      REGULAR,
      { ...REGULAR, category: 'marketing' },
      { ...REGULAR, pricing_model: 'CBP' },
      { ...REGULAR, billable: false, type: 'free_entry_point' },
      undefined,
    ])
    expect(await compared(id)).toEqual({
      charged: 5,
      silent: 1,
      agreed: 2,
      differing: 2,
      byDifference: { charged_but_free: 0, free_but_billed: 0, other_category: 1, other_model: 1 },
    })
    const { items, next } = await listed(id)
    expect(next).toBeUndefined()
    expect(items.map(({ differences }) => differences)).toEqual([['other_category'], ['other_model']])
    expect(items[0]).toMatchObject({
      chargedMinor: PRICE,
      category: 'utility',
      platform: { ...REGULAR, category: 'marketing' },
      says: 'Charged IDR 356.65 (utility); the platform says that its category was marketing.',
    })
    expect((await listed(id, 'other_model')).items).toHaveLength(1)
    expect((await listed(id, 'charged_but_free')).items).toEqual([])
  })

  it.each([
    ['marketing_lite', ['other_category']],
    ['UTILITY', []],
    ['authentication-international', ['other_category']],
  ])('takes the category %s as what it is', async (category, differences) => {
    const { id } = await delivered([{ ...REGULAR, category }])
    expect((await listed(id)).items.flatMap((item) => item.differences)).toEqual(differences)
  })

  it('follows the platform where an older version of its API says by billable alone that it was free', async () => {
    const { id } = await delivered([{ billable: false, pricing_model: 'PMP', category: 'utility' }, REGULAR])
    expect(await booksOf(clinic)).toMatchObject({ spent: PRICE, held: 0n })
    expect(await compared(id)).toMatchObject({ charged: 2, agreed: 2, differing: 0 })
  })

  it('tells of a message that was charged before the platform said that it was free', async () => {
    const { id, senderId, office } = await delivered([undefined])
    const pricing = { ...REGULAR, billable: false, type: 'free_customer_service' }
    await tell(clinic, senderId, [{ of: office.handedIn[0]!, status: 'read', pricing }])
    expect(await compared(id)).toMatchObject({ differing: 1, byDifference: { charged_but_free: 1 } })
    expect((await listed(id)).items).toMatchObject([
      {
        chargedMinor: PRICE,
        says: 'Charged IDR 356.65 (utility); the platform says that it was free.',
      },
    ])
    const { checks } = await clinic.within(auditWorkspace)
    expect(checks.flatMap((check) => check.differences)).toEqual([])
  })

  it('gives its pages in order, each message once', async () => {
    const { id } = await delivered(Array.from({ length: 7 }, () => ({ ...REGULAR, category: 'service' })))
    const seen: string[] = []
    let after: Parameters<typeof listPricedOtherwise>[1]['after']
    do {
      const request = { campaignId: id, limit: 3, after }
      const page = await clinic.within((scope) => listPricedOtherwise(scope, request))
      seen.push(...page.items.map((item) => item.id))
      after = page.next
    } while (after)
    expect(new Set(seen).size).toBe(7)
    expect(seen).toHaveLength(7)
  })

  it('shows nothing of another workspace', async () => {
    const { id } = await delivered([{ ...REGULAR, category: 'marketing' }])
    const neighbour = await house.openNeighbour()
    expect(await neighbour.within((scope) => comparePrices(scope, id))).toMatchObject({ charged: 0 })
  })
})
