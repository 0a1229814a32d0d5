import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInbox, PROVIDERS, tellPlatform } from '../../src/delivery/index.ts'
import type { TemplateLine } from '../../src/delivery/provider.ts'
import { simulatedAccountId } from '../../src/delivery/providers/simulator/token.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Simulator, startSimulator } from '../../src/simulator/index.ts'
import {
  fetchState,
  platformTemplatesOf,
  requestFetch,
  submitTemplate,
  templatesOfAccount,
  withdrawTemplate,
} from '../../src/templates/index.ts'
import { openReceiver, type Receiver } from '../providers/receiver.ts'
import { type Clinic, makeSender, makeTemplate, openClinic } from './clinic.ts'
import { fold } from './post.ts'

let clinic: Clinic
let standIn: Simulator
let receiver: Receiver
let senderId: string
let accountId: string
let folder: string

beforeAll(async () => {
  clinic = await openClinic()
  folder = mkdtempSync(join(tmpdir(), 'shelf-'))
  standIn = await startSimulator({ templatesFile: join(folder, 'templates.json') })
  senderId = await makeSender(clinic, { template_review: true })
  accountId = simulatedAccountId(senderId)
  receiver = await openReceiver(`/webhooks/whatsapp/${senderId}`)
}, 60_000)

afterAll(async () => {
  await standIn?.close()
  await receiver?.close()
  await clinic?.close()
  rmSync(folder, { recursive: true, force: true })
})

const line = (config: object = { template_review: true }, simulatorUrl = standIn.url): TemplateLine =>
  PROVIDERS.simulator.openTemplates!(config, { simulatorUrl, webhookUrl: receiver.url, appSecret: 'secret' })
const speak = (through = line()) =>
  tellPlatform(clinic.within, { senderId, accountId, line: through }, new AbortController().signal)
const submitted = async (name: string, more: object = {}) => {
  const templateId = await makeTemplate(clinic, { name, samples: { name: 'Siti' } })
  unwrap(
    await clinic.as('budi', (scope) => submitTemplate(scope, templateId, { accountId, senderId, ...more })),
  )
  return templateId
}
const platformOf = async (templateId: string) =>
  (await clinic.within((scope) => platformTemplatesOf(scope, [templateId])))[0]!

/** The stand-in is told what to do to a template; its webhook is stored and folded. */
async function order(name: string, what: object): Promise<void> {
  const before = receiver.posts.length
  const body = JSON.stringify({ business_account_id: accountId, name, language: 'en', ...what })
  const answered = await fetch(`${standIn.url}/orders/templates`, { method: 'POST', body })
  expect(answered.status, await answered.text()).toBe(200)
  await receiver.until((posts) => posts.length > before)
  const inbox = openInbox(clinic.database.sql, () => {})
  for (const { rawBody } of receiver.posts.slice(before)) await inbox.store(senderId, rawBody)
  await fold(clinic, senderId)
}

describe.each(['named', 'positional'] as const)('a %s template on the stand-in', (parameterFormat) => {
  const name = `due ${parameterFormat}`
  const there = `due_${parameterFormat}`
  let templateId: string

  it('is submitted and waits for review', async () => {
    templateId = await submitted(name, { parameterFormat })
    await speak()
    expect(await platformOf(templateId)).toMatchObject({
      name: there,
      status: 'pending',
      wish: null,
      platformId: expect.stringMatching(/^\d+$/),
    })
  })

  it('is rejected with a reason, then approved, then put into another category', async () => {
    clinic.at(new Date())
    await order(there, { event: 'REJECTED', reason: 'INVALID_FORMAT' })
    expect(await platformOf(templateId)).toMatchObject({ status: 'rejected', reason: 'INVALID_FORMAT' })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    await order(there, { event: 'APPROVED' })
    expect(await platformOf(templateId)).toMatchObject({ status: 'approved', reason: null })
    await order(there, { category: 'MARKETING' })
    expect(await platformOf(templateId)).toMatchObject({ category: 'marketing', sendable: true })
    await order(there, { quality: 'RED' })
    expect(await platformOf(templateId)).toMatchObject({ quality: 'red' })
  })

  it('is deleted, and gone from the account', async () => {
    unwrap(await clinic.as('budi', (scope) => withdrawTemplate(scope, templateId, { accountId, senderId })))
    await speak()
    expect(await platformOf(templateId)).toMatchObject({ status: 'deleted', wish: null, sendable: false })
    expect(await line().list(there)).toMatchObject({ outcome: 'done', value: [] })
  })
})

