import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHECK_FAULTS } from '../../src/delivery/providers/simulator/config.ts'
import { refreshLimits } from '../../workers/refresh-limits.ts'
import { duecast } from '../cli/run.ts'
import { type Firm, openKlinikSehat, openTokoMaju } from '../support/cast.ts'
import { type Stack, startStack } from '../support/stack.ts'

let stack: Stack
let firm: Firm
beforeAll(async () => {
  stack = await startStack()
  firm = await openKlinikSehat(stack)
}, 120_000)
afterAll(() => stack?.stop())

type Item = { name: string; state: string; says: string; mend: string | null }

async function check(
  config: object,
): Promise<{ ok: boolean; items: Item[]; webhook_url: string; id: string }> {
  const sender = await firm.ratna.post('/v1/senders', { provider: 'simulator', name: 'Desk', config })
  const { status, body } = await firm.ratna.post(`/v1/senders/${sender.body.id}/check`)
  expect(status).toBe(200)
  return { ...body, id: sender.body.id }
}

const itemOf = (items: readonly Item[], name: string) => items.find((item) => item.name === name)

describe('the check of a sender', () => {
  it('finds nothing wrong with the stand-in as it is, but that no template was submitted', async () => {
    const { ok, items, webhook_url, id } = await check({})
    expect(ok).toBe(true)
    expect(webhook_url).toBe(`${stack.url}/webhooks/whatsapp/${id}`)
    expect(items.filter(({ state }) => state === 'failed')).toEqual([])
    expect(items.map(({ name }) => name)).toEqual([
      'access token',
      'phone number',
      'display name',
      'quality',
      'may send',
      'daily limit',
      'speed',
      'business account',
      'number of the account',
      'webhook subscription',
      'webhook address',
      'app secret',
      'templates',
      'clock',
    ])
  })

  it('reads the daily limit, which all senders of the business share from then on', async () => {
    const { items } = await check({ messaging_limit: 'TIER_2K' })
    expect(itemOf(items, 'daily limit')).toMatchObject({
      state: 'passed',
      says: expect.stringContaining('2,000 people'),
    })
  })

  const FINDINGS: Record<(typeof CHECK_FAULTS)[number], [item: string, state: string, mend: RegExp]> = {
    token_invalid: ['access token', 'failed', /new token/],
    token_scopes: ['access token', 'failed', /whatsapp_business_management/],
    token_expires: ['access token', 'warned', /does not expire/],
    number_unknown: ['phone number', 'failed', /phone_number_id/],
    number_offline: ['phone number', 'failed', /WhatsApp Manager/],
    name_declined: ['display name', 'failed', /Change it/],
    quality_red: ['quality', 'failed', /Stop marketing/],
    messages_blocked: ['may send', 'failed', /Update the payment method/],
    account_unknown: ['business account', 'failed', /business_account_id/],
    account_rejected: ['business account', 'failed', /review/],
    number_elsewhere: ['number of the account', 'failed', /same account/],
    not_subscribed: ['webhook subscription', 'failed', /subscribed_apps/],
    other_callback: ['webhook subscription', 'failed', /webhooks\/whatsapp/],
    wrong_app_secret: ['app secret', 'failed', /app secret/],
    templates_refused: ['templates', 'failed', /whatsapp_business_management/],
    clock_off: ['clock', 'failed', /NTP/],
    silent: ['access token', 'failed', /network/],
  }

  it.each(CHECK_FAULTS)('names %s and says how to mend it', async (fault) => {
    const [name, state, mend] = FINDINGS[fault]
    const { ok, items } = await check({ check_faults: [fault] })
    expect(ok).toBe(state !== 'failed')
    expect(itemOf(items, name)).toMatchObject({ state, mend: expect.stringMatching(mend) })
    for (const item of items) if (item.state !== 'passed') expect(item.mend).toMatch(/\.$/)
  })

  it('is not for everybody, and not for another’s sender', async () => {
    const { id } = await check({})
    expect((await firm.joko.post(`/v1/senders/${id}/check`)).status).toBe(403)
    const other = await openTokoMaju(stack)
    expect((await other.ratna.post(`/v1/senders/${id}/check`)).status).toBe(404)
  })
})

