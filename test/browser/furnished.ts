import { launch, makeSender, makeTemplate, topUp } from '../support/campaign.ts'
import { type Firm, openFirm } from '../support/cast.ts'
import { makeList, patients } from '../support/contacts.ts'
import { follow } from '../support/follow.ts'
import { upload, workbook } from '../support/sheet.ts'
import type { Stack } from '../support/stack.ts'
import { clinicSheet } from './cast.ts'

/** Every page of a clinic that is at work, and of one that is new, by a name that serves as a file's. */
export type Furnished = {
  readonly firm: Firm
  readonly fresh: Firm
  readonly pages: readonly [name: string, path: string, who: 'owner' | 'approver' | 'newcomer' | 'stranger'][]
}

/** A clinic with one campaign settled, one waiting for approval, one priced and one paused, and one sheet with faults. */
export async function furnish(stack: Stack): Promise<Furnished> {
  const firm = await openFirm(stack, 'Klinik Sehat', 'IDR')
  const fresh = await openFirm(stack, 'Toko Maju', 'IDR')
  await topUp(firm, '60000.00', 'BCA 2026-11-20')
  const list_id = await makeList(stack, firm, patients(40))
  const sender_id = await makeSender(firm, { delivered: 0.85, failed: 0.1, lifetime_seconds: 2 })
  const template_id = await makeTemplate(firm.budi)
  const parts = { list_id, sender_id, template_id }
  const settled = await launch(firm.budi, parts, { name: 'November reminders' })
  await follow(stack, firm.joko, settled.id)
  const later = {
    at: `${inTwentyDays(stack)}T09:00:00`,
    time_zone: 'Asia/Jakarta',
    window: { from: '08:00', to: '17:00' },
  }
  const paused = await launch(firm.budi, parts, { name: 'Final notice, December', schedule: later })
  await firm.budi.post(`/v1/campaigns/${paused.id}/pause`, {})
  await firm.ratna.ask('PUT', '/v1/approval-policy', { max_recipients: 20, max_share_of_available: 0.5 })
  await firm.dewi.ask('PUT', '/v1/approval-policy', {
    max_recipients: 20,
    max_share_of_available: 0.5,
    categories: ['marketing'],
    first_of_maker: true,
    quorum: 3,
    expires_after_hours: 48,
  })
  const waiting = await launch(firm.budi, parts, { name: 'December reminders', schedule: later })
  const checked = { decision: 'approve', reason: 'The amounts are those of the ledger.' }
  await firm.dewi.post(`/v1/campaigns/${waiting.id}/approval`, checked)
  const draft = (await firm.budi.post('/v1/campaigns', { ...campaignOf(parts), name: 'January reminders' }))
    .body
  await firm.budi.post(`/v1/campaigns/${draft.id}/quote`)
  const { buffer } = await clinicSheet()
  const read = await upload(firm.budi, new Blob([new Uint8Array(buffer)]), { list: 'December patients' })
  const unnamed = await upload(
    firm.budi,
    workbook([
      ['aa', 'bb'],
      ['Pasien', 'x1'],
      ['Pasien', 'x2'],
    ]),
  )
  const picture = await furnishPicture(firm)
  const cloud = await connectCloud(firm)
  const recurring = await furnishRecurring(firm, parts)
  const { ladder, invoice } = await furnishReminders(stack, firm, sender_id)
  return {
    firm,
    fresh,
    pages: [
      ['sign-in', '/sign-in', 'stranger'],
      ['first-steps', '/', 'newcomer'],
      ['empty-campaigns', '/campaigns', 'newcomer'],
      ['empty-contacts', '/contacts', 'newcomer'],
      ['empty-templates', '/templates', 'newcomer'],
      ['empty-wallet', '/wallet', 'newcomer'],
      ['empty-reminders', '/reminders', 'newcomer'],
      ['empty-invoices', '/reminders/invoices', 'newcomer'],
      ['empty-approvals', '/approvals', 'newcomer'],
      ['empty-new-campaign', '/campaigns/new', 'newcomer'],
      ['today', '/', 'owner'],
      ['campaigns', '/campaigns', 'owner'],
      ['campaign-new', '/campaigns/new', 'owner'],
      ['recurring', '/campaigns/recurring', 'owner'],
      ['recurring-one', `/campaigns/recurring/${recurring}`, 'approver'],
      ['recurring-new', '/campaigns/recurring/new', 'owner'],
      ['campaign-edit', `/campaigns/${draft.id}/edit`, 'owner'],
      ['campaign-messages', `/campaigns/${draft.id}/messages`, 'owner'],
      ['campaign-schedule', `/campaigns/${draft.id}/schedule`, 'owner'],
      ['campaign-what-if', `/campaigns/${draft.id}/what-if?category=marketing`, 'owner'],
      ['campaign-priced', `/campaigns/${draft.id}`, 'owner'],
      ['campaign-settled', `/campaigns/${settled.id}`, 'owner'],
      ['campaign-paused', `/campaigns/${paused.id}`, 'owner'],
      ['campaign-recipients', `/campaigns/${settled.id}/recipients`, 'owner'],
      ['campaign-cancel', `/campaigns/${paused.id}/cancel`, 'owner'],
      ['reminders', '/reminders', 'owner'],
      ['invoices', '/reminders/invoices', 'owner'],
      ['ladders', '/reminders/ladders', 'owner'],
      ['members', '/settings/members', 'owner'],
      ['invoice', `/reminders/invoices/${invoice}`, 'owner'],
      ['invoice-new', '/reminders/invoices/new', 'owner'],
      ['ladder', `/reminders/ladders/${ladder}`, 'owner'],
      ['ladder-approval', `/reminders/ladders/${ladder}`, 'approver'],
      ['ladder-new', '/reminders/ladders/new', 'owner'],
      ['ladder-terms', `/reminders/ladders/${ladder}/edit`, 'owner'],
      ['ladder-step', `/reminders/ladders/${ladder}/step?key=overdue`, 'owner'],
      ['ladder-step-new', `/reminders/ladders/${ladder}/step`, 'owner'],
      ['approvals', '/approvals', 'approver'],
      ['approval', `/approvals/${waiting.id}`, 'approver'],
      ['contacts', '/contacts', 'owner'],
      ['people', '/contacts/people', 'owner'],
      ['contact-lists', '/contacts/lists', 'owner'],
      ['import-done', `/contacts/imports/${read.id}`, 'owner'],
      ['import-mapping', `/contacts/imports/${unnamed.id}`, 'owner'],
      ['templates', '/templates', 'owner'],
      ['template', `/templates/${template_id}`, 'owner'],
      ['template-files', '/templates/files', 'owner'],
      ['template-picture', `/templates/${picture.template}`, 'owner'],
      ['template-starters', '/templates/starters', 'owner'],
      ['template-new', '/templates/new', 'owner'],
      ['wallet', '/wallet', 'owner'],
      ['books', '/wallet/books', 'owner'],
      ['settings', '/settings', 'owner'],
      ['quiet-hours', '/settings/quiet-hours', 'owner'],
      ['empty-senders', '/settings/senders', 'newcomer'],
      ['workspace', '/settings/workspace', 'owner'],
      ['keys', '/settings/keys', 'owner'],
      ['rate-cards', '/settings/rate-cards', 'owner'],
      ['rate-card', '/settings/rate-cards/common-whatsapp-USD-2026-10-01?market=in', 'owner'],
      ['senders', '/settings/senders', 'owner'],
      ['sender', `/settings/senders/${sender_id}`, 'owner'],
      ['sender-cloud', `/settings/senders/${cloud}`, 'owner'],
      ['sender-new', '/settings/senders/new', 'owner'],
      ['sender-new-cloud', '/settings/senders/new?kind=whatsapp_cloud', 'owner'],
      ['sender-new-gateway', '/settings/senders/new?kind=http_gateway', 'owner'],
      ['sender-edit', `/settings/senders/${cloud}/edit`, 'owner'],
      ['policy', '/settings/policy', 'owner'],
      ['audit-trail', '/settings/audit?chain=1', 'owner'],
      ['suppressions', '/contacts/suppressions', 'owner'],
      ['not-found', '/campaigns/nonsense', 'owner'],
    ],
  }
}

