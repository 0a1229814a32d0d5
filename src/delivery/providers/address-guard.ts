import { lookup as lookUpName } from 'node:dns'
import type { LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * Which addresses a workspace's own configuration may make the program call: public ones by https. Otherwise it could
 * be made to speak to what stands beside it. Names are resolved by `guardedLookup`, so that what was checked is what
 * is called; literals never are looked up, and are judged here.
 */
export type Guard = {
  /** Origins that the installation itself names, such as the built-in stand-in's. */
  readonly trustedOrigins: readonly string[]
  readonly allowLoopback: boolean
}

export function mayCall(url: URL, { trustedOrigins, allowLoopback }: Guard): boolean {
  if (trustedOrigins.includes(url.origin)) return true
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const isLoopback = host === 'localhost' || (ipaddr.isValid(host) && rangeOf(host) === 'loopback')
  if (isLoopback) return allowLoopback
  return url.protocol === 'https:' && (!ipaddr.isValid(host) || rangeOf(host) === 'unicast')
}

/** Resolves a name to the addresses that may be called; an error where any of them may not. */
export function guardedLookup({ allowLoopback }: Pick<Guard, 'allowLoopback'>): LookupFunction {
  return (hostname, options, callback) => {
    lookUpName(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, '', 0)
      const refused = addresses.some(({ address }) => !isAllowed(address, allowLoopback))
      const [first] = addresses
      if (refused || !first) return callback(NOT_ALLOWED, '', 0)
      // A caller who asked for all is given all; the types know only one of the two.
      if (options.all) return (callback as unknown as AllCallback)(null, addresses)
      return callback(null, first.address, first.family)
    })
  }
}

type AllCallback = (error: null, addresses: readonly { address: string; family: number }[]) => void

const NOT_ALLOWED = Object.assign(new Error('That address is not a public one.'), {
  code: 'address_not_allowed',
})

function isAllowed(address: string, allowLoopback: boolean): boolean {
  const range = rangeOf(address)
  return range === 'unicast' || (allowLoopback && range === 'loopback')
}

/** The range of an address, an IPv4 one in the clothes of IPv6 counting as what it is. */
function rangeOf(address: string): string {
  return ipaddr.process(address).range()
}
