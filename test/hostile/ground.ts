import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { House } from '../../src/house.ts'
import { systemClock } from '../../src/platform/clock.ts'
import { openDatabase } from '../../src/platform/db.ts'
import { migrate, programUrlOf } from '../../src/platform/migrate.ts'
import { startChild } from '../crash/child.ts'
import { expectStatus } from '../support/campaign.ts'
import { openKlinikSehat, type Person } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { freshDatabase } from '../support/database.ts'
import type { Stack } from '../support/stack.ts'
import type { Known } from './shape.ts'

export type Figures = {
  readonly rssBytes: number
  readonly heldBytes: number
  /** By the clock, and by the server’s own work alone. */
  readonly loopMs: number
  readonly ownMs: number
}

/** A server process on a database of its own, and a workspace in it with one of everything. */
export type Ground = {
  readonly url: string
  /** The owner's API key, and the cookie of a session that it opened. */
  readonly key: string
  readonly cookie: string
  /** Ids by the word that stands before them in an address: `/v1/campaigns/{id}`. More come as they are made. */
  readonly ids: Readonly<Record<string, string[]>>
  /** What stands at the names of inputs. */
  readonly known: Known
  readonly secrets: typeof SECRETS
  /** What the process holds now, and how long its loop was kept waiting since this was asked last. */
  figures(what: 'loop' | 'all'): Promise<Figures>
  /** What the server wrote of a request that it failed at. */
  failureOf(requestId: string): string
  close(): Promise<void>
}

export const SECRETS = {
  whatsapp: 'app-secret-that-only-this-test-knows',
  twilio: 'twilio-token-that-only-this-test-knows',
  midtrans: 'SB-Mid-server-abcdef',
  xendit: 'callback-token-abcdef',
  razorpay: 'razorpay-webhook-secret',
  stripe: 'whsec_stripe-endpoint-secret',
}
const SENDERS = {
  whatsapp: {
    provider: 'whatsapp_cloud',
    config: {
      phone_number_id: '106540352242922',
      business_account_id: '102290129340398',
      access_token: 'EAAtoken',
      app_secret: SECRETS.whatsapp,
      verify_token: 'open sesame',
    },
  },
  twilio: {
    provider: 'twilio',
    config: {
      account_sid: `AC${'0'.repeat(32)}`,
      auth_token: SECRETS.twilio,
      from: '+15005550006',
    },
  },
  gateway: {
    provider: 'http_gateway',
    config: {
      url: 'https://sms.example.com/send',
      callback: {
        format: 'json',
        status: '/status',
        statuses: { ok: 'delivered' },
        signature: { scheme: 'none' },
      },
    },
  },
}
const GATEWAYS = {
  midtrans: { server_key: SECRETS.midtrans },
  xendit: { callback_token: SECRETS.xendit },
  razorpay: { webhook_secret: SECRETS.razorpay },
  stripe: { webhook_secret: SECRETS.stripe },
}

