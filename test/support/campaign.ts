import { simulatedPhoneNumberId } from '../../src/delivery/providers/simulator/token.ts'
import { parseAmount } from '../../src/platform/money.ts'
import type { WitnessSummary } from '../../src/simulator/index.ts'
import type { Answered, Firm, Person } from './cast.ts'
import type { Stack } from './stack.ts'

/** What a campaign is made of, all by its maker over HTTP; the list is there already. */
export type Parts = { template_id: string; sender_id: string; list_id: string }

export const REMINDER = {
  name: 'Payment due',
  language: 'en',
  category: 'utility',
  body: 'Hi {{name}}, invoice {{invoice}} of {{amount}} is due {{due_date}}.',
}

/** The answer's body, or a failure that shows what the server said. */
export function expectStatus(answered: Answered, status: number): Answered['body'] {
  if (answered.status === status) return answered.body
  throw new Error(`status ${answered.status}, not ${status}: ${JSON.stringify(answered.body)}`)
}

export async function makeTemplate(maker: Person, words: object = REMINDER): Promise<string> {
  return expectStatus(await maker.post('/v1/templates', words), 201).id as string
}

/** A sender on the built-in stand-in. `config` sets its seed and the shares of what becomes of messages. */
export async function makeSender(firm: Firm, config: object): Promise<string> {
  const sender = { provider: 'simulator', name: 'Front desk', config }
  return expectStatus(await firm.ratna.post('/v1/senders', sender), 201).id as string
}

export async function topUp(firm: Firm, amount: string, reference: string): Promise<void> {
  const body = { amount: { amount, currency: 'IDR' }, reference }
  expectStatus(await firm.ratna.post('/v1/wallet/top-ups', body), 201)
}

export async function draft(maker: Person, parts: Parts, more: object = {}): Promise<string> {
  const { list_id, ...rest } = parts
  const body = { name: 'Reminders', ...rest, audience: { list_id }, schedule: { now: true }, ...more }
  return expectStatus(await maker.post('/v1/campaigns', body), 201).id as string
}

export async function quote(maker: Person, campaignId: string) {
  return expectStatus(await maker.post(`/v1/campaigns/${campaignId}/quote`), 200)
}

export function submit(maker: Person, campaignId: string, quoteId: string): Promise<Answered> {
  return maker.post(`/v1/campaigns/${campaignId}/submission`, { quote_id: quoteId })
}

/** Drafts, quotes and submits, and fails loudly where the server refuses. */
export async function launch(maker: Person, parts: Parts, more: object = {}) {
  const id = await draft(maker, parts, more)
  const quoted = await quote(maker, id)
  return { id, quote: quoted, submitted: expectStatus(await submit(maker, id, quoted.id), 201) }
}

/** 1/10,000 units of a money object. */
export function minor(money: { amount: string }): bigint {
  const parsed = parseAmount(money.amount)
  if (parsed === undefined) throw new Error(`${money.amount} is no amount`)
  return parsed
}

/** The stand-in's own account of what a sender sent. */
export async function witnessOf(stack: Stack, senderId: string): Promise<WitnessSummary> {
  const number = simulatedPhoneNumberId(`${stack.url}/webhooks/whatsapp/${senderId}`)
  const response = await fetch(`${stack.simulatorUrl}/witness/summary?phone_number_id=${number}`)
  return (await response.json()) as WitnessSummary
}

/** The wallet's three figures, as decimals. */
export async function walletOf(firm: Firm): Promise<{ available: string; held: string; spent: string }> {
  const { available, held, spent } = expectStatus(await firm.joko.get('/v1/wallet'), 200)
  return { available: available.amount, held: held.amount, spent: spent.amount }
}

/** Every difference that the audit finds; none, where the books balance. */
export async function booksOf(firm: Firm): Promise<string[]> {
  const { ok, checks } = expectStatus(await firm.ratna.get('/v1/wallet/audit'), 200)
  const broken = (checks as { ok: boolean; name: string; differences: string[] }[]).filter((c) => !c.ok)
  if (ok !== (broken.length === 0)) throw new Error('the audit contradicts itself')
  return broken.flatMap(({ name, differences }) => differences.map((difference) => `${name}: ${difference}`))
}

export type Message = {
  id: string
  phone: string
  state: string
  charged: { amount: string }
  explanation: string
  attempts: number
  provider_message_id: string | null
  error?: { code: string }
  sent_at: string | null
}

/** All messages of a campaign, page by page. */
export async function allMessages(reader: Person, campaignId: string, query = ''): Promise<Message[]> {
  const messages: Message[] = []
  let cursor = ''
  do {
    const path = `/v1/campaigns/${campaignId}/messages?limit=120${query}${cursor}`
    const page = expectStatus(await reader.get(path), 200)
    messages.push(...page.data)
    cursor = page.next_cursor && `&cursor=${page.next_cursor}`
  } while (cursor)
  return messages
}
