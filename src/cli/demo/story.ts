import { asOwner } from '../../house.ts'
import type { Running } from '../../main.ts'
import type { MoneyJson } from '../../platform/money.ts'
import { unwrap } from '../../platform/result.ts'
import { publishRates } from '../../pricing/index.ts'
import { starterTemplate } from '../../templates/index.ts'
import { openWorkspace } from '../../workspaces/index.ts'
import { CommandFailure, FAILED } from '../failure.ts'
import { paint, printLine } from '../terminal.ts'
import { type Api, ApiProblem, openApi } from './api.ts'
import { openProgress } from './progress.ts'
import type { Audit, Campaign, Contact, Import, Message, Page, Problem, Quote, Wallet } from './shapes.ts'
import { printStep, problemLines, quoteLines, shown, statementLines, walletLine } from './show.ts'
import type { Settled } from './statement.ts'
import { sampleWorkbook } from './workbook.ts'

export type Story = { readonly settled: Settled; readonly workspaceId: string; readonly ownerKey: string }

/** Enough for the campaign, and so little that more than half of it is reserved: then a second person must approve. */
const TOP_UP: MoneyJson = { amount: '250000', currency: 'IDR' }
/** Invented; the seeded card in rupiah has a price for Indonesia only. */
const OWN_CARD = `model,currency,market,category,effective_from,price_per_unit
per_message,IDR,Singapore,utility,2026-07-01,412.5
per_message,IDR,Malaysia,utility,2026-07-01,318.25
per_message,IDR,Rest of Asia Pacific,utility,2026-07-01,655.755
`
/** The stand-in's habits: some fail, some are never heard of again, receipts come twice and in the wrong order. */
const SENDER_CONFIG = {
  seed: 2026,
  failed: 0.05,
  lost: 0.03,
  read: 0.4,
  read_only: 0.08,
  duplicated: 0.1,
  shuffled: 0.1,
  late: 0.05,
  late_ms: 1_500,
  latency_ms: 40,
  messages_per_second: 60,
  lifetime_seconds: 6,
}
const POLL_MS = 200
const IMPORT_WAIT_MS = 60_000
const SETTLE_WAIT_MS = 120_000
const PAGE = 500

/** Tells the main job from an uploaded sheet to the settled statement, and gives what was settled. */
export async function tellStory(running: Running): Promise<Story> {
  printLine(paint('bold', 'Duecast: from a sheet to a settled campaign'))
  printLine(`Server, embedded PostgreSQL, workers and a stand-in for the provider: ${running.url}`)
  const { workspaceId, ownerKey } = await makeWorkspace(running)
  const owner = openApi(running.url, ownerKey)
  const maker = openApi(running.url, await keyFor(owner, 'admin', 'Rina, who makes campaigns'))
  const approver = openApi(running.url, await keyFor(owner, 'approver', 'Bambang, who approves them'))
  const listId = await importSheet(maker)
  const templateId = await saveTemplate(maker, listId)
  await topUp(owner)
  const senderId = await addSender(owner)
  const campaignId = await draft(maker, { listId, templateId, senderId })
  const quote = await getQuote(maker, campaignId)
  await submit(maker, campaignId, quote)
  await approve(maker, approver, campaignId)
  await follow(maker, campaignId)
  const settled = await settle(owner, campaignId, quote)
  printStep(8, 'Settled')
  for (const line of statementLines(settled)) printLine(line)
  return { settled, workspaceId, ownerKey }
}

/** A workspace as an operator makes it, with prices of its own for some markets abroad. */
async function makeWorkspace({ house }: Running): Promise<{ workspaceId: string; ownerKey: string }> {
  const request = { name: 'Toko Sumber Rejeki', currency: TOP_UP.currency }
  const opened = await asOwner(house.ownerUrl, house.clock, (owner) => openWorkspace(owner, request))
  const { workspaceId, key } = unwrap(opened)
  const card = { table: OWN_CARD, fileName: 'own prices.csv' }
  unwrap(await house.asSystem('demo', workspaceId, (scope) => publishRates(scope, card)))
  return { workspaceId, ownerKey: key.apiKey }
}

async function keyFor(owner: Api, role: string, name: string): Promise<string> {
  return (await owner.post<{ api_key: string }>('/v1/keys', { role, name })).api_key
}

async function importSheet(api: Api): Promise<string> {
  const workbook = sampleWorkbook(new Date())
  printStep(1, `Upload "${workbook.fileName}": ${workbook.rows} rows, as an office keeps them`)
  const fields = { locale: 'id', default_country: 'ID', list: 'Tagihan Desember' }
  const { id } = await api.upload<Import>('/v1/imports', fields, workbook)
  const done = await imported(api, id)
  const read = done.columns.filter(({ target }) => target !== null)
  printLine(`  columns   ${read.map(({ heading, target }) => `${heading} → ${target}`).join(' · ')}`)
  printLine(`  accepted  ${done.accepted} contacts, with numbers in international form`)
  printLine(`  repeated  ${done.duplicates} numbers that are in the sheet already`)
  printLine(`  refused   ${done.rejected} rows, each with its place and a reason:`)
  const { data } = await api.get<Page<Problem>>(`/v1/imports/${id}/problems?limit=${PAGE}`)
  for (const line of problemLines(data)) printLine(`    ${line}`)
  return done.list_id!
}

