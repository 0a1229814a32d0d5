import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  changeContact,
  eraseContact,
  findContact,
  listContacts,
  listProblems,
  listSuppressions,
  suppress,
  unsuppress,
} from '../../src/contacts/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Firm, NOON, openPlace, type Place } from './house.ts'

let place: Place
let sari: Firm
let maju: Firm
beforeAll(async () => {
  place = await openPlace()
  ;[sari, maju] = [await place.openFirm(), await place.openFirm()]
})
afterAll(() => place.close())

async function addAni(firm: Firm) {
  const path = join(place.folder, 'ani.csv')
  writeFileSync(
    path,
    'Phone,Name,City\n+6281234567801,Ani,Solo\n081234567801,Ani again,x\n+62812345,+6281234567801,bad\n+6281234567802,Budi,Tegal\n',
  )
  const importId = await firm.upload({ path })
  const page = await firm.within((scope) => listContacts(scope, { limit: 1, phone: '+6281234567801' }))
  return { importId, ani: page.items[0]! }
}

describe('contacts', () => {
  test('are listed page by page and by number, each workspace its own', async () => {
    await addAni(sari)
    const first = await sari.within((scope) => listContacts(scope, { limit: 1 }))
    const second = await sari.within((scope) => listContacts(scope, { limit: 1, after: first.next }))
    expect([first.items[0]!.name, second.items[0]!.name, second.next]).toEqual(['Ani', 'Budi', undefined])
    expect(await maju.within((scope) => listContacts(scope, { limit: 9 }))).toEqual({
      items: [],
      next: undefined,
    })
    expect(await maju.within((scope) => findContact(scope, first.items[0]!.id))).toMatchObject({
      reason: 'not_found',
    })
    expect(await sari.within((scope) => findContact(scope, 'none'))).toMatchObject({ reason: 'not_found' })
    expect(await sari.within((scope) => listContacts(scope, { limit: 9, listId: 'none' }))).toMatchObject({
      items: [],
    })
  })

  test('are changed by hand: what is named is replaced, null empties, the rest stays', async () => {
    const { ani } = await addAni(sari)
    const changed = await sari.as('marketer', (scope) =>
      changeContact(scope, ani.id, {
        name: 'Ani S.',
        timeZone: 'Asia/Makassar',
        variables: { city: null, pet: ' cat ' },
      }),
    )
    expect(unwrap(changed)).toMatchObject({
      name: 'Ani S.',
      timeZone: 'Asia/Makassar',
      variables: { pet: 'cat' },
    })
    const refused = await sari.as('marketer', (scope) =>
      changeContact(scope, ani.id, {
        email: 'x',
        timeZone: 'Jakarta',
        variables: { __proto__x: 'a', constructor: 'b' },
      }),
    )
    expect(refused).toMatchObject({
      reason: 'validation_failed',
      facts: {
        errors: [
          { path: 'email' },
          { path: 'time_zone' },
          { path: 'variables.__proto__x' },
          { path: 'variables.constructor' },
        ],
      },
    })
    expect(await sari.as('viewer', (scope) => changeContact(scope, ani.id, {}))).toMatchObject({
      reason: 'forbidden',
    })
    expect(await maju.as('marketer', (scope) => changeContact(scope, ani.id, {}))).toMatchObject({
      reason: 'not_found',
    })
  })

  test('are erased with everything that quoted them, and may come again as somebody new', async () => {
    const { ani, importId } = await addAni(sari)
    expect(await maju.as('marketer', (scope) => eraseContact(scope, ani.id))).toMatchObject({
      reason: 'not_found',
    })
    unwrap(await sari.as('marketer', (scope) => eraseContact(scope, ani.id)))
    expect(await sari.within((scope) => findContact(scope, ani.id))).toMatchObject({ reason: 'not_found' })
    const problems = unwrap(await sari.within((scope) => listProblems(scope, importId, { limit: 9 }))).items
    expect(problems.map(({ code, value }) => [code, value])).toEqual([
      ['duplicate_in_sheet', null],
      ['phone_too_short', null],
    ])
    const left = await sari.within(
      ({ sql }) => sql`SELECT 1 FROM import_rejected_rows WHERE import_id = ${importId}`,
    )
    expect(left).toHaveLength(0)
    const { ani: again } = await addAni(sari)
    expect(again.id).not.toBe(ani.id)
  })
})

describe('a blocked number', () => {
  const block = (firm: Firm, request: Partial<Parameters<typeof suppress>[1]> = {}) =>
    firm.as('marketer', (scope) =>
      suppress(scope, { phone: '0812-3456-7801', scope: 'marketing', reason: 'asked by phone', ...request }),
    )

  test('is kept in E.164, once for each scope, and blocked again with another reason and end', async () => {
    const first = unwrap(await block(maju))
    expect(first).toMatchObject({
      phone: '+6281234567801',
      scope: 'marketing',
      expiresAt: null,
      createdBy: 'key:marketer',
    })
    const until = new Date(NOON.getTime() + 86_400_000)
    expect(unwrap(await block(maju, { reason: 'moved', expiresAt: until }))).toEqual({
      ...first,
      reason: 'moved',
      expiresAt: until.toISOString(),
    })
    unwrap(await block(maju, { scope: 'all' }))
    const page = await maju.within((scope) => listSuppressions(scope, { limit: 9, phone: '+6281234567801' }))
    expect(page.items.map(({ scope }) => scope).sort()).toEqual(['all', 'marketing'])
    expect((await sari.within((scope) => listSuppressions(scope, { limit: 9 }))).items).toEqual([])
  })

  test('is unblocked once, by its own workspace', async () => {
    const { id } = unwrap(await block(maju, { phone: '+6281234567809' }))
    expect(await sari.as('marketer', (scope) => unsuppress(scope, id))).toMatchObject({ reason: 'not_found' })
    unwrap(await maju.as('marketer', (scope) => unsuppress(scope, id)))
    expect(await maju.as('marketer', (scope) => unsuppress(scope, id))).toMatchObject({ reason: 'not_found' })
  })

  test('must be a number, with a reason, and an end that lies ahead', async () => {
    expect(await block(maju, { phone: '12' })).toMatchObject({
      facts: { errors: [{ path: 'phone', code: 'phone_too_short' }] },
    })
    expect(await block(maju, { reason: ' ' })).toMatchObject({ facts: { errors: [{ path: 'reason' }] } })
    expect(await block(maju, { expiresAt: NOON })).toMatchObject({
      facts: { errors: [{ path: 'expires_at' }] },
    })
    expect(
      await maju.as('viewer', (scope) => suppress(scope, { phone: '1', scope: 'all', reason: 'x' })),
    ).toMatchObject({ reason: 'forbidden' })
  })
})
