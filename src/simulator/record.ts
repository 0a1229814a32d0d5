import type { MessageFate, PlannedReceipt } from './fate.ts'

/**
 * The witness: what was accepted, from whom, to whom, how often, what was to become of it and what was posted. Kept
 * in columns, some hundred bytes a message, since a million messages must fit beside everything else.
 */
export type Acceptance = {
  readonly attemptRef: string
  /** Digits. */
  readonly to: string
  readonly phoneNumberId: string
  readonly acceptedAtMs: number
  readonly fate: MessageFate
}

export type Refusal = 'invalid' | 'rejected' | 'rate_limited' | 'server_error'

/** One accepted attempt as the witness tells it. */
export type WitnessedMessage = {
  readonly attempt_ref: string
  readonly phone_number_id: string
  readonly to: string
  /** How often this very attempt was accepted: more than once is a double send. */
  readonly accepted: number
  readonly accepted_at: string
  readonly fate: MessageFate
  /** A delivered or read receipt was or will be posted. */
  readonly delivered: boolean
  /** Receipts that a webhook endpoint has taken with a 200. */
  readonly posted: string[]
}

export type WitnessSummary = {
  /** Calls accepted. */
  readonly accepted: number
  /** Different attempts among them. */
  readonly distinct: number
  /** Attempts accepted more than once. */
  readonly accepted_twice: number
  /** Different recipients, and those who were sent more than one message. */
  readonly recipients: number
  readonly recipients_twice: number
  /** Attempts by what becomes of them; `delivered` includes the read, `read` includes `read_only`. */
  readonly delivered: number
  readonly read: number
  readonly read_only: number
  readonly failed: number
  readonly undelivered: number
  readonly lost: number
  /** Attempts of which that receipt was taken with a 200. */
  readonly posted: Readonly<Record<PlannedReceipt['status'], number>>
  /** Calls refused. */
  readonly refused: Readonly<Record<Refusal, number>>
}

export type WitnessPage = { readonly data: WitnessedMessage[]; readonly next_cursor: string | null }

export type WitnessRecord = {
  /** Notes an acceptance and returns the number by which its receipts are noted. */
  accept(acceptance: Acceptance): number
  refuse(phoneNumberId: string, refusal: Refusal): void
  /** Notes that a receipt was taken. A number from before a `clear` is ignored. */
  markPosted(position: number, generation: number, status: PlannedReceipt['status']): void
  /** Rises with every `clear`. */
  generation(): number
  summarise(phoneNumberId?: string): WitnessSummary
  list(options: { phoneNumberId?: string; attemptRef?: string; cursor: number; limit: number }): WitnessPage
  clear(): void
}

const FATES: readonly MessageFate[] = ['failed', 'undelivered', 'lost', 'delivered', 'read', 'read_only']
const DELIVERED_FATES: ReadonlySet<MessageFate> = new Set(['delivered', 'read', 'read_only'])
const POSTED_BITS = { sent: 1, delivered: 2, read: 4, failed: 8 } as const
const COUNT_MAX = 255

/** An empty witness. */
export function createRecord(): WitnessRecord {
  let columns = emptyColumns()
  let generation = 0
  return {
    accept: (acceptance) => accept(columns, acceptance),
    refuse(phoneNumberId, refusal) {
      const counts = columns.refusals.get(phoneNumberId) ?? noRefusals()
      counts[refusal] += 1
      columns.refusals.set(phoneNumberId, counts)
    },
    markPosted(position, fromGeneration, status) {
      if (fromGeneration === generation) columns.posted.or(position, POSTED_BITS[status])
    },
    generation: () => generation,
    summarise: (phoneNumberId) => summarise(columns, phoneNumberId),
    list: (options) => list(columns, options),
    clear() {
      columns = emptyColumns()
      generation += 1
    },
  }
}

type Columns = {
  /** By number, then by reference: the same reference from another number is another attempt. */
  readonly positions: Map<string, Map<string, number>>
  readonly refs: string[]
  readonly phones: string[]
  readonly phoneNumbers: Map<string, number>
  readonly phone: Column
  readonly to: Column
  readonly acceptedAtMs: Column
  readonly count: Column
  readonly fate: Column
  readonly posted: Column
  readonly refusals: Map<string, Record<Refusal, number>>
}

function emptyColumns(): Columns {
  return {
    positions: new Map(),
    refs: [],
    phones: [],
    phoneNumbers: new Map(),
    phone: new Column(Uint32Array),
    // E.164 has at most 15 digits, which a double holds exactly.
    to: new Column(Float64Array),
    acceptedAtMs: new Column(Float64Array),
    count: new Column(Uint8Array),
    fate: new Column(Uint8Array),
    posted: new Column(Uint8Array),
    refusals: new Map(),
  }
}

function accept(columns: Columns, { attemptRef, to, phoneNumberId, acceptedAtMs, fate }: Acceptance): number {
  const positions = columns.positions.get(phoneNumberId) ?? new Map<string, number>()
  columns.positions.set(phoneNumberId, positions)
  // Without a reference nothing tells two sends apart: each stands for itself.
  const known = attemptRef === '' ? undefined : positions.get(attemptRef)
  if (known !== undefined) {
    columns.count.set(known, Math.min(COUNT_MAX, columns.count.get(known) + 1))
    return known
  }
  const position = columns.refs.length
  if (attemptRef !== '') positions.set(attemptRef, position)
  columns.refs.push(attemptRef)
  columns.phone.set(position, phoneIndex(columns, phoneNumberId))
  columns.to.set(position, Number(to))
  columns.acceptedAtMs.set(position, acceptedAtMs)
  columns.count.set(position, 1)
  columns.fate.set(position, FATES.indexOf(fate))
  columns.posted.set(position, 0)
  return position
}