/** Starts the server process and makes one of everything in it. */
export async function openGround(): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'duecast-siege-'))
  const { ownerUrl, drop } = await freshDatabase()
  const logFile = join(folder, 'server.log')
  // The server would do so itself, but is waited for only a minute, which a busy machine may need for this alone.
  await migrate(ownerUrl)
  const env = {
    PORT: '0',
    DATABASE_URL: ownerUrl,
    DATA_DIR: folder,
    LOG_LEVEL: 'error',
    SECRET_KEY: 'a key that only this test has, of no value to anyone',
    RATE_LIMIT_PER_MINUTE: '0',
  }
  const child = startChild('../hostile/victim.ts', [], env, logFile)
  const url = String((await child.line()).url)
  const database = openDatabase(programUrlOf(ownerUrl), systemClock, { poolSize: 2 })
  const asSystem: House['asSystem'] = (part, workspaceId, work) =>
    database.within(
      { workspaceId, actor: { name: `system:${part}`, role: 'owner' }, requestId: 'siege' },
      work,
    )
  const stack = {
    url,
    simulatorUrl: '',
    house: { ownerUrl, clock: systemClock, asSystem },
  } as unknown as Stack
  const firm = await openKlinikSehat(stack)
  const listId = await makeList(stack, firm, patients(20))
  const { ids, known } = await furnish(firm.ratna, listId)
  return {
    url,
    key: firm.ratna.key,
    cookie: await signIn(url, firm.ratna.key),
    ids,
    known,
    secrets: SECRETS,
    async figures(what) {
      child.tell(what)
      return (await child.line()) as unknown as Figures
    },
    failureOf: (requestId) =>
      readFileSync(logFile, 'utf8')
        .split('\n')
        .findLast((line) => line.includes(requestId)) ?? 'nothing was logged',
    async close() {
      await database.close()
      await child.stop()
      await drop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function furnish(owner: Person, listId: string) {
  const make = async (path: string, body: unknown): Promise<string> =>
    expectStatus(await owner.post(path, body), 201).id as string
  const sender = async (name: keyof typeof SENDERS) => make('/v1/senders', { name, ...SENDERS[name] })
  const gateway = async (provider: keyof typeof GATEWAYS) =>
    make('/v1/payment-gateways', { provider, name: provider, config: GATEWAYS[provider] })
  const templates = await make('/v1/templates', TEMPLATE)
  const senders = await make('/v1/senders', { provider: 'simulator', name: 'Front desk' })
  const contacts = expectStatus(await owner.get('/v1/contacts'), 200).data[0].id as string
  const amount = { amount: '1000000', currency: 'IDR' }
  expectStatus(await owner.post('/v1/wallet/top-ups', { amount, reference: 'transfer-1' }), 201)
  const campaign = {
    name: 'Reminders',
    template_id: templates,
    sender_id: senders,
    audience: { list_id: listId },
    schedule: { now: true },
  }
  const campaigns = await make('/v1/campaigns', campaign)
  const quoted = await make('/v1/campaigns', campaign)
  const quote = expectStatus(await owner.post(`/v1/campaigns/${quoted}/quote`), 200).id as string
  const invoice = (number: string) => ({
    number,
    contact: { id: contacts },
    amount: { amount: '150000', currency: 'IDR' },
    due_date: '2027-03-01',
  })
  const steps = [{ key: 'due', offset: 0, template_id: templates }]
  const endpoint = await make('/v1/notice-endpoints', { kind: 'email', target: 'sari@example.com' })
  await owner.post(`/v1/notice-endpoints/${endpoint}/test`)
  const deliveries = await owner.get(`/v1/notice-endpoints/${endpoint}/deliveries`)
  const recurrence = {
    name: 'Weekly',
    template_id: templates,
    sender_id: senders,
    list_id: listId,
    rule: { cron: '0 9 * * 1' },
    starts_at: '2027-03-01T09:00:00',
    time_zone: 'Asia/Jakarta',
  }
  const ids: Record<string, string[]> = {
    templates: [templates],
    senders: [senders, await sender('whatsapp')],
    campaigns: [campaigns, quoted],
    contacts: [contacts],
    lists: [listId],
    suppressions: [await make('/v1/suppressions', { phone: '+6281234500000' })],
    invoices: [await make('/v1/invoices', invoice('INV-1')), await make('/v1/invoices', invoice('INV-2'))],
    sequences: [await make('/v1/sequences', { name: 'Ladder', sender_id: senders, steps })],
    'recurring-campaigns': [await make('/v1/recurring-campaigns', recurrence)],
    imports: [expectStatus(await owner.post('/v1/imports', sheet()), 202).id],
    invitations: [await make('/v1/invitations', { email: 'guest@example.com', role: 'viewer' })],
    members: [],
    'payment-gateways': [await gateway('xendit')],
    'notice-endpoints': [endpoint],
    'notice-deliveries': [expectStatus(deliveries, 200).data[0].id],
    keys: [await make('/v1/keys', { role: 'viewer', name: 'Spare' })],
    // Nobody deletes these: their webhooks are forged in the name of whoever knows the secret.
    'webhooks/whatsapp': [await sender('whatsapp')],
    'webhooks/twilio': [await sender('twilio')],
    'webhooks/gateway': [await sender('gateway')],
    ...Object.fromEntries(
      await Promise.all(
        (Object.keys(GATEWAYS) as (keyof typeof GATEWAYS)[]).map(
          async (name) => [`webhooks/${name}`, [await gateway(name)]] as const,
        ),
      ),
    ),
  }
  const smsAddress = expectStatus(await owner.get(`/v1/senders/${ids['webhooks/gateway']![0]}`), 200)
  ids['webhooks/key'] = [String(smsAddress.webhook_url).split('/').at(-1)!]
  return { ids, known: knownOf(ids, quote) }
}

const TEMPLATE = {
  name: 'Payment due',
  language: 'en',
  category: 'utility',
  body: 'Hi {{name}}, invoice {{invoice}} of {{amount}} is due {{due_date}}.',
}

function sheet(): FormData {
  const form = new FormData()
  form.append('file', new Blob(['No HP,Nama\n081234567890,Siti\n']), 'people.csv')
  return form
}

function knownOf(ids: Readonly<Record<string, readonly string[]>>, quote: string): Known {
  return {
    template_id: ids.templates![0],
    sender_id: ids.senders![0],
    list_id: ids.lists![0],
    campaign_id: ids.campaigns![0],
    contact_id: ids.contacts![0],
    invoice_id: ids.invoices![0],
    sequence_id: ids.sequences![0],
    quote_id: quote,
    id: ids.contacts![0],
    currency: 'IDR',
    amount: '1.00',
    country: 'ID',
    default_country: 'ID',
    time_zone: 'Asia/Jakarta',
    language: 'en',
    email: 'siti@example.com',
    phone: '+6281234567899',
    url: 'https://sms.example.com/send',
    target: 'https://example.com/hook',
    cron: '0 9 * * 1',
    rrule: 'FREQ=WEEKLY;BYDAY=MO',
    at: '2027-03-01T09:00:00',
    starts_at: '2027-03-01T09:00:00',
    from: '09:00',
    to: '17:00',
    key: 'due',
    header: 'X-Signature',
    server_key: SECRETS.midtrans,
    callback_token: SECRETS.xendit,
    webhook_secret: SECRETS.stripe,
    body: 'Hi {{name}}, thank you.',
    calendar: 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n',
  }
}

async function signIn(url: string, key: string): Promise<string> {
  const response = await fetch(`${url}/sign-in`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'sec-fetch-site': 'same-origin' },
    body: new URLSearchParams({ key }),
  })
  const cookie = response.headers.get('set-cookie')?.split(';')[0]
  if (response.status !== 303 || cookie === undefined) throw new Error(`not signed in: ${response.status}`)
  return cookie
}
