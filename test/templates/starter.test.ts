import { describe, expect, it } from 'vitest'
import {
  previewTemplate,
  REMINDER_KINDS,
  STARTER_INDUSTRIES,
  STARTER_LANGUAGES,
  starterTemplate,
  starterTemplates,
} from '../../src/templates/index.ts'

const library = starterTemplates()
const outline = (language: string) =>
  library
    .filter((starter) => starter.language === language)
    .map(({ key, kind, industry, category, checked }) => ({
      key,
      kind,
      industry,
      category,
      variables: [...checked.template.requiredVariables, ...checked.template.optionalVariables].sort(),
    }))

describe('the starter library', () => {
  it('holds the same templates in every language, for the same columns', () => {
    expect(outline('en').length).toBeGreaterThanOrEqual(20)
    for (const language of STARTER_LANGUAGES) expect(outline(language)).toEqual(outline('en'))
  })

  it('has all six reminders for any business, and something for every industry', () => {
    const general = library.filter(({ industry }) => industry === 'general').map(({ kind }) => kind)
    expect(general).toEqual(expect.arrayContaining([...REMINDER_KINDS, 'announcement', 'payment_received']))
    expect(new Set(library.map(({ industry }) => industry))).toEqual(new Set(STARTER_INDUSTRIES))
  })

  it.each(library.map((starter) => [starter.language, starter.key, starter] as const))(
    '%s/%s is complete, without warnings, and reads well with its samples',
    (_language, _key, { checked }) => {
      expect(checked.warnings).toEqual([])
      const needed = [...checked.template.requiredVariables, ...checked.template.optionalVariables]
      expect(Object.keys(checked.samples).sort()).toEqual([...needed].sort())
      const shown = previewTemplate(checked.words, checked.samples)
      if (!shown.ok) return expect(shown.message).toBe('')
      expect(shown.value.body).not.toMatch(/[{}]| {2}|\s[.,]|undefined/)
      const required = Object.fromEntries(
        checked.template.requiredVariables.map((name) => [name, checked.samples[name]]),
      )
      expect(previewTemplate(checked.words, required).ok).toBe(true)
    },
  )

  it('asks of the four commonest reminders no column but those of an ordinary sheet', () => {
    for (const key of ['friendly', 'due_date', 'overdue', 'follow_up']) {
      expect(starterTemplate(key, 'id')?.checked.template.requiredVariables.toSorted()).toEqual([
        'amount',
        'due_date',
        'invoice',
        'name',
      ])
    }
  })

  it('promotes nothing as utility', () => {
    const promotion = /\b(offer|discount|sale|penawaran|potongan|promo|diskon|oferta|descuento)\b|%/i
    for (const { category, input } of library) {
      if (category === 'utility') expect(input.body).not.toMatch(promotion)
    }
    expect(library.filter(({ kind }) => kind === 'early_payment').map(({ category }) => category)).toEqual([
      'marketing',
      'marketing',
      'marketing',
    ])
  })

  it('tells every reader of a reminder what to do who has paid, and every reader of marketing how to stop it', () => {
    const ignore = {
      en: 'please ignore this message',
      id: 'mohon abaikan pesan ini',
      es: 'por favor ignore este mensaje',
    }
    const stop = { en: 'STOP', id: 'BERHENTI', es: 'BAJA' }
    for (const { kind, category, language, input } of library) {
      if (kind !== 'announcement' && kind !== 'payment_received')
        expect(input.body).toContain(ignore[language])
      if (category === 'marketing') expect(input.footer).toContain(stop[language])
    }
  })

  it('speaks the currency that is asked for', () => {
    const starter = starterTemplates({ currency: 'IDR' }).find(
      ({ key, language }) => key === 'overdue' && language === 'en',
    )
    expect(starter?.input.body).toContain('{{money amount "IDR"}}')
    expect(
      previewTemplate(starter!.checked.words, { ...starter!.checked.samples, amount: '1500000' }),
    ).toMatchObject({
      value: { body: expect.stringContaining('IDR 1,500,000') },
    })
  })
})
