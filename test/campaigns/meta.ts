import { addSender, openInbox } from '../../src/delivery/index.ts'
import { unwrap } from '../../src/platform/result.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { platformTemplatesOf, submitTemplate } from '../../src/templates/index.ts'
import { type Clinic, makeTemplate } from './clinic.ts'
import { fold } from './post.ts'

/** A business account on the real platform, as far as a test plays it: what it says of templates comes as webhooks. */
export const ACCOUNT = '102290129340398'

const box = openSecretBox('a key that only tests have, of no value to anyone')

let numbers = 0

/** A sender of the real platform's kind; nothing is ever called. */
export async function makeCloudSender(clinic: Clinic, accountId = ACCOUNT): Promise<string> {
  const config = {
    phone_number_id: String(106_540_352_242_922 + ++numbers),
    business_account_id: accountId,
    access_token: 'EAAB-for-tests',
    app_secret: 'a secret for tests',
    verify_token: 'verify',
    messages_per_second: 10_000,
  }
  const request = { provider: 'whatsapp_cloud', name: 'Front desk', config }
  return unwrap(await clinic.as('dewi', (scope) => addSender(scope, box, request))).id
}

/** A template that was submitted and, unless `status` says otherwise, approved. */
export async function makeSubmitted(
  clinic: Clinic,
  senderId: string,
  event: string | null = 'APPROVED',
): Promise<string> {
  const templateId = await makeTemplate(clinic, { samples: { name: 'Siti' } })
  const request = { accountId: ACCOUNT, senderId }
  unwrap(await clinic.as('budi', (scope) => submitTemplate(scope, templateId, request)))
  if (event !== null) await meta(clinic, senderId, [await statusNews(clinic, templateId, event)])
  return templateId
}

export type Change = { field: string; value: Record<string, unknown>; at?: Date }

/** The name by which the account knows a template. */
export async function nameThere(clinic: Clinic, templateId: string): Promise<string> {
  const [row] = await clinic.within((scope) => platformTemplatesOf(scope, [templateId]))
  return row!.name
}

export async function statusNews(
  clinic: Clinic,
  templateId: string,
  event: string,
  more: Record<string, unknown> = {},
): Promise<Change> {
  const value = {
    event,
    message_template_id: 1_689_556_908_129_832,
    message_template_name: await nameThere(clinic, templateId),
    message_template_language: 'en',
    reason: 'NONE',
    ...more,
  }
  return { field: 'message_template_status_update', value }
}

export async function categoryNews(clinic: Clinic, templateId: string, category: string): Promise<Change> {
  const value = {
    message_template_id: 1_689_556_908_129_832,
    message_template_name: await nameThere(clinic, templateId),
    message_template_language: 'en',
    previous_category: 'UTILITY',
    new_category: category,
  }
  return { field: 'template_category_update', value }
}

/** The platform posts changes, each in an entry of its own; they are stored and folded. @returns campaigns touched */
export async function meta(clinic: Clinic, senderId: string, changes: readonly Change[]): Promise<string[]> {
  const inbox = openInbox(clinic.database.sql, () => {})
  const entry = changes.map(({ at, ...change }) => ({
    id: ACCOUNT,
    time: Math.floor((at ?? clinic.now()).getTime() / 1000),
    changes: [change],
  }))
  await inbox.store(senderId, Buffer.from(JSON.stringify({ object: 'whatsapp_business_account', entry })))
  return fold(clinic, senderId)
}
