import { unwrap } from '../../src/platform/result.ts'
import type { Role } from '../../src/platform/scope.ts'
import { openWorkspace } from '../../src/workspaces/index.ts'
import { asOwnerOf, type Stack } from './stack.ts'

export type Answered = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects to be there.
  body: any
}

/** Somebody with a key, who speaks to the server over HTTP and in no other way. */
export type Person = {
  key: string
  get(path: string): Promise<Answered>
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  ask(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
}

/** A firm and its people: the owner Ratna, the marketer Budi, the approver Sari, the admin Dewi, the viewer Joko. */
export type Firm = {
  workspaceId: string
  ratna: Person
  budi: Person
  sari: Person
  dewi: Person
  joko: Person
}

/** Klinik Sehat, a clinic in Jakarta that counts in rupiah. */
export function openKlinikSehat(stack: Stack): Promise<Firm> {
  return openFirm(stack, 'Klinik Sehat', 'IDR')
}

/** Toko Maju, a shop next door: another workspace on the same server. */
export function openTokoMaju(stack: Stack): Promise<Firm> {
  return openFirm(stack, 'Toko Maju', 'IDR')
}

export async function openFirm(stack: Stack, name: string, currency: string): Promise<Firm> {
  const opened = await asOwnerOf(stack, (owner) => openWorkspace(owner, { name, currency }))
  const { workspaceId, key } = unwrap(opened)
  const ratna = personWith(stack, key.apiKey)
  const colleague = async (role: Role, called: string) => {
    const issued = await ratna.post('/v1/keys', { role, name: called })
    return personWith(stack, issued.body.api_key as string)
  }
  return {
    workspaceId,
    ratna,
    budi: await colleague('marketer', 'Budi'),
    sari: await colleague('approver', 'Sari'),
    dewi: await colleague('admin', 'Dewi'),
    joko: await colleague('viewer', 'Joko'),
  }
}

export function personWith(stack: Stack, key: string): Person {
  const ask = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const isForm = body instanceof FormData
    const response = await fetch(`${stack.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await readBody(response) }
  }
  return {
    key,
    ask,
    get: (path) => ask('GET', path),
    post: (path, body, headers) => ask('POST', path, body, headers),
  }
}

async function readBody(response: Response): Promise<unknown> {
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('json')) return response.json()
  return Buffer.from(await response.arrayBuffer())
}
