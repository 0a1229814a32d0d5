import fc from 'fast-check'
import {
  getCountries,
  getCountryCallingCode,
  type PhoneNumber,
  parsePhoneNumberFromString,
} from 'libphonenumber-js/max'
import metadata from 'libphonenumber-js/max/metadata'
import { describe, expect, test } from 'vitest'
import { parseNumericPhone, parsePhone } from '../../src/contacts/index.ts'
import { plainMobile } from '../../src/contacts/plain-phone.ts'

type Country = Parameters<typeof parsePhone>[1]

const TYPED: readonly (readonly [typed: string, country: Country, outcome: string])[] = [
  ['+62 812-3456-7890', 'ID', '+6281234567890'],
  ['081234567890', 'ID', '+6281234567890'],
  ['81234567890', 'ID', '+6281234567890'],
  ['62812 3456 7890', 'ID', '+6281234567890'],
  ['62 0812 3456 7890', 'ID', '+6281234567890'],
  ['0062 812 3456 7890', 'ID', '+6281234567890'],
  ['+62 (0)812 3456 7890', 'ID', '+6281234567890'],
  ['+62 0812 3456 7890', 'ID', '+6281234567890'],
  ['(+62) 812 3456 7890', 'ID', '+6281234567890'],
  ['0812.3456.7890', 'ID', '+6281234567890'],
  ['++6281234567890', 'ID', '+6281234567890'],
  ['62,812,3456,7890', 'ID', 'phone_two_numbers'],
  ['62,812,345,678', 'ID', '+62812345678'],
  ['tel:+6281234567890', 'ID', '+6281234567890'],
  ['https://wa.me/6281234567890?text=hi', 'ID', '+6281234567890'],
  ['="081234567890"', 'ID', '+6281234567890'],
  ["'081234567890", 'ID', '+6281234567890'],
  ['6281234567890.0', 'ID', '+6281234567890'],
  ['０８１２３４５６７８９０', 'ID', '+6281234567890'],
  ['٠٨١٢٣٤٥٦٧٨٩٠', 'ID', '+6281234567890'],
  ['०८१२३४५६७८९०', 'ID', '+6281234567890'],
  ['\u202a+62 812\u20113456\u20117890\u202c', 'ID', '+6281234567890'],
  ['+62\u00a0812\u00a03456\u00a07890', 'ID', '+6281234567890'],
  ['(021) 555-1234', 'ID', '+62215551234'],
  ['+1 202 555 0143', 'ID', '+12025550143'],
  ['+44 7911 123456', 'ID', '+447911123456'],
  ['(202) 555-0143', 'US', '+12025550143'],
  ['1 202 555 0143', 'US', '+12025550143'],
  ['+52 1 55 1234 5678', 'MX', '+525512345678'],
  ['5215512345678', 'MX', '+525512345678'],
  ['044 55 1234 5678', 'MX', '+525512345678'],
  ['01 55 1234 5678', 'MX', '+525512345678'],
  ['55 1234 5678', 'MX', '+525512345678'],
  ['612 34 56 78', 'ES', '+34612345678'],
  ['34612345678', 'ES', '+34612345678'],
  ['9123456789', 'IN', '+919123456789'],
  ['+54 11 15-2345-6789', 'AR', '+5491123456789'],
  ['006281234567890', undefined, '+6281234567890'],
  ['+6281234567890', undefined, '+6281234567890'],
  ['081234567890', undefined, 'phone_no_country'],
  ['', 'ID', 'phone_missing'],
  ['   ', 'ID', 'phone_missing'],
  ['6.28E+12', 'ID', 'phone_lost_digits'],
  ['8,1234567E+11', 'ID', 'phone_lost_digits'],
  ['6.28123e12', 'ID', 'phone_lost_digits'],
  ['0812 8200 0003 / 4', 'ID', 'phone_two_numbers'],
  ['081234567890, 081234567891', 'ID', 'phone_two_numbers'],
  ['081234567890 081234567891', 'ID', 'phone_two_numbers'],
  ['081234567890\n081234567891', 'ID', 'phone_two_numbers'],
  ['081234567890 atau 081234567891', 'ID', 'phone_two_numbers'],
  ['+6281234567890+6281234567891', 'ID', 'phone_two_numbers'],
  ['abc', 'ID', 'phone_invalid'],
  ['0812-3456-789O', 'ID', 'phone_invalid'],
  ['0812 3456 7890 (WA)', 'ID', 'phone_invalid'],
  ['555-0143 ext. 12', 'US', 'phone_invalid'],
  ['+0812345', 'ID', 'phone_invalid'],
  ['14155552671', 'ID', 'phone_invalid'],
  ['12', 'ID', 'phone_too_short'],
  ['081234', 'ID', 'phone_too_short'],
  ['0812345678901234567', 'ID', 'phone_too_long'],
  ['6221765432', 'ID', 'phone_ambiguous'],
  ['x'.repeat(5_000), 'ID', 'phone_invalid'],
]

