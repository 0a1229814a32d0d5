import { parsePhoneNumberFromString } from 'libphonenumber-js/max'
import { IANAZone } from 'luxon'

type LocaleWithZones = Intl.Locale & { timeZones?: string[]; getTimeZones?: () => string[] | undefined }

const zonesByCountry = new Map<string, readonly string[]>()

/**
 * The time zones in which the holder of a number may be: his own, where the list says it; else those of the number's
 * country, one or several (then a moment must suit all of them); none where the country or the zone is not known.
 * @param phone E.164
 */
export function possibleZones(phone: string, ownZone: string | null): readonly string[] {
  if (ownZone) return isZone(ownZone) ? [ownZone] : []
  const country = parsePhoneNumberFromString(phone)?.country
  return country ? zonesOf(country) : []
}

const validity = new Map<string, boolean>()
const MOST_KNOWN = 2_000

/** Asking the platform costs more than all else about a contact, and a list has a handful of zones. */
function isZone(name: string): boolean {
  const known = validity.get(name)
  if (known !== undefined) return known
  if (validity.size >= MOST_KNOWN) validity.clear()
  const isValid = IANAZone.isValidZone(name)
  validity.set(name, isValid)
  return isValid
}

function zonesOf(country: string): readonly string[] {
  const known = zonesByCountry.get(country)
  if (known) return known
  const locale = new Intl.Locale('und', { region: country }) as LocaleWithZones
  const zones = locale.getTimeZones?.() ?? locale.timeZones ?? []
  zonesByCountry.set(country, zones)
  return zones
}