function phoneIndex({ phones, phoneNumbers }: Columns, phoneNumberId: string): number {
  const known = phoneNumbers.get(phoneNumberId)
  if (known !== undefined) return known
  phoneNumbers.set(phoneNumberId, phones.length)
  phones.push(phoneNumberId)
  return phones.length - 1
}

function summarise(columns: Columns, phoneNumberId: string | undefined): WitnessSummary {
  const byFate = FATES.map(() => 0)
  const posted = { sent: 0, delivered: 0, read: 0, failed: 0 }
  const recipients: number[] = []
  let accepted = 0
  let acceptedTwice = 0
  for (const position of positionsOf(columns, phoneNumberId, 0)) {
    const count = columns.count.get(position)
    accepted += count
    if (count > 1) acceptedTwice += 1
    byFate[columns.fate.get(position)]! += 1
    recipients.push(columns.to.get(position))
    for (const status of STATUSES) if (columns.posted.get(position) & POSTED_BITS[status]) posted[status] += 1
  }
  const of = (fate: MessageFate) => byFate[FATES.indexOf(fate)]!
  return {
    accepted,
    distinct: recipients.length,
    accepted_twice: acceptedTwice,
    ...countRecipients(recipients),
    delivered: of('delivered') + of('read') + of('read_only'),
    read: of('read') + of('read_only'),
    read_only: of('read_only'),
    failed: of('failed'),
    undelivered: of('undelivered'),
    lost: of('lost'),
    posted,
    refused: refusalsOf(columns, phoneNumberId),
  }
}

const STATUSES = ['sent', 'delivered', 'read', 'failed'] as const

function countRecipients(numbers: readonly number[]): { recipients: number; recipients_twice: number } {
  const sorted = Float64Array.from(numbers).sort()
  let recipients = 0
  let twice = 0
  for (let index = 0; index < sorted.length; index += 1) {
    if (sorted[index] !== sorted[index - 1]) recipients += 1
    else if (sorted[index] !== sorted[index - 2]) twice += 1
  }
  return { recipients, recipients_twice: twice }
}

function refusalsOf({ refusals }: Columns, phoneNumberId: string | undefined): Record<Refusal, number> {
  const total = noRefusals()
  for (const [id, counts] of refusals) {
    if (phoneNumberId !== undefined && phoneNumberId !== id) continue
    for (const refusal of REFUSALS) total[refusal] += counts[refusal]
  }
  return total
}

const REFUSALS: readonly Refusal[] = ['invalid', 'rejected', 'rate_limited', 'server_error']

function noRefusals(): Record<Refusal, number> {
  return { invalid: 0, rejected: 0, rate_limited: 0, server_error: 0 }
}

function list(
  columns: Columns,
  { phoneNumberId, attemptRef, cursor, limit }: Parameters<WitnessRecord['list']>[0],
): WitnessPage {
  const data: WitnessedMessage[] = []
  for (const position of positionsOf(columns, phoneNumberId, cursor)) {
    if (attemptRef !== undefined && columns.refs[position] !== attemptRef) continue
    if (data.length === limit) return { data, next_cursor: String(position) }
    data.push(describe(columns, position))
  }
  return { data, next_cursor: null }
}

function describe(columns: Columns, position: number): WitnessedMessage {
  const fate = FATES[columns.fate.get(position)]!
  const bits = columns.posted.get(position)
  return {
    attempt_ref: columns.refs[position]!,
    phone_number_id: columns.phones[columns.phone.get(position)]!,
    to: `+${columns.to.get(position)}`,
    accepted: columns.count.get(position),
    accepted_at: new Date(columns.acceptedAtMs.get(position)).toISOString(),
    fate,
    delivered: DELIVERED_FATES.has(fate),
    posted: STATUSES.filter((status) => bits & POSTED_BITS[status]),
  }
}

function* positionsOf(columns: Columns, phoneNumberId: string | undefined, from: number): Generator<number> {
  const phone = phoneNumberId === undefined ? undefined : (columns.phoneNumbers.get(phoneNumberId) ?? -1)
  if (phone === -1) return
  for (let position = from; position < columns.refs.length; position += 1) {
    if (phone === undefined || columns.phone.get(position) === phone) yield position
  }
}

type Numbers = Uint8Array | Uint32Array | Float64Array
const FIRST_CAPACITY = 1_024

/** A typed array that grows by doubling. */
class Column {
  readonly #make: new (
    length: number,
  ) => Numbers
  #values: Numbers

  constructor(make: new (length: number) => Numbers) {
    this.#make = make
    this.#values = new make(FIRST_CAPACITY)
  }

  get(position: number): number {
    return this.#values[position] ?? 0
  }

  set(position: number, value: number): void {
    if (position >= this.#values.length) this.#grow()
    this.#values[position] = value
  }

  or(position: number, bits: number): void {
    this.set(position, this.get(position) | bits)
  }

  #grow(): void {
    const larger = new this.#make(this.#values.length * 2)
    larger.set(this.#values)
    this.#values = larger
  }
}
