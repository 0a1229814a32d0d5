import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { unwrap } from '../../src/platform/result.ts'
import type { Role, Scope } from '../../src/platform/scope.ts'
import {
  findTemplate,
  listTemplates,
  openTemplate,
  parametersFor,
  previewTemplate,
  saveTemplate,
  starterTemplates,
  templateInput,
} from '../../src/templates/index.ts'
import { listEvents, openWorkspace } from '../../src/workspaces/index.ts'
import { NOON, openScratch, type Scratch } from '../api/scratch.ts'

let scratch: Scratch
beforeAll(async () => {
  scratch = await openScratch()
})
afterAll(() => scratch.close())

const GOOD = {
  name: 'Due reminder',
  language: 'en',
  category: 'utility',
  body: "Hello {{name}}, it's invoice {{invoice}}, due on {{date due_date}}. Thank you!",
}
const input = (change: Record<string, unknown> = {}) => templateInput.parse({ ...GOOD, ...change })

async function openFirm() {
  const { workspaceId } = unwrap(await openWorkspace(scratch.owner, { name: 'Warung Sari', currency: 'IDR' }))
  const within = <T>(work: (scope: Scope) => Promise<T>, role: Role = 'marketer') =>
    scratch.database.within({ workspaceId, actor: { name: `key:${role}`, role }, requestId: 'req-1' }, work)
  return { within }
}

