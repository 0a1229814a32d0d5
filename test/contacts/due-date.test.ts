import { describe, expect, test } from 'vitest'
import { parseDueDate, serialDay, serialInDateColumn, sheetLocale } from '../../src/contacts/index.ts'

const TYPED: readonly (readonly [typed: string, locale: string | undefined, outcome: string])[] = [
  ['2026-12-01', 'id', '2026-12-01'],
  ['2026-12-01', 'en', '2026-12-01'],
  ['2026/12/1', undefined, '2026-12-01'],
  ['2026-12-01T10:00:00Z', 'id', '2026-12-01'],
  ['2026-12-01 23:59:59.5', 'id', '2026-12-01'],
  ['20261201', 'id', '2026-12-01'],
  ['01/12/2026', 'id', '2026-12-01'],
  ['01/12/2026', 'es', '2026-12-01'],
  ['1-12-2026', 'es-MX', '2026-12-01'],
  ['1/12/2026', 'en-GB', '2026-12-01'],
  ['01/12/2026', 'en', '2026-01-12'],
  ['01/12/2026', 'en-US', '2026-01-12'],
  ['01.12.2026', 'de', '2026-12-01'],
  ['26/12/01', 'zh', '2026-12-01'],
  ['01/12/26', 'id', '2026-12-01'],
  ['01 / 12 / 2026', 'id', '2026-12-01'],
  ['01/12/2026 09:30', 'id', '2026-12-01'],
  ['12/1/2026 9:30 PM', 'en', '2026-12-01'],
  ['01/12/2026 pukul 09.30 WIB', 'id', '2026-12-01'],
  ['31/12/2026', undefined, '2026-12-31'],
  ['1/1/2026', undefined, '2026-01-01'],
  ['01/02/2026', undefined, 'date_ambiguous'],
  ['31/12/2026', 'en', 'date_impossible'],
  ['12/31/2026', 'es', 'date_impossible'],
  ['31/02/2026', 'id', 'date_impossible'],
  ['29/02/2027', 'id', 'date_impossible'],
  ['29/02/2028', 'id', '2028-02-29'],
  ['2026-13-01', 'id', 'date_impossible'],
  ['29 Februari 2026', 'id', 'date_impossible'],
  ['1 Des 2026', 'id', '2026-12-01'],
  ['1 Desember 2026', 'en', '2026-12-01'],
  ['Selasa, 1 Desember 2026', 'id', '2026-12-01'],
  ['17 Agustus 2026', undefined, '2026-08-17'],
  ['5 Nopember 2026', 'id', '2026-11-05'],
  ['1 de diciembre de 2026', 'es', '2026-12-01'],
  ['martes, 1 de septiembre del 2026', 'es', '2026-09-01'],
  ['1-ene-2027', 'es', '2027-01-01'],
  ['December 1st, 2026', 'en', '2026-12-01'],
  ['Tue 1 Dec 2026', 'en', '2026-12-01'],
  ['01-Dec-26', 'en', '2026-12-01'],
  ['2026-Dec-01', 'en', '2026-12-01'],
  ['1 dez 2026', 'pt-BR', '2026-12-01'],
  ['46357', 'id', '2026-12-01'],
  ['Dec 2026', 'en', 'date_invalid'],
  ['1 Desember', 'id', 'date_invalid'],
  ['besok', 'id', 'date_invalid'],
  ['12', 'id', 'date_invalid'],
  ['1/2', 'id', 'date_invalid'],
  ['0/0/0', 'id', 'date_impossible'],
]

const SERIALS: readonly (readonly [serial: string, date1904: boolean, outcome: string])[] = [
  ['1', false, '1900-01-01'],
  ['59', false, '1900-02-28'],
  ['60', false, 'date_impossible'],
  ['61', false, '1900-03-01'],
  ['46327', false, '2026-11-01'],
  ['46327.999988', false, '2026-11-01'],
  ['4.6327E4', false, '2026-11-01'],
  ['46327', true, '2030-11-02'],
  ['0', true, '1904-01-01'],
  ['60', true, '1904-03-01'],
  ['0', false, 'date_out_of_range'],
  ['-3', false, 'date_out_of_range'],
  ['2958465', false, '9999-12-31'],
  ['2958466', false, 'date_out_of_range'],
]

describe('a due date', () => {
  test.each(TYPED)('typed as %j in %s is %s', (typed, tag, outcome) => {
    const day = parseDueDate(typed, sheetLocale(tag))
    expect(day.ok ? day.value : day.reason).toBe(outcome)
  })

  test.each(SERIALS)('with the serial %s (1904: %s) is %s', (serial, date1904, outcome) => {
    const day = serialDay(serial, date1904)
    expect(day.ok ? day.value : day.reason).toBe(outcome)
  })

  test('is read from a plain number only if that is the serial of a plausible year, or a written day', () => {
    const read = (raw: string) => serialInDateColumn(raw, false)
    expect(read('46357')).toMatchObject({ value: '2026-12-01' })
    expect(read('20261201')).toMatchObject({ value: '2026-12-01' })
    expect(read('12')).toMatchObject({ reason: 'date_invalid' })
    expect(read('150000')).toMatchObject({ reason: 'date_invalid' })
  })
})
