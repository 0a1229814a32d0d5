import { createHmac } from 'node:crypto'
import { Pool } from 'undici'
import { drawsFor, type PlannedReceipt, STREAMS } from './fate.ts'
import { digitsOf } from './graph.ts'
import type { Orders } from './orders.ts'

/**
 * Posts the webhooks of one sender: receipts wait until they are due, leave in batches under a signature, and are
 * tried again with growing pauses when they are not taken with a 200, as the platform does for days; here for minutes.
 */
export type Receipt = {
  readonly messageId: string
  readonly attemptRef: string
  readonly to: string
  readonly acceptedAtMs: number
  /** By which the platform charges, in its receipts' words. */
  readonly category: string
  readonly planned: PlannedReceipt
  /** The witness's number for the message. */
  readonly position: number
  readonly generation: number
}

export type OutboxOptions = {
  /** First pause after a post that was not taken; it doubles up to the longest. */
  readonly retryPauseMs: number
  readonly retryPauseMaxMs: number
  /** How long a receipt is tried before it is dropped. */
  readonly retryForMs: number
  readonly onPosted: (receipt: Receipt) => void
}

export type Outbox = {
  add(receipt: Receipt): void
  /** Posts a change that is no receipt, such as news of a template, and tries again as with receipts. */
  tell(change: object): void
  /** Receipts not yet taken. */
  pending(): number
  /** Receipts given up after `retryForMs`, or thrown away because too many waited. */
  dropped(): number
  close(): Promise<void>
}

const TICK_MS = 5
const UPDATES_PER_POST_MAX = 500
const POSTS_AT_A_TIME = 4
const POST_TIMEOUT_MS = 10_000
const PENDING_MAX = 2_000_000

/** An outbox for one sender's orders. */
export function createOutbox(orders: Orders, options: OutboxOptions): Outbox {
  return new WebhookOutbox(orders, options)
}

type Waiting = { readonly receipt: Receipt; readonly dueAtMs: number }

class WebhookOutbox implements Outbox {
  readonly #orders: Orders
  readonly #options: OutboxOptions
  readonly #pool: Pool
  readonly #path: string
  /** What is due at the same tick, by the tick's number. */
  readonly #later = new Map<number, Waiting[]>()
  #ready: Waiting[] = []
  #lastTick = tickOf(Date.now())
  #timer: NodeJS.Timeout | undefined
  #posting = 0
  #failuresInARow = 0
  #quietUntilMs = 0
  #pending = 0
  #dropped = 0
  #isClosed = false

  constructor(orders: Orders, options: OutboxOptions) {
    const url = new URL(orders.webhook_url)
    this.#orders = orders
    this.#options = options
    this.#path = `${url.pathname}${url.search}`
    this.#pool = new Pool(url.origin, {
      connections: POSTS_AT_A_TIME,
      headersTimeout: POST_TIMEOUT_MS,
      bodyTimeout: POST_TIMEOUT_MS,
    })
  }

  add(receipt: Receipt): void {
    if (this.#pending >= PENDING_MAX || this.#isClosed) {
      this.#dropped += 1
      return
    }
    const dueAtMs = receipt.acceptedAtMs + receipt.planned.postAfterMs
    // A tick already passed would never be looked at again.
    const tick = Math.max(tickOf(dueAtMs), this.#lastTick) + 1
    const waiting = { receipt, dueAtMs }
    const sameTick = this.#later.get(tick)
    if (sameTick) sameTick.push(waiting)
    else this.#later.set(tick, [waiting])
    this.#pending += 1
    this.#wake()
  }

  tell(change: object): void {
    const time = Math.floor(Date.now() / 1_000)
    const entry = [{ id: this.#orders.accountId, time, changes: [change] }]
    void this.#insist(JSON.stringify({ object: 'whatsapp_business_account', entry }), Date.now())
  }

  async #insist(body: string, sinceMs: number): Promise<void> {
    this.#pending += 1
    const { retryPauseMs, retryPauseMaxMs, retryForMs } = this.#options
    let pauseMs = retryPauseMs
    while (!this.#isClosed && Date.now() - sinceMs < retryForMs) {
      if (await this.#deliver(body)) break
      await new Promise((resolve) => setTimeout(resolve, pauseMs))
      pauseMs = Math.min(retryPauseMaxMs, pauseMs * 2)
    }
    this.#pending -= 1
  }

  pending(): number {
    return this.#pending
  }

  dropped(): number {
    return this.#dropped
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#pool.destroy()
  }

  #wake(): void {
    if (this.#timer === undefined && !this.#isClosed) this.#timer = setTimeout(() => this.#tick(), TICK_MS)
  }

  #tick(): void {
    this.#timer = undefined
    const nowMs = Date.now()
    this.#collectDue(tickOf(nowMs))
    if (nowMs >= this.#quietUntilMs) {
      while (this.#posting < POSTS_AT_A_TIME && this.#ready.length > 0) void this.#post(this.#takeBatch())
    }
    if (this.#later.size > 0 || this.#ready.length > 0) this.#wake()
  }

  #collectDue(tick: number): void {
    const elapsed = tick - this.#lastTick
    this.#lastTick = tick
    if (elapsed > this.#later.size) {
      // After a long rest it is shorter to look at what waits than at every tick gone by.
      const due = [...this.#later.keys()].filter((key) => key <= tick).sort((a, b) => a - b)
      for (const key of due) this.#makeReady(key)
    } else {
      for (let key = tick - elapsed + 1; key <= tick; key += 1) this.#makeReady(key)
    }
  }

  #makeReady(tick: number): void {
    const due = this.#later.get(tick)
    if (!due) return
    this.#later.delete(tick)
    for (const waiting of due) this.#ready.push(waiting)
  }

  #takeBatch(): Waiting[] {
    if (this.#ready.length <= UPDATES_PER_POST_MAX) {
      const batch = this.#ready
      this.#ready = []
      return batch
    }
    return this.#ready.splice(0, UPDATES_PER_POST_MAX)
  }

  async #post(batch: readonly Waiting[]): Promise<void> {
    this.#posting += 1
    const isTaken = await this.#deliver(webhookBody(this.#orders, batch))
    this.#posting -= 1
    if (this.#isClosed) return
    if (isTaken) this.#finish(batch)
    else this.#putBack(batch)
    if (this.#ready.length > 0) this.#wake()
  }

  async #deliver(body: string): Promise<boolean> {
    try {
      const response = await this.#pool.request({
        method: 'POST',
        path: this.#path,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'duecast-simulator',
          'x-hub-signature-256': `sha256=${createHmac('sha256', this.#orders.app_secret).update(body).digest('hex')}`,
        },
        body,
      })
      await response.body.dump()
      return response.statusCode === 200
    } catch {
      return false
    }
  }

  #finish(batch: readonly Waiting[]): void {
    this.#failuresInARow = 0
    this.#quietUntilMs = 0
    this.#pending -= batch.length
    for (const { receipt } of batch) this.#options.onPosted(receipt)
  }

  #putBack(batch: readonly Waiting[]): void {
    const { retryPauseMs, retryPauseMaxMs, retryForMs } = this.#options
    const nowMs = Date.now()
    const stillTried = batch.filter(({ dueAtMs }) => nowMs - dueAtMs < retryForMs)
    this.#pending -= batch.length - stillTried.length
    this.#dropped += batch.length - stillTried.length
    this.#ready = [...stillTried, ...this.#ready]
    this.#quietUntilMs =
      nowMs + Math.min(retryPauseMaxMs, retryPauseMs * 2 ** Math.min(this.#failuresInARow, 16))
    this.#failuresInARow += 1
  }
}

