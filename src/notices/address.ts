import ipaddr from 'ipaddr.js'

export const PORTS = ['', '443', '8443']
const URL_MAX_CHARS = 2_000

/** Why a webhook may not go to this address, in words for its author; undefined where it may. Names are looked up later. */
export function faultOfAddress(text: string): string | undefined {
  if (text.length > URL_MAX_CHARS || !URL.canParse(text)) return 'is no address.'
  const url = new URL(text)
  if (url.protocol !== 'https:') return 'must begin with https://.'
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or a password.'
  if (!PORTS.includes(url.port)) return 'must use port 443 or 8443.'
  if (url.hash !== '') return 'must end before any #.'
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (ipaddr.isValid(host)) return isPublic(host) ? undefined : 'must be an address of the public Internet.'
  return host.includes('.') && !/\.(local|localhost|internal|home\.arpa)\.?$/i.test(host)
    ? undefined
    : 'must be a name of the public Internet.'
}

/** Whether an IP address is one of the public Internet: no loopback, private, link-local, mapped or reserved one. */
export function isPublic(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === 'unicast'
}