describe('every hour', () => {
  const refreshed = async () => {
    await refreshLimits(stack.house)
    await refreshLimits(stack.house)
  }
  const limitOf = async (id: string) => {
    const rows = await stack.house.asSystem(
      'test',
      firm.workspaceId,
      ({ sql }) => sql<{ daily_limit: number | null; asked_ago: number }[]>`
        SELECT p.daily_limit, extract(epoch FROM clock_timestamp() - s.checked_at)::int AS asked_ago
          FROM senders s LEFT JOIN portfolios p ON p.key = coalesce(s.portfolio_key, s.account_key)
         WHERE s.id = ${id}`,
    )
    return rows[0]!
  }
  const askedAgo = (id: string, interval: string) =>
    stack.house.asSystem(
      'test',
      firm.workspaceId,
      ({ sql }) =>
        sql`UPDATE senders SET checked_at = clock_timestamp() - ${interval}::interval WHERE id = ${id}`,
    )

  it('the platform is asked again: a limit that has changed without a word is known', async () => {
    const { id } = await check({ messaging_limit: 'TIER_2K' })
    expect((await limitOf(id)).daily_limit).toBe(2_000)
    const config = { messaging_limit: 'TIER_250' }
    expect((await firm.ratna.ask('PATCH', `/v1/senders/${id}`, { config })).status).toBe(200)
    await askedAgo(id, '59 minutes')
    await refreshed()
    expect((await limitOf(id)).daily_limit).toBe(2_000)
    await askedAgo(id, '61 minutes')
    await refreshed()
    expect(await limitOf(id)).toMatchObject({ daily_limit: 250 })
    expect((await limitOf(id)).asked_ago).toBeLessThan(600)
  })

  it('one that cannot be asked waits for the next hour, and keeps no other waiting', async () => {
    const silent = await check({ check_faults: ['token_invalid'] })
    const other = await check({ messaging_limit: 'TIER_10K' })
    for (const { id } of [silent, other]) await askedAgo(id, '2 hours')
    await refreshed()
    for (const { id } of [silent, other]) expect((await limitOf(id)).asked_ago).toBeLessThan(600)
  })
})

describe('duecast sender check', () => {
  const run = (...args: string[]) =>
    duecast(['sender', 'check', ...args], { DATA_DIR: stack.house.config.dataDir, LOG_LEVEL: 'error' })

  it('prints each item as passed or failed, with the mend, and fails where one does', async () => {
    const { id } = await check({ check_faults: ['not_subscribed', 'quality_red'] })
    const ran = await run('--sender', id)
    expect(ran.code, ran.stderr).toBe(1)
    expect(ran.stdout).toContain(`webhook address  ${stack.url}/webhooks/whatsapp/${id}`)
    expect(ran.stdout).toMatch(/^passed +access token +It is valid/m)
    expect(ran.stdout).toMatch(
      /^failed +webhook subscription +No app is subscribed.*\n +→ Subscribe the app/m,
    )
    expect(ran.stdout).toMatch(/^failed +quality +It is low\.\n +→ Stop marketing/m)
  }, 60_000)

  it('ends well where nothing failed, and says so as JSON', async () => {
    const { id } = await check({})
    const ran = await run('--sender', id, '--json')
    expect(ran.code, ran.stderr).toBe(0)
    expect(JSON.parse(ran.stdout).senders).toMatchObject([{ id, ok: true }])
  }, 60_000)

  it('knows no sender that is not there', async () => {
    expect((await run('--sender', '00000000-0000-7000-8000-000000000000')).code).toBe(2)
    expect((await run('--sender', 'nonsense')).code).not.toBe(0)
  }, 60_000)
})
