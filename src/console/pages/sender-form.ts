import { randomBytes } from 'node:crypto'
import type { Sender } from '../../delivery/index.ts'
import { ok, type Refusal, type Result } from '../../platform/result.ts'
import { type Fault, fault, refuseFields } from '../faults.ts'
import { isSaid, say } from '../view.ts'
import {
  type FieldGroup,
  type Fields,
  fieldsIn,
  groupsOf,
  inputName,
  labelKey,
  type ProviderKind,
  type SenderField,
} from './sender-fields.ts'
import { gatewayPaths, gatewayWords, readGateway } from './sender-gateway.ts'

/** A sender's form and the configuration that it stands for, there and back. */

export type Config = Record<string, unknown>

const NAME_MAX_CHARS = 200
const TOKEN_BYTES = 24

/**
 * What a form asks for. Whatever is left empty is not there, so that it is taken away where it was; a secret that is
 * left empty stays.
 * @param keepsSecrets whether there are secrets already
 */
export function readConfig(
  kind: ProviderKind,
  groups: readonly FieldGroup[],
  fields: Fields,
  keepsSecrets: boolean,
): Result<Config, 'validation_failed'> {
  const asked = fieldsIn(groups)
  const faults = asked.filter((field) => isMissing(field, fields, keepsSecrets)).map(lacking)
  const read = kind === 'http_gateway' ? readGateway(asked, fields) : readPlain(asked, fields)
  faults.push(...read.faults)
  return faults.length > 0 ? refused(faults) : ok(read.config)
}

function isMissing(field: SenderField, fields: Fields, keepsSecrets: boolean): boolean {
  const name = inputName(field)
  if (!field.isRequired || (keepsSecrets && name !== field.name)) return false
  return (fields[name] ?? '').trim() === ''
}

function lacking(field: SenderField): Fault {
  return fault(inputName(field), say('sender.required', { field: say(labelKey(field)) }))
}

function readPlain(asked: readonly SenderField[], fields: Fields): { config: Config; faults: Fault[] } {
  const config: Config = {}
  const faults: Fault[] = []
  for (const field of asked) {
    const name = inputName(field)
    const text = (fields[name] ?? '').trim()
    if (field.kind === 'secret') {
      if (text !== '') config[field.name] = text
    } else if (field.kind === 'number') {
      if (text !== '' && !isCount(text)) faults.push(fault(name, faultWords(field.name) ?? ''))
      config[field.name] = text === '' ? undefined : Number(text)
    } else if (field.kind === 'flag') config[field.name] = text === 'true' ? true : undefined
    else config[field.name] = text === '' ? undefined : text
  }
  return { config, faults }
}

export function isCount(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}

/** What is open of a sender, as its form says it. */
export function configWords(kind: ProviderKind, config: Readonly<Record<string, unknown>>): Fields {
  if (kind === 'http_gateway') return gatewayWords(config)
  const fields = fieldsIn(groupsOf(kind, 'open'))
  return Object.fromEntries(
    fields.map(({ name }) => [name, config[name] === undefined ? '' : String(config[name])]),
  )
}

export function senderWords(kind: ProviderKind, { name, config }: Sender): Fields {
  return { ...configWords(kind, config), sender_name: name }
}

/** A name as it was typed, or why it is none. */
export function readName(text: string | undefined): Result<string, 'validation_failed'> {
  const name = (text ?? '').trim()
  if (name !== '' && name.length <= NAME_MAX_CHARS) return ok(name)
  return refused([fault('sender_name', say('refused.name', { n: NAME_MAX_CHARS }))])
}

/** All that is wrong at once, so that nobody mends a form one field at a time. */
export function bothOf<One, Other>(
  one: Result<One, 'validation_failed'>,
  other: Result<Other, 'validation_failed'>,
): Result<readonly [One, Other], 'validation_failed'> {
  if (one.ok && other.ok) return ok([one.value, other.value])
  return refused([one, other].flatMap((result) => (result.ok ? [] : faultsOf(result))))
}

/** What the provider's schema found wrong, by the field it stands in and in the console's own words where it has some. */
export function asFields<R extends Refusal>(
  kind: ProviderKind,
  refusal: R,
): R | Refusal<'validation_failed'> {
  if (refusal.reason !== 'validation_failed') return refusal
  const fields = fieldsIn(groupsOf(kind, 'all'))
  const paths = kind === 'http_gateway' ? gatewayPaths : {}
  return refused(
    faultsOf(refusal).map(({ path, message }) => {
      const place = path.replace(/^config\./, '')
      const named = Object.keys(paths).find((start) => place === start || place.startsWith(`${start}.`))
      const name = named === undefined ? place.split('.')[0]! : paths[named]!
      const field = fields.find((one) => one.name === name)
      return fault(field ? inputName(field) : name, faultWords(name) ?? message)
    }),
  )
}

function faultWords(name: string): string | undefined {
  return isSaid(`sender.${name}.fault`) ? say(`sender.${name}.fault`) : undefined
}

function faultsOf(refusal: Refusal): readonly Fault[] {
  return (refusal.facts?.errors ?? []) as readonly Fault[]
}

/** Each field once: the first thing that is wrong with it. */
function refused(faults: readonly Fault[]): Refusal<'validation_failed'> {
  const errors = faults.filter(({ path }, at) => faults.findIndex((other) => other.path === path) === at)
  return refuseFields(errors)
}

/** A word for the handshake that nobody has to think of. */
export function newVerifyToken(): string {
  return randomBytes(TOKEN_BYTES).toString('base64url')
}
