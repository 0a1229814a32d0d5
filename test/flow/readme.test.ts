import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { minor } from '../support/campaign.ts'
import { type Stack, startStack } from '../support/stack.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

let stack: Stack
let folder: string
let output: string
let code: number | null

/** The section's own lines, on a free port and beside the repository, so that nothing is left in it. */
function script(): string {
  const section = readFileSync(`${ROOT}README.md`, 'utf8')
    .split('## The whole flow with curl')[1]!
    .split('\n## ')[0]!
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block!)
  return [
    'set -euo pipefail',
    ...blocks.filter((block) => block.trim() !== 'npm start'),
    'echo "FINAL $(api $URL/v1/campaigns/$CAMPAIGN)"',
  ]
    .join('\n')
    .replace('http://127.0.0.1:3000', stack.url)
    .replaceAll('npm run --silent duecast --', `${ROOT}node_modules/.bin/tsx ${ROOT}src/cli/duecast.ts`)
}

beforeAll(async () => {
  stack = await startStack()
  folder = mkdtempSync(join(tmpdir(), 'duecast-readme-'))
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: process.env.HOME ?? '',
    DATA_DIR: stack.house.config.dataDir,
  }
  const shell = spawn('bash', ['-c', script()], { cwd: folder, env })
  output = ''
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString()
    })
  }
  code = await new Promise((resolve) => shell.once('close', resolve))
})
afterAll(async () => {
  await stack?.stop()
  rmSync(folder, { recursive: true, force: true })
})

it('runs line by line as it stands in the README', () => {
  expect(code, output).toBe(0)
  for (const told of [
    'pending_approval',
    'self_approval',
    'scheduled',
    'phone_lost_digits',
    'duplicate_in_sheet',
  ])
    expect(output).toContain(told)
  expect(existsSync(join(folder, 'report.xlsx'))).toBe(true)
})

it('shows the wallet’s figures before and during the campaign as the README prints them', () => {
  const section = readFileSync(`${ROOT}README.md`, 'utf8').split('## The whole flow with curl')[1]!
  const [before, reserved] = [...section.matchAll(/```json\n(.*)\n```/g)].map(([, line]) => line!)
  expect(output.split('\n')).toEqual(expect.arrayContaining([before, reserved]))
})

it('ends settled, with every rupiah charged or released', () => {
  const campaign = JSON.parse(/^FINAL (.*)$/m.exec(output)![1]!)
  const { held, captured, released, remaining } = campaign.money
  expect(campaign.state).toBe('settled')
  expect(campaign.counts.total).toBe(4)
  expect(minor(held)).toBe(14_266_000n)
  expect(minor(captured) + minor(released)).toBe(minor(held))
  expect(minor(remaining)).toBe(0n)
  const wallets = output.split('\n').filter((line) => line.startsWith('{"currency"'))
  const wallet = JSON.parse(wallets.at(-1)!)
  expect(minor(wallet.available)).toBe(20_000_000n - minor(captured))
  expect(minor(wallet.spent)).toBe(minor(captured))
})