/** A template with a picture above it, in review at a sender whose platform reviews templates. */
async function furnishPicture(firm: Firm): Promise<{ template: string }> {
  const form = new FormData()
  form.append('file', new Blob([PICTURE]), 'Clinic.png')
  const { id: media_id } = (await firm.budi.post('/v1/media', form)).body
  const template = await makeTemplate(firm.budi, {
    name: 'Open house',
    language: 'en',
    category: 'marketing',
    header: { type: 'image', media_id },
    body: 'Hi {{name}}, our clinic opens its doors on Saturday. Come and see us!',
    footer: 'Klinik Sehat',
    buttons: [{ type: 'url', text: 'Find the way', url: 'https://klinik.example.com/map' }],
    samples: { name: 'Siti' },
  })
  const sender_id = await makeSender(firm, { template_review: true })
  await firm.budi.post(`/v1/templates/${template}/submit`, { sender_id })
  await makeSender(firm, { template_review: true })
  return { template }
}

const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** A number on WhatsApp that nothing answers for, stopped by hand, with secrets of which two are valid. */
async function connectCloud(firm: Firm): Promise<string> {
  const made = await firm.ratna.post('/v1/senders', {
    provider: 'whatsapp_cloud',
    name: 'Front desk, Jakarta',
    config: {
      phone_number_id: '106540352242922',
      business_account_id: '102290129340398',
      access_token: 'EAAG0123456789',
      app_secret: '0123456789abcdef0123456789abcdef',
      verify_token: 'green house',
      api_base_url: 'http://127.0.0.1:9',
    },
  })
  const { id } = made.body
  await firm.ratna.ask('PATCH', `/v1/senders/${id}`, { config: { app_secret: 'f'.repeat(32) } })
  await firm.ratna.post(`/v1/senders/${id}/pause`, { reason: 'The number is being moved.' })
  return id
}

