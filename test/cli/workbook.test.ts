import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleWorkbook } from '../../src/cli/demo/workbook.ts'
import { readSheet } from '../../src/contacts/index.ts'
import { unpackRows } from '../support/sheet.ts'

const TODAY = new Date('2026-11-22T10:00:00Z')

describe('the sample workbook of the demo', () => {
  let folder: string
  const lines = new Map<string, { code?: string; phone?: string; accepted?: number; rejected?: number }[]>()

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'duecast-sample-'))
    const path = join(folder, 'sample.xlsx')
    writeFileSync(path, sampleWorkbook(TODAY).bytes)
    for await (const { kind, text } of readSheet({
      path,
      options: { default_country: 'ID', locale: 'id' },
    })) {
      lines.set(kind, [
        ...(lines.get(kind) ?? []),
        ...(kind === 'A' ? unpackRows(text) : [JSON.parse(text)].flat()),
      ])
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('has the same rows on every run', () => {
    const [one, two] = [sampleWorkbook(TODAY), sampleWorkbook(TODAY)]
    expect(one.rows).toBe(two.rows)
    expect(one.rows).toBeGreaterThan(450)
    expect(one.bytes.equals(two.bytes)).toBe(true)
  })

  it('is read without help: most rows are taken, some are repeated, a few dozen are refused', () => {
    const [totals] = lines.get('D')!
    expect(totals).toMatchObject({
      accepted: 449,
      duplicates: 9,
      rejected: 37,
      hidden_rows: 3,
      hidden_sheets: 1,
    })
  })

  it('is wrong in the ways that sheets really are', () => {
    const codes = new Set(lines.get('P')!.map(({ code }) => code))
    const usual = [
      'phone_missing',
      'phone_too_short',
      'phone_lost_digits',
      'phone_two_numbers',
      'phone_invalid',
    ]
    expect([...codes]).toEqual(
      expect.arrayContaining([
        ...usual,
        'cell_error',
        'date_impossible',
        'date_invalid',
        'amount_invalid',
        'duplicate_in_sheet',
      ]),
    )
  })

  it('has customers in several countries', () => {
    const countries = new Set(lines.get('A')!.map(({ phone }) => phone!.slice(0, 3)))
    expect([...countries]).toEqual(expect.arrayContaining(['+62', '+65', '+60', '+61', '+44', '+14']))
  })
})