function tickOf(atMs: number): number {
  return Math.floor(atMs / TICK_MS)
}

const FAILURES = [
  { code: 131_026, title: 'Message undeliverable' },
  { code: 130_472, title: "User's number is part of an experiment" },
] as const

function webhookBody(orders: Orders, batch: readonly Waiting[]): string {
  const statuses = batch.map(({ receipt }) => statusJson(orders, receipt)).join(',')
  const id = JSON.stringify(orders.phone_number_id)
  const metadata = `"metadata":{"display_phone_number":"15550783881","phone_number_id":${id}}`
  const value = `{"messaging_product":"whatsapp",${metadata},"statuses":[${statuses}]}`
  return `{"object":"whatsapp_business_account","entry":[{"id":"${orders.accountId}","changes":[{"value":${value},"field":"messages"}]}]}`
}

function statusJson(orders: Orders, receipt: Receipt): string {
  const { messageId, attemptRef, to, acceptedAtMs, planned } = receipt
  const seconds = Math.floor((acceptedAtMs + planned.happensAfterMs) / 1_000)
  const named = attemptRef === '' ? '' : `,"biz_opaque_callback_data":${JSON.stringify(attemptRef)}`
  const pricing = planned.isPriced ? `,${pricingJson(orders, receipt)}` : ''
  const errors =
    planned.status === 'failed' ? `,"errors":[${JSON.stringify(failure(orders, attemptRef))}]` : ''
  return `{"id":"${messageId}","status":"${planned.status}","timestamp":"${seconds}","recipient_id":"${digitsOf(to)}"${named}${pricing}${errors}}`
}

function pricingJson(orders: Orders, { attemptRef, category }: Receipt): string {
  const isFree = orders.free > 0 && drawsFor(orders.seed, attemptRef)(STREAMS.free) < orders.free
  const type = isFree ? 'free_entry_point' : 'regular'
  const named = JSON.stringify(orders.priced_as ?? category)
  return `"pricing":{"billable":${!isFree},"pricing_model":"PMP","type":"${type}","category":${named}}`
}

function failure(orders: Orders, attemptRef: string): object {
  const draw = drawsFor(orders.seed, attemptRef)(STREAMS.failedCode)
  const drawn = FAILURES[Math.floor(draw * FAILURES.length)]!
  const { code, title } =
    orders.failed_code === undefined ? drawn : { code: orders.failed_code, title: 'Failed' }
  return {
    code,
    title,
    message: title,
    error_data: { details: 'The stand-in was told to let this message fail.' },
    href: 'https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/',
  }
}