/** A campaign that comes again each Monday, not yet approved. */
async function furnishRecurring(
  firm: Firm,
  parts: { list_id: string; sender_id: string; template_id: string },
): Promise<string> {
  const made = await firm.budi.post('/v1/recurring-campaigns', {
    ...parts,
    name: 'Monday reminders',
    rule: { rrule: 'FREQ=WEEKLY;BYDAY=MO' },
    starts_at: '2026-12-07T09:00:00',
    time_zone: 'Asia/Jakarta',
  })
  await firm.budi.ask('PUT', `/v1/recurring-campaigns/${made.body.id}/state`, { state: 'active' })
  return made.body.id
}

/** Invoices of all ages, one paid in part, and a ladder that is going. */
async function furnishReminders(stack: Stack, firm: Firm, sender_id: string) {
  const made = await firm.budi.post('/v1/sequences/starter', {
    name: 'Treatment invoices',
    sender_id,
    language: 'en',
    industry: 'health',
    discount: '5%',
    late_fee: '25000',
  })
  const ladder: string = made.body.id
  const cap = { amount: '50000.00', currency: 'IDR' }
  await firm.sari.post(`/v1/sequences/${ladder}/standing-approval`, {
    caps: { run: cap, day: cap, month: cap },
  })
  await firm.budi.ask('PUT', `/v1/sequences/${ladder}/state`, { state: 'active' })
  const ids: string[] = []
  for (const [n, days] of [3, 5, 5, 9, 0, -4, -40, -75, -120].entries()) {
    const entered = await firm.budi.post('/v1/invoices', {
      number: `INV-2026-${1001 + n}`,
      contact: {
        phone: `+6281298765${String(100 + n)}`,
        name: ['Siti Rahma', 'Budi Santoso', 'Dewi Lestari'][n % 3],
      },
      amount: { amount: String(350_000 + n * 125_500), currency: 'IDR' },
      due_date: inDays(stack, days),
      tags: n % 2 ? ['school'] : [],
    })
    ids.push(entered.body.id)
  }
  await firm.budi.post(`/v1/invoices/${ids[0]}/payments`, {
    amount: { amount: '100000', currency: 'IDR' },
    reference: 'BCA 4711',
  })
  await firm.budi.ask('PUT', `/v1/invoices/${ids[3]}/promise`, { until: inDays(stack, 12) })
  await firm.budi.ask('PUT', `/v1/invoices/${ids[6]}/dispute`, { reason: 'was ill' })
  return { ladder, invoice: ids[0]! }
}

function inDays({ house }: Stack, days: number): string {
  return new Date(house.clock.now().getTime() + days * 86_400_000).toISOString().slice(0, 10)
}

/** The keys of those who look, by what they are to the pages. */
export function keyOf({ firm, fresh }: Furnished, who: 'owner' | 'approver' | 'newcomer'): string {
  return who === 'newcomer' ? fresh.ratna.key : who === 'owner' ? firm.ratna.key : firm.sari.key
}

function inTwentyDays(stack: Stack): string {
  return inDays(stack, 20)
}

function campaignOf({ list_id, ...rest }: { list_id: string; sender_id: string; template_id: string }) {
  return { ...rest, audience: { list_id }, schedule: { now: true } }
}
