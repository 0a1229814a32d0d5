import type { CountryCallingCode, CountryCode } from 'libphonenumber-js/max'
import metadata from 'libphonenumber-js/max/metadata'

/** What is needed of a country's plan to know its mobile numbers. */
type MobilePlan = {
  readonly code: string
  /** Whether a national number may be written with a leading zero, which is not part of it. */
  readonly hasZero: boolean
  readonly abroad: RegExp
  readonly general: RegExp
  readonly mobile: RegExp
  readonly lengths: ReadonlySet<number>
}

/** Places in a country's row of the library's metadata, whose order its own reader fixes. */
const [CODE, ABROAD, GENERAL, LENGTHS, PREFIX, PREFIX_TO_READ, TRANSFORM, TYPES] = [0, 1, 2, 3, 5, 7, 8, 11]
const MOBILE = 1

/**
 * The number in full, if it is a mobile number of the country beyond doubt: nearly every number of a sheet, for a
 * twentieth of what the library takes to say the same. The plan is the library's own, and only countries are read
 * here in whose plan there is nothing to choose: a calling code of their own, and no prefix but a zero. Undefined says
 * nothing about a number.
 */
export function plainMobile(dialled: string, country: CountryCode): string | undefined {
  const plan = planOf(country)
  if (plan === undefined) return undefined
  const national = nationalPart(dialled, plan)
  if (national === undefined || national.startsWith('0') || !plan.lengths.has(national.length))
    return undefined
  return plan.general.test(national) && plan.mobile.test(national) ? `+${plan.code}${national}` : undefined
}

function nationalPart(dialled: string, { code, hasZero, abroad }: MobilePlan): string | undefined {
  if (dialled.startsWith('+')) return dialled.startsWith(code, 1) ? dialled.slice(1 + code.length) : undefined
  if (dialled.startsWith(code)) return dialled.slice(code.length)
  if (abroad.test(dialled)) return undefined
  if (!dialled.startsWith('0')) return dialled
  return hasZero ? dialled.slice(1) : undefined
}

const plans = new Map<CountryCode, MobilePlan | undefined>()

function planOf(country: CountryCode): MobilePlan | undefined {
  if (!plans.has(country)) plans.set(country, makePlan(country))
  return plans.get(country)
}

function makePlan(country: CountryCode): MobilePlan | undefined {
  const row = metadata.countries[country] as unknown as readonly unknown[]
  const code = row[CODE] as string
  const isAlone = metadata.country_calling_codes[code as CountryCallingCode]?.length === 1
  const prefix = row[PREFIX_TO_READ] || row[PREFIX] || undefined
  const [mobile, lengths] = ((row[TYPES] as unknown[] | undefined)?.[MOBILE] ?? []) as [string?, number[]?]
  if (!isAlone || !mobile || row[TRANSFORM] || (prefix !== undefined && prefix !== '0')) return undefined
  const possible = row[LENGTHS] as number[]
  return {
    code,
    hasZero: prefix === '0',
    abroad: new RegExp(`^(?:${row[ABROAD] as string})`),
    general: new RegExp(`^(?:${row[GENERAL] as string})$`),
    mobile: new RegExp(`^(?:${mobile})$`),
    lengths: new Set(
      lengths === undefined ? possible : lengths.filter((length) => possible.includes(length)),
    ),
  }
}
