import type { PROVIDERS } from '../../delivery/index.ts'
import type { Again } from '../page.ts'
import { isSaid, say } from '../view.ts'

/** What the form of each provider asks for. What an answer means is the provider's own schema's to say. */

export type Fields = Readonly<Record<string, string | undefined>>
export type ProviderKind = keyof typeof PROVIDERS

type FieldKind = 'line' | 'number' | 'secret' | 'secret_lines' | 'lines' | 'flag' | 'choice'

export type SenderField = {
  /** As the configuration calls it, or as the gateway's form does. */
  readonly name: string
  readonly kind: FieldKind
  readonly isRequired?: boolean
  readonly choices?: readonly string[]
}

export type FieldGroup = { readonly group: string; readonly fields: readonly SenderField[] }

/** Most senders do without: shown where they are asked for, or say something. */
const LESSER: ReadonlySet<string> = new Set(['pace', 'platform', 'callback'])
/** What a choice says before anybody has chosen. */
const UNCHOSEN: ReadonlySet<string> = new Set(['', 'none', 'hex'])
export const SECRET_PREFIX = 'secret_'
const PACE: readonly SenderField[] = [
  { name: 'messages_per_second', kind: 'number' },
  { name: 'lifetime_seconds', kind: 'number' },
]
const line = (name: string): SenderField => ({ name, kind: 'line' })
const needed = (name: string): SenderField => ({ name, kind: 'line', isRequired: true })
const lines = (name: string): SenderField => ({ name, kind: 'lines' })
const choice = (name: string, choices: readonly string[]): SenderField => ({ name, kind: 'choice', choices })

const GROUPS: Readonly<Record<ProviderKind, readonly FieldGroup[]>> = {
  simulator: [{ group: 'pace', fields: PACE }],
  simulator_sms: [{ group: 'pace', fields: PACE }],
  whatsapp_cloud: [
    { group: 'number', fields: [needed('phone_number_id'), needed('business_account_id')] },
    {
      group: 'secrets',
      fields: [
        { name: 'access_token', kind: 'secret', isRequired: true },
        { name: 'app_secret', kind: 'secret', isRequired: true },
        { name: 'verify_token', kind: 'secret' },
      ],
    },
    { group: 'pace', fields: [...PACE, { name: 'marketing_messages_api', kind: 'flag' }] },
    { group: 'platform', fields: [line('api_base_url'), line('api_version')] },
  ],
  twilio: [
    { group: 'number', fields: [needed('account_sid'), line('from'), line('messaging_service_sid')] },
    { group: 'secrets', fields: [{ name: 'auth_token', kind: 'secret', isRequired: true }] },
    { group: 'pace', fields: PACE },
    { group: 'platform', fields: [line('api_base_url')] },
  ],
  http_gateway: [
    {
      group: 'call',
      fields: [
        needed('url'),
        choice('method', ['POST', 'PUT', 'GET']),
        line('from_text'),
        lines('headers'),
        lines('query'),
        choice('body_kind', ['none', 'json', 'form']),
        lines('body'),
      ],
    },
    { group: 'secrets', fields: [{ name: 'secrets', kind: 'secret_lines' }] },
    {
      group: 'answer',
      fields: [
        line('answer_id'),
        line('answer_status'),
        line('answer_accepted'),
        line('answer_error'),
        lines('errors'),
      ],
    },
    {
      group: 'callback',
      fields: [
        choice('callback_format', ['none', 'json', 'form', 'query']),
        line('callback_status'),
        lines('callback_statuses'),
        line('callback_id'),
        line('callback_attempt'),
        line('callback_error'),
        choice('signature', ['none', 'hmac_sha256']),
        line('signature_header'),
        choice('signature_encoding', ['hex', 'base64']),
        line('signature_prefix'),
        line('signature_secret'),
      ],
    },
    { group: 'pace', fields: PACE },
  ],
}

/** The providers in the order in which they are offered. */
export const PROVIDER_KINDS = [
  'whatsapp_cloud',
  'twilio',
  'http_gateway',
  'simulator',
  'simulator_sms',
] as const satisfies readonly ProviderKind[]

export function providerKind(word: string | undefined): ProviderKind | undefined {
  return PROVIDER_KINDS.find((kind) => kind === word)
}

/** All that a new sender is asked, what an existing one may be changed in, or its secrets alone. */
export function groupsOf(kind: ProviderKind, part: 'all' | 'open' | 'secrets'): readonly FieldGroup[] {
  if (part === 'all') return GROUPS[kind]
  return GROUPS[kind].filter(({ group }) => (group === 'secrets') === (part === 'secrets'))
}

/** The words of a field; a gateway’s keys are called what they are, not what the section is. */
export function labelKey({ name, kind }: SenderField): string {
  return kind === 'secret_lines' ? 'sender.key_lines' : `sender.${name}`
}

export function inputName({ name, kind }: SenderField): string {
  return kind === 'secret' || kind === 'secret_lines' ? `${SECRET_PREFIX}${name}` : name
}

export function fieldsIn(groups: readonly FieldGroup[]): readonly SenderField[] {
  return groups.flatMap(({ fields }) => fields)
}

/** The groups as their page shows them: each field with its words, what was typed and what was found wrong. */
export function shownGroups(
  groups: readonly FieldGroup[],
  values: Fields,
  again: Again | undefined,
  keepsSecrets = false,
) {
  return groups.map(({ group, fields }) => {
    const shown = fields.map((field) => shownField(field, values, again, keepsSecrets))
    return {
      title: say(`sender.group.${group}`),
      isLesser: LESSER.has(group),
      isOpen: shown.some(({ error, isGiven }) => error !== undefined || isGiven),
      fields: shown,
    }
  })
}

function shownField(field: SenderField, values: Fields, again: Again | undefined, keepsSecrets: boolean) {
  const name = inputName(field)
  const isSecret = name !== field.name
  const isKept = again?.kept.includes(name) ?? false
  const hints = [
    isSaid(`sender.${field.name}.hint`) ? say(`sender.${field.name}.hint`) : undefined,
    !keepsSecrets && isSaid(`sender.${field.name}.new`) ? say(`sender.${field.name}.new`) : undefined,
    isKept ? say('sender.kept') : isSecret && keepsSecrets ? say('sender.secret.stays') : undefined,
  ]
  const value = values[name] ?? ''
  return {
    name,
    kind: field.kind,
    isLines: field.kind === 'lines' || field.kind === 'secret_lines',
    isFlag: field.kind === 'flag',
    isChoice: field.kind === 'choice',
    type: field.kind === 'secret' ? 'password' : 'text',
    auto: isSecret ? 'new-password' : 'off',
    mode: field.kind === 'number' ? 'numeric' : undefined,
    size: field.kind === 'number' ? 'n' : undefined,
    isRequired: field.isRequired === true && !isKept && !(isSecret && keepsSecrets),
    label: say(labelKey(field)),
    hint: hints.filter((hint) => hint !== undefined).join(' '),
    value: isSecret ? '' : value,
    isGiven: !isSecret && !UNCHOSEN.has(value),
    isChecked: value === 'true',
    choices: field.choices?.map((one) => ({
      one,
      label: isSaid(`choice.${one}`) ? say(`choice.${one}`) : one,
      chosen: one === value,
    })),
    error: again?.errors[name],
  }
}
