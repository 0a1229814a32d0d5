import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { duecast, type Ran } from './run.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

let folder: string
let ran: Ran

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'duecast-demo-'))
  ran = await duecast(['demo', '--exit'], { DATA_DIR: folder })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** An amount of the statement in ten-thousandths, so that sums are of whole numbers. */
function amount(label: string): number {
  const [, digits = ''] = new RegExp(`^  ${label} +([\\d,.]+)$`, 'm').exec(ran.stdout) ?? []
  const [whole = '', fraction = ''] = digits.replaceAll(',', '').split('.')
  return Number(whole + fraction.padEnd(4, '0'))
}

it('ends with 0 and says nothing on standard error', () => {
  expect({ code: ran.code, stderr: ran.stderr }).toEqual({ code: 0, stderr: '' })
})

it('prints a statement in which reserved is charged and released, to the last digit', () => {
  expect(amount('reserved')).toBe(amount('charged') + amount('released'))
  expect(amount('charged')).toBeGreaterThan(0)
  expect(amount('released')).toBeGreaterThan(0)
})

it('shows the rows that were refused, the quote, the approval, the progress and the audit', () => {
  for (const part of [
    'accepted  449 contacts',
    'row 340  Jatuh Tempo  "31/02/2027"',
    'Unit price        Subtotal',
    'self_approval',
    'settled    442/442 sent',
    'The books balance.',
  ])
    expect(ran.stdout).toContain(part)
  expect(ran.stdout).not.toContain('BROKEN')
})

it('has no colours where nobody looks', () => {
  expect(ran.stdout).not.toContain('\u001b')
})

it('prints no key when it leaves nothing running', () => {
  expect(ran.stdout).not.toContain('dck_')
})
