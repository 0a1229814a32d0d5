import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

export type Ran = { code: number | null; stdout: string; stderr: string }

/** Runs `duecast` as an operator would, with nothing of the developer's environment but the path. */
export function duecast(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<Ran> {
  const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...environment }
  return new Promise((resolve, reject) => {
    const child = spawn(`${ROOT}node_modules/.bin/tsx`, ['src/cli/duecast.ts', ...args], { cwd: ROOT, env })
    const ran: Ran = { code: null, stdout: '', stderr: '' }
    child.stdout.on('data', (text: Buffer) => {
      ran.stdout += text.toString()
    })
    child.stderr.on('data', (text: Buffer) => {
      ran.stderr += text.toString()
    })
    child.once('error', reject)
    child.once('close', (code) => resolve({ ...ran, code }))
  })
}