const STORED_AS_NUMBER: readonly (readonly [raw: string, outcome: string])[] = [
  ['6281234567890', '+6281234567890'],
  ['6.28123456789E12', '+6281234567890'],
  ['6281234567890.0', '+6281234567890'],
  ['81234567890', '+6281234567890'],
  ['6.28E+12', 'phone_lost_digits'],
  ['6281230000000', 'phone_lost_digits'],
  ['1234567890123456', 'phone_lost_digits'],
  ['6281234567890.5', 'phone_invalid'],
  ['-81234567890', 'phone_invalid'],
  ['81234', 'phone_too_short'],
]

describe('a phone number', () => {
  test.each(TYPED)('typed as %j in %s is %s', (typed, country, outcome) => {
    const phone = parsePhone(typed, country)
    expect(phone.ok ? phone.value : phone.reason).toBe(outcome)
  })

  test.each(STORED_AS_NUMBER)('stored as the number %s is %s', (raw, outcome) => {
    const phone = parseNumericPhone(raw, 'ID')
    expect(phone.ok ? phone.value : phone.reason).toBe(outcome)
  })

  test('is refused with a sentence that says what to do', () => {
    const phone = parsePhone('6.28E+12', 'ID')
    expect(phone.ok ? '' : phone.message).toContain('Format the column as text and type the number again')
  })

  test('that is read without the library is what the library reads, in every country and dress', () => {
    let taken = 0
    fc.assert(
      fc.property(typedNumbers, ({ country, dialled }) => {
        const plain = plainMobile(dialled, country)
        if (plain === undefined) return
        taken++
        const number = byLibrary(dialled, country)
        expect([number?.number, number?.isValid()]).toEqual([plain, true])
        const isShort = dialled.replace('+', '').length < FEWEST_TYPED_DIGITS
        const phone = isShort
          ? expect.objectContaining({ reason: 'phone_too_short' })
          : { ok: true, value: plain }
        expect(parsePhone(dialled, country)).toEqual(phone)
      }),
      { numRuns: 10_000 },
    )
    expect(taken).toBeGreaterThan(500)
  }, 120_000)
})

/** Shorter ones are refused before anybody looks at them, though there are such numbers in Tokelau. */
const FEWEST_TYPED_DIGITS = 5

/** Numbers by the mobile and fixed patterns of each country, with every lead, some with a digit too many. */
const typedNumbers = fc.constantFrom(...getCountries()).chain((country) => {
  const types = (metadata.countries[country] as unknown as [string?][][])[11] ?? []
  const patterns = [types[0]?.[0], types[1]?.[0]].filter((pattern): pattern is string => !!pattern)
  const shapes = [...patterns.map((pattern) => new RegExp(`^(?:${pattern})$`)), /^\d{4,14}$/]
  const code = getCountryCallingCode(country)
  const leads = [
    '',
    '0',
    '1',
    '8',
    '00',
    '+',
    code,
    `+${code}`,
    `+${code}0`,
    `${code}0`,
    `00${code}`,
    `0${code}`,
  ]
  return fc
    .tuple(
      fc.constantFrom(...leads),
      fc.oneof(...shapes.map((shape) => fc.stringMatching(shape))),
      fc.constantFrom('', '', '', '7'),
    )
    .map(([lead, national, more]) => ({ country, dialled: lead + national + more }))
})

/** As a sheet's number is read: a number that begins with the country's code is one with its code, if that is a mobile. */
function byLibrary(dialled: string, country: NonNullable<Country>): PhoneNumber | undefined {
  if (dialled.startsWith('+')) return parsePhoneNumberFromString(dialled)
  if (!dialled.startsWith(getCountryCallingCode(country)))
    return parsePhoneNumberFromString(dialled, { defaultCountry: country })
  const withCode = parsePhoneNumberFromString(`+${dialled}`)
  expect(withCode?.getType()).toMatch(/MOBILE/)
  return withCode
}
