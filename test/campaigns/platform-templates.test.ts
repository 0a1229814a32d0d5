import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCampaign, quoteCampaign, resumeCampaign } from '../../src/campaigns/index.ts'
import { dispatchSlice, findRun } from '../../src/delivery/index.ts'
import { openLog } from '../../src/platform/log.ts'
import { unwrap } from '../../src/platform/result.ts'
import { platformTemplatesOf, submitTemplate } from '../../src/templates/index.ts'
import {
  booksOf,
  type Clinic,
  draft,
  fund,
  launch,
  makeList,
  makeSender,
  makeTemplate,
  openClinic,
  patients,
  quote,
  reasonOf,
  submit,
} from './clinic.ts'
import { type Change, categoryNews, makeCloudSender, makeSubmitted, meta, statusNews } from './meta.ts'
import { close, openPostOffice, send, tend, wamid } from './post.ts'

let clinic: Clinic
let senderId: string
let listId: string

beforeAll(async () => {
  clinic = await openClinic()
  await fund(clinic, '1000000')
  senderId = await makeCloudSender(clinic)
}, 60_000)

/** Other people each time: one number does not write to one person twice within seconds. */
let times = 0
beforeEach(async () => {
  listId = await makeList(clinic, patients(10, 100 * ++times))
})

afterAll(() => clinic?.close())

const stateOf = async (id: string) => unwrap(await clinic.within((scope) => findCampaign(scope, id)))
const platformOf = async (templateId: string) =>
  (await clinic.within((scope) => platformTemplatesOf(scope, [templateId])))[0]!
const later = (seconds: number) => new Date(clinic.now().getTime() + seconds * 1000)
const IN_AN_HOUR = { at: '2026-11-23T10:00:00', timeZone: 'Asia/Jakarta' }

describe('a template of the real platform', () => {
  it('is quoted where nothing is known of the account’s templates: the platform has the last word', async () => {
    const templateId = await makeTemplate(clinic)
    const unfetched = await makeCloudSender(clinic, '777')
    const id = await draft(clinic, { templateId, senderId: unfetched, listId })
    expect((await clinic.as('budi', (scope) => quoteCampaign(scope, id))).ok).toBe(true)
  })

  it('cannot be quoted before it was submitted, once the account’s templates are known', async () => {
    await makeSubmitted(clinic, senderId)
    const templateId = await makeTemplate(clinic)
    const id = await draft(clinic, { templateId, senderId, listId })
    const refused = await clinic.as('budi', (scope) => quoteCampaign(scope, id))
    expect(reasonOf(refused)).toBe('template_not_approved')
  })

  it.each([
    [null, 'submitting'],
    ['PENDING', 'pending'],
    ['REJECTED', 'rejected'],
    ['PAUSED', 'paused'],
    ['DISABLED', 'disabled'],
    ['IN_APPEAL', 'in_appeal'],
    ['ARCHIVED', 'archived'],
    ['LIMIT_EXCEEDED', 'limit_exceeded'],
    ['LOCKED', 'locked'],
    ['PENDING_DELETION', 'pending_deletion'],
    ['DELETED', 'deleted'],
  ])('cannot be quoted while it is %s', async (event, status) => {
    const templateId = await makeSubmitted(clinic, senderId, event)
    expect(await platformOf(templateId)).toMatchObject({ status, sendable: false })
    const id = await draft(clinic, { templateId, senderId, listId })
    expect(reasonOf(await clinic.as('budi', (scope) => quoteCampaign(scope, id)))).toBe(
      'template_not_approved',
    )
  })

  it.each(['APPROVED', 'REINSTATED', 'FLAGGED', 'UNARCHIVED'])('is sent when it is %s', async (event) => {
    const templateId = await makeSubmitted(clinic, senderId, event)
    const id = await launch(clinic, { templateId, senderId, listId })
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })

  it('says why it was rejected, in the platform’s own words', async () => {
    const templateId = await makeSubmitted(clinic, senderId, null)
    const rejection_info = {
      reason: 'Parameters stand next to each other.',
      recommendation: 'Separate them.',
    }
    await meta(clinic, senderId, [
      await statusNews(clinic, templateId, 'REJECTED', { reason: 'INVALID_FORMAT', rejection_info }),
    ])
    expect((await platformOf(templateId)).reason).toBe('Parameters stand next to each other. Separate them.')
  })

  it('cannot be submitted as a campaign when it was paused after the quote', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await draft(clinic, { templateId, senderId, listId })
    const { id: quoteId } = await quote(clinic, id)
    await meta(clinic, senderId, [{ ...(await statusNews(clinic, templateId, 'PAUSED')), at: later(1) }])
    expect(reasonOf(await submit(clinic, id, quoteId))).toBe('template_not_approved')
  })

  it('stops what is scheduled, says why, and lets it go on when it is approved again', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await launch(clinic, { templateId, senderId, listId }, { schedule: IN_AN_HOUR })
    const touched = await meta(clinic, senderId, [
      { ...(await statusNews(clinic, templateId, 'PAUSED')), at: later(1) },
    ])
    expect(touched).toEqual([id])
    await tend(clinic, id)
    const paused = await stateOf(id)
    expect(paused.state).toBe('paused')
    expect(paused.pauseReason).toContain('paused by WhatsApp')
    expect(reasonOf(await clinic.as('budi', (scope) => resumeCampaign(scope, id)))).toBe(
      'template_not_approved',
    )
    await meta(clinic, senderId, [{ ...(await statusNews(clinic, templateId, 'APPROVED')), at: later(2) }])
    expect(unwrap(await clinic.as('budi', (scope) => resumeCampaign(scope, id))).state).toBe('scheduled')
  })

  it('sends nothing more from the moment the news is folded, before anybody has looked', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await launch(clinic, { templateId, senderId, listId })
    await tend(clinic, id)
    expect((await stateOf(id)).state).toBe('sending')
    await meta(clinic, senderId, [{ ...(await statusNews(clinic, templateId, 'DISABLED')), at: later(1) }])
    expect(await send(clinic, id, openPostOffice())).toBe(0)
    expect(await stateOf(id)).toMatchObject({ state: 'paused' })
  })

  it('goes on by itself where the news was taken back before anybody looked', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await launch(clinic, { templateId, senderId, listId })
    await tend(clinic, id)
    await meta(clinic, senderId, [
      { ...(await statusNews(clinic, templateId, 'PAUSED')), at: later(1) },
      { ...(await statusNews(clinic, templateId, 'UNPAUSED')), at: later(2) },
    ])
    expect(await send(clinic, id, openPostOffice())).toBe(10)
  })

  it('ends alike in whatever order and however often its news come', async () => {
    const story = async (templateId: string): Promise<Change[]> => [
      { ...(await statusNews(clinic, templateId, 'PENDING')), at: later(10) },
      { ...(await statusNews(clinic, templateId, 'APPROVED')), at: later(20) },
      { ...(await categoryNews(clinic, templateId, 'MARKETING')), at: later(30) },
      { ...(await statusNews(clinic, templateId, 'PAUSED')), at: later(40) },
      { ...(await statusNews(clinic, templateId, 'APPROVED')), at: later(40) },
    ]
    for (const order of permutations([0, 1, 2, 3, 4]).filter((_, index) => index % 9 === 0)) {
      const templateId = await makeSubmitted(clinic, senderId, null)
      const told = await story(templateId)
      for (const index of [...order, ...order.slice(0, 2)]) await meta(clinic, senderId, [told[index]!])
      const { status, category } = await platformOf(templateId)
      expect({ status, category }, order.join()).toEqual({ status: 'paused', category: 'marketing' })
    }
  })

  it('is another’s template on another account', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const elsewhere = await makeCloudSender(clinic, '999')
    const theirs = await makeTemplate(clinic, { samples: { name: 'Siti' } })
    const request = { accountId: '999', senderId: elsewhere }
    unwrap(await clinic.as('budi', (scope) => submitTemplate(scope, theirs, request)))
    const id = await draft(clinic, { templateId, senderId: elsewhere, listId })
    expect(reasonOf(await clinic.as('budi', (scope) => quoteCampaign(scope, id)))).toBe(
      'template_not_approved',
    )
  })
})

