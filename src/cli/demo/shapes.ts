import type { MoneyJson } from '../../platform/money.ts'

/** What the demo reads of the API's answers; the whole of each is in the document at /openapi.json. */

export type Import = {
  id: string
  state: 'reading' | 'mapping' | 'done' | 'failed'
  columns: { heading: string; target: string | null }[]
  rows: number
  accepted: number
  duplicates: number
  rejected: number
  list_id: string | null
  code: string | null
  detail: string | null
}

export type Problem = { row: number; column: string | null; code: string; message: string; value: string }

export type Contact = { id: string; variables: Record<string, string> }

export type Quote = {
  id: string
  total: MoneyJson
  recipients: number
  lines: { market: string; category: string; count: number; unit_price: MoneyJson; subtotal: MoneyJson }[]
  excluded: { reason: string; count: number }[]
  rate_card_as_of: string
  expires_at: string
}

export type Campaign = {
  id: string
  state: string
  counts: Record<string, number>
  money: { held: MoneyJson; captured: MoneyJson; released: MoneyJson; remaining: MoneyJson }
  rate_per_second: number
}

export type Wallet = { currency: string; available: MoneyJson; held: MoneyJson; spent: MoneyJson }

export type Message = { state: string; charged: MoneyJson; explanation: string }

export type Audit = {
  ok: boolean
  checks: {
    name: string
    says: string
    ok: boolean
    figures: Record<string, string | number>
    differences: string[]
  }[]
}

export type Page<T> = { data: T[]; next_cursor: string | null }