describe('the platform', () => {
  it('that cannot be reached is tried again later, and the template is submitted once', async () => {
    const templateId = await submitted('unreached')
    await speak(line({}, 'http://127.0.0.1:9'))
    expect(await platformOf(templateId)).toMatchObject({ status: 'submitting', wish: 'submit' })
    await speak()
    expect((await platformOf(templateId)).wish).toBe('submit')
    clinic.later(60_000)
    await speak()
    expect(await platformOf(templateId)).toMatchObject({ status: 'pending', wish: null })
  })

  it('that had it already, though its answer was lost, is believed', async () => {
    const templateId = await submitted('lost answer')
    const real = line()
    await speak({
      ...real,
      create: async (template) => {
        await real.create(template)
        return { outcome: 'unknown', code: 'UND_ERR_HEADERS_TIMEOUT', message: 'No answer.' }
      },
    })
    clinic.later(60_000)
    await speak(real)
    expect(await platformOf(templateId)).toMatchObject({ status: 'pending', wish: null })
  })

  it('that has another’s template of that name refuses ours, and says what to do', async () => {
    const templateId = await submitted('taken')
    await line().create({
      name: 'taken',
      languageCode: 'en',
      category: 'utility',
      form: { language: 'en', header: undefined, footer: undefined, buttons: [], body: STRANGE },
      samples: { header: [], body: [], buttons: [] },
      parameterFormat: 'named',
      ttlSeconds: null,
    })
    await speak()
    const row = await platformOf(templateId)
    expect(row).toMatchObject({ status: 'not_taken', wish: null })
    expect(row.reason).toContain('another name')
  })
})

const STRANGE = { text: 'Something else entirely.', parameters: [], segments: ['Something else entirely.'] }

describe('fetching an account', () => {
  it('takes in every template with its state, recognises ours by their words, and knows what is gone', async () => {
    const ours = await makeTemplate(clinic, { name: 'made by hand', samples: { name: 'Siti' } })
    const { openTemplate, findTemplate, parametersFor } = await import('../../src/templates/index.ts')
    const saved = unwrap(await clinic.within((scope) => findTemplate(scope, ours)))
    const { form } = openTemplate(saved.words)
    const approving = line({ template_review: false })
    await approving.create({
      name: 'made_by_hand',
      languageCode: 'en',
      category: 'utility',
      form,
      samples: unwrap(parametersFor(form, { name: 'Siti' })),
      parameterFormat: 'positional',
      ttlSeconds: null,
    })
    for (let n = 0; n < 120; n++)
      await approving.create({
        name: `bulk_${n}`,
        languageCode: 'en',
        category: 'marketing',
        form: { ...form, body: STRANGE },
        samples: { header: [], body: [], buttons: [] },
        parameterFormat: 'named',
        ttlSeconds: null,
      })
    unwrap(await clinic.as('budi', (scope) => requestFetch(scope, { accountId, senderId })))
    expect((await clinic.within((scope) => fetchState(scope, accountId))).state).toBe('asked')
    await speak()
    expect(await clinic.within((scope) => fetchState(scope, accountId))).toMatchObject({
      state: 'done',
      found: 124,
      problem: null,
    })
    expect(await platformOf(ours)).toMatchObject({ status: 'approved', parameterFormat: 'positional' })
    const all = await clinic.within((scope) => templatesOfAccount(scope, accountId, { limit: 1_000 }))
    expect(all.filter((one) => one.status !== 'deleted')).toHaveLength(124)

    await line().remove({ name: 'made_by_hand', platformId: null })
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    clinic.later(7 * 60 * 60 * 1_000)
    await speak()
    expect(await platformOf(ours)).toMatchObject({ status: 'deleted', sendable: false })
  })

  it('is kept by the stand-in over a restart', async () => {
    await standIn.close()
    standIn = await startSimulator({ templatesFile: join(folder, 'templates.json') })
    const listed = await line().list('bulk_7')
    expect(listed).toMatchObject({ outcome: 'done', value: [{ name: 'bulk_7', status: 'approved' }] })
  })

  it('says why it fails', async () => {
    unwrap(await clinic.as('budi', (scope) => requestFetch(scope, { accountId, senderId })))
    await speak({
      ...line(),
      list: async () => ({ outcome: 'unknown', code: '190', message: 'Renew the token.' }),
    })
    expect(await clinic.within((scope) => fetchState(scope, accountId))).toMatchObject({
      state: 'failing',
      problem: 'Renew the token.',
    })
  })
})