describe('a template on the stand-in', () => {
  it('is sent at once, unless the sender is told that templates are reviewed', async () => {
    const templateId = await makeTemplate(clinic)
    const free = await makeSender(clinic)
    await launch(clinic, { templateId, senderId: free, listId })
    const strict = await makeSender(clinic, { template_review: true })
    const id = await draft(clinic, { templateId, senderId: strict, listId })
    expect(reasonOf(await clinic.as('budi', (scope) => quoteCampaign(scope, id)))).toBe(
      'template_not_approved',
    )
  })
})

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]]
  return items.flatMap((item, index) =>
    permutations([...items.slice(0, index), ...items.slice(index + 1)]).map((rest) => [item, ...rest]),
  )
}

describe('a template’s time to live', () => {
  it('is as long as its money is held: what is never heard of comes back then, and no later', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const before = await booksOf(clinic)
    const id = await launch(clinic, { templateId, senderId, listId })
    await send(clinic, id, openPostOffice())
    clinic.later(HALF_A_DAY_MS - 1_000)
    await close(clinic, id)
    expect((await stateOf(id)).state).toBe('completing')
    clinic.later(2_000)
    await close(clinic, id)
    expect((await stateOf(id)).state).toBe('settled')
    expect(await booksOf(clinic)).toEqual(before)
  })
})

const HALF_A_DAY_MS = 12 * 60 * 60 * 1000

describe('what the platform answers of a message', () => {
  const answering = (messageStatus: 'held_for_quality_assessment' | 'paused') =>
    openPostOffice(async ({ attemptRef }) => ({
      outcome: 'accepted',
      providerMessageId: wamid(attemptRef),
      messageStatus,
    }))

  it('goes on where messages are held for a look at their quality', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await launch(clinic, { templateId, senderId, listId })
    expect(await send(clinic, id, answering('held_for_quality_assessment'))).toBe(10)
  })

  it('is told to whoever sends where the template is paused', async () => {
    const templateId = await makeSubmitted(clinic, senderId)
    const id = await launch(clinic, { templateId, senderId, listId })
    await tend(clinic, id)
    const run = await clinic.within((scope) => findRun(scope, id))
    const house = {
      database: clinic.database,
      log: openLog('silent'),
      worker: 'wati',
      signal: new AbortController().signal,
      within: <T>(_: string, work: Parameters<typeof clinic.within<T>>[0]) => clinic.within(work),
    }
    const sent = await dispatchSlice(house, run!, answering('paused'))
    expect(sent).toMatchObject({ kind: 'sent', obstacle: { action: 'campaign', code: '132015' } })
  })
})
