import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Stack, startStack } from '../support/stack.ts'
import { duecast } from './run.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 90_000 })

describe('the people of a workspace, from the command line', () => {
  let stack: Stack
  let workspaceId: string
  let ownersLink: string

  const run = (...args: string[]) => duecast(args, { DATA_DIR: stack.house.config.dataDir })
  const json = ({ stdout }: { stdout: string }) => JSON.parse(stdout)
  const accept = (url: string) =>
    fetch(`${stack.url}/invitation`, {
      method: 'POST',
      redirect: 'manual',
      headers: { 'sec-fetch-site': 'same-origin' },
      body: new URLSearchParams({
        token: url.split('/').at(-1)!,
        name: 'Ratna',
        password: 'four blue doors open',
      }),
    })

  beforeAll(async () => {
    stack = await startStack()
    const name = ['--name', 'Toko Maju', '--currency', 'IDR', '--owner-email', 'ratna@example.com', '--json']
    const made = json(await run('workspace', 'create', ...name))
    workspaceId = made.workspace_id
    ownersLink = made.invitation_url
  })
  afterAll(() => stack?.stop())

  it('are let in by a link of the running server, listed, and removed but for the last owner', async () => {
    expect(ownersLink).toMatch(new RegExp(`^${stack.url}/invitation/[\\w-]{43}$`))
    expect((await accept(ownersLink)).status).toBe(303)
    const guest = ['--workspace', workspaceId, '--email', 'guest@example.com']
    const { url } = json(await run('member', 'invite', ...guest, '--role', 'viewer', '--json'))
    const before = json(await run('member', 'list', '--workspace', workspaceId, '--json'))
    expect([before.members.length, before.invitations.length]).toEqual([1, 1])
    expect((await accept(url)).status).toBe(303)
    expect((await run('member', 'remove', ...guest)).code).toBe(0)
    expect((await run('member', 'list', '--workspace', workspaceId)).stdout).not.toContain(
      'guest@example.com',
    )
    const last = await run(
      'member',
      'remove',
      '--workspace',
      workspaceId,
      '--email',
      'ratna@example.com',
      '--json',
    )
    expect([last.code, json(last).error.code]).toEqual([2, 'last_owner'])
  })

  it('get a link to a new password, if there is anybody of the address', async () => {
    const { url } = json(await run('member', 'reset-link', '--email', 'ratna@example.com', '--json'))
    expect((await fetch(url)).status).toBe(200)
    const nobody = await run('member', 'reset-link', '--email', 'nobody@example.com')
    expect([nobody.code, nobody.stderr]).toEqual([2, expect.stringContaining('Nobody here has the address')])
  })
})