async function imported(api: Api, id: string): Promise<Import> {
  const deadline = performance.now() + IMPORT_WAIT_MS
  for (;;) {
    const now = await api.get<Import>(`/v1/imports/${id}`)
    if (now.state === 'done') return now
    if (now.state !== 'reading' || performance.now() > deadline)
      throw failed('import_failed', `The import is ${now.state}: ${now.detail ?? 'no reason was given'}.`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

async function saveTemplate(api: Api, listId: string): Promise<string> {
  const starter = starterTemplate('friendly', 'id', { currency: TOP_UP.currency })!
  printStep(
    2,
    `Template "${starter.input.name}" (${starter.language}, ${starter.category}) from the starter library`,
  )
  const { id } = await api.post<{ id: string }>('/v1/templates', starter.input)
  const text = await firstText(api, id, listId)
  for (const line of text.split('\n')) printLine(paint('dim', `  │ ${line}`))
  return id
}

/** What the first contact who has all that the template says would read. */
async function firstText(api: Api, templateId: string, listId: string): Promise<string> {
  const { data } = await api.get<Page<Contact & { name: string | null }>>(
    `/v1/contacts?list_id=${listId}&limit=20`,
  )
  for (const { name, variables } of data) {
    const body = { variables: { ...variables, ...(name ? { name } : {}) } }
    try {
      return (await api.post<{ body: string }>(`/v1/templates/${templateId}/preview`, body)).body
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== 'missing_variable') throw error
    }
  }
  throw failed('no_preview', 'No contact has what the template says.')
}

async function topUp(owner: Api): Promise<void> {
  printStep(3, 'Top up the wallet')
  await owner.post('/v1/wallet/top-ups', { amount: TOP_UP, reference: `demo ${new Date().toISOString()}` })
  printLine(walletLine(await owner.get<Wallet>('/v1/wallet')))
}

async function addSender(owner: Api): Promise<string> {
  const sender = { provider: 'simulator', name: 'Stand-in', config: SENDER_CONFIG }
  return (await owner.post<{ id: string }>('/v1/senders', sender)).id
}

async function draft(
  api: Api,
  parts: { listId: string; templateId: string; senderId: string },
): Promise<string> {
  const campaign = {
    name: 'Pengingat Desember',
    template_id: parts.templateId,
    sender_id: parts.senderId,
    audience: { list_id: parts.listId },
    schedule: { now: true },
  }
  return (await api.post<Campaign>('/v1/campaigns', campaign)).id
}

async function getQuote(api: Api, campaignId: string): Promise<Quote> {
  const quote = await api.post<Quote>(`/v1/campaigns/${campaignId}/quote`)
  printStep(4, `Quote: every contact priced or excluded, by the rate card of ${quote.rate_card_as_of}`)
  for (const line of quoteLines(quote)) printLine(line)
  return quote
}

async function submit(api: Api, campaignId: string, quote: Quote): Promise<void> {
  printStep(5, 'Submit: the audience is frozen and its money reserved, in one transaction')
  const submitted = await api.post<Campaign>(`/v1/campaigns/${campaignId}/submission`, { quote_id: quote.id })
  printLine(`  reserved  ${shown(submitted.money.held)}`)
  printLine(walletLine(await api.get<Wallet>('/v1/wallet')))
  printLine(
    `  state     ${submitted.state.replaceAll('_', ' ')}: this is more than half of what was available`,
  )
}

async function approve(maker: Api, approver: Api, campaignId: string): Promise<void> {
  printStep(6, 'Approve: by somebody else than its maker')
  const decision = { decision: 'approve' }
  const path = `/v1/campaigns/${campaignId}/approval`
  printLine(`  maker     ${await refusalOf(maker.post(path, decision))}`)
  const approved = await approver.post<Campaign>(path, decision)
  printLine(`  approver  approved; the campaign is ${approved.state}`)
}

async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (error instanceof ApiProblem) return `refused (${error.status} ${error.code}): ${error.message}`
    throw error
  }
  throw failed('not_refused', 'A maker approved a campaign of their own.')
}

async function follow(api: Api, campaignId: string): Promise<void> {
  printStep(7, 'Send: through the queue and the adapter, charged as receipts come in')
  const progress = openProgress()
  const signal = AbortSignal.timeout(SETTLE_WAIT_MS)
  let last: Campaign | undefined
  try {
    for await (const campaign of api.events<Campaign>(`/v1/campaigns/${campaignId}/events`, signal)) {
      last = campaign
      progress.show(campaign)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    progress.end()
  }
  if (last?.state !== 'settled')
    throw failed('not_settled', `The campaign is ${last?.state ?? 'silent'} and has not settled.`)
}

async function settle(api: Api, campaignId: string, quote: Quote): Promise<Settled> {
  const [campaign, wallet, audit] = await Promise.all([
    api.get<Campaign>(`/v1/campaigns/${campaignId}`),
    api.get<Wallet>('/v1/wallet'),
    api.get<Audit>('/v1/wallet/audit'),
  ])
  const messages: Message[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor && `&cursor=${encodeURIComponent(cursor)}`
    const page: Page<Message> = await api.get(`/v1/campaigns/${campaignId}/messages?limit=${PAGE}${after}`)
    messages.push(...page.data)
    cursor = page.next_cursor
  }
  return { toppedUp: TOP_UP, quoted: quote.total, campaign, wallet, audit, messages }
}

function failed(code: string, message: string): CommandFailure {
  return new CommandFailure(code, message, { exitCode: FAILED })
}