describe('a saved template', () => {
  it('is found again as it was written, ready to be sent', async () => {
    const { within } = await openFirm()
    const saved = unwrap(
      await within((scope) =>
        saveTemplate(
          scope,
          input({
            language: 'en-us',
            header: 'Invoice {{invoice}}',
            footer: 'Warung Sari',
            buttons: [{ type: 'url', text: 'Pay', url: 'https://pay.example/{{pay_link}}' }],
            samples: { Name: "O'Brien", invoice: '1', due_date: '2026-12-01', pay_link: 'x' },
          }),
        ),
      ),
    )
    expect(saved).toMatchObject({
      name: 'Due reminder',
      platformName: 'due_reminder',
      language: 'en_US',
      category: 'utility',
      state: 'approved',
      createdBy: 'key:marketer',
      createdAt: NOON.toISOString(),
      words: {
        header: { type: 'text', text: 'Invoice {{invoice}}' },
        body: GOOD.body,
        footer: 'Warung Sari',
      },
      samples: { name: "O'Brien", invoice: '1' },
      warnings: [],
    })
    const found = unwrap(await within((scope) => findTemplate(scope, saved.id), 'viewer'))
    expect(found).toEqual(saved)
    expect(unwrap(previewTemplate(found.words, found.samples)).header).toBe('Invoice 1')
    // A run keeps the words as JSON, where what is not there is left out.
    const kept = JSON.parse(JSON.stringify(found.words)) as typeof found.words
    expect(parametersFor(openTemplate(kept).form, found.samples)).toMatchObject({ ok: true })
  })

  it('leaves a trace of who saved it, without its words', async () => {
    const { within } = await openFirm()
    const saved = unwrap(await within((scope) => saveTemplate(scope, input())))
    const trail = await within((scope) => listEvents(scope, { limit: 10 }))
    expect(trail.items.find(({ action }) => action === 'template.saved')).toMatchObject({
      actor: 'key:marketer',
      subject: `template:${saved.id}`,
      facts: { platform_name: 'due_reminder', language: 'en', category: 'utility' },
    })
  })

  it('has a platform name of its own in its language, also when two are saved at once', async () => {
    const { within } = await openFirm()
    const save = (change: Record<string, unknown>) =>
      within(async (scope) => unwrap(await saveTemplate(scope, input(change))).platformName)
    const names = await Promise.all([
      save({}),
      save({ name: 'due-reminder' }),
      save({ name: 'Due reminder!' }),
    ])
    expect(names.sort()).toEqual(['due_reminder', 'due_reminder_2', 'due_reminder_3'])
    expect(await save({ language: 'id' })).toBe('due_reminder')
    const long = 'x'.repeat(512)
    expect(await save({ name: long })).toBe(long)
    expect(await save({ name: long })).toBe(`${'x'.repeat(510)}_2`)
  })

  it('is refused with every fault, and nothing is kept of it', async () => {
    const { within } = await openFirm()
    const refused = await within((scope) =>
      saveTemplate(scope, input({ body: '{{#each a}}x{{/each}}', footer: '{{a}}' })),
    )
    expect(refused).toMatchObject({
      ok: false,
      reason: 'validation_failed',
      facts: {
        errors: [
          { path: 'body', code: 'block_not_allowed', line: 1, column: 1 },
          { path: 'footer', code: 'footer_variable' },
        ],
      },
    })
    expect((await within((scope) => listTemplates(scope, { limit: 10 }))).items).toEqual([])
  })

  it.each([
    ['a sample', { samples: { name: 'a\u0000b' } }],
    ['half a sign in a sample', { samples: { name: '\ud800' } }],
    ['the name of a sample', { samples: { 'a\u0000': 'b' } }],
    ['a label', { buttons: [{ type: 'quick_reply', text: 'a\u0000' }] }],
    ['the name', { name: 'a\u0000b' }],
    ['the body', { body: 'a\u0000b' }],
    ['a phone', { buttons: [{ type: 'phone', text: 'Call', phone: '+62 21\u0000123' }] }],
    ['a link', { buttons: [{ type: 'url', text: 'Pay', url: 'https://a.example/\u0000' }] }],
    ['a code', { buttons: [{ type: 'copy_code', code: 'A\u0000' }] }],
  ])('with a sign that no database holds in %s is refused, not failed on', async (_what, change) => {
    const { within } = await openFirm()
    const saved = await within((scope) => saveTemplate(scope, input(change)))
    expect(saved.ok ? 'saved' : saved.reason).toBe('validation_failed')
  })

  it('keeps of a button what its type uses', async () => {
    const { within } = await openFirm()
    const buttons = [{ type: 'quick_reply', text: 'Yes', phone: '\u0000', url: '\ud800' }]
    const saved = unwrap(await within((scope) => saveTemplate(scope, input({ buttons }))))
    expect(saved.words.buttons).toEqual([{ type: 'quick_reply', text: 'Yes' }])
  })

  it('is not for a viewer or an approver to write', async () => {
    const { within } = await openFirm()
    for (const role of ['viewer', 'approver'] as const) {
      const refused = await within((scope) => saveTemplate(scope, input()), role)
      expect(refused).toMatchObject({ ok: false, reason: 'forbidden' })
    }
  })

  it('does not exist for another workspace, nor under what is no id', async () => {
    const [ours, theirs] = [await openFirm(), await openFirm()]
    const saved = unwrap(await ours.within((scope) => saveTemplate(scope, input())))
    for (const id of [saved.id, 'x', '', "' OR 1=1", '00000000-0000-7000-8000-000000000000']) {
      const found = await theirs.within((scope) => findTemplate(scope, id))
      expect(found).toMatchObject({ ok: false, reason: 'not_found' })
    }
    expect((await theirs.within((scope) => listTemplates(scope, { limit: 10 }))).items).toEqual([])
  })
})

describe('the list of templates', () => {
  it('comes in pages, each template once', async () => {
    const { within } = await openFirm()
    const starters = starterTemplates({ currency: 'IDR' }).filter(({ language }) => language === 'id')
    for (const starter of starters) await within((scope) => saveTemplate(scope, starter.input).then(unwrap))
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await within((scope) => listTemplates(scope, { limit: 5, after }))
      seen.push(...page.items.map(({ name }) => name))
      after = page.next
    } while (after !== undefined)
    expect(seen.toSorted()).toEqual(starters.map(({ input: { name } }) => name).toSorted())
  })
})
