import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setUpToken } from '../../src/console/index.ts'
import { openReset } from '../../src/workspaces/index.ts'
import { draft, setStage } from '../api/cast.ts'
import { freshDatabase } from '../support/database.ts'
import { type Console, hidden, openConsole, type Visitor } from './door.ts'
import { address, enter, invite, join, PASSWORD, signedIn } from './people.ts'

let house: Console
beforeAll(async () => {
  house = await openConsole()
})
afterAll(() => house.close())

const MINUTE_MS = 60_000

/** Turns the clock for as long as `work` takes. */
async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const { now } = house.clock
  house.clock.now = () => new Date(now().getTime() + ms)
  try {
    return await work()
  } finally {
    house.clock.now = now
  }
}

describe('the first start', () => {
  const FIRST = {
    workspace_name: 'Klinik Sehat',
    currency: 'IDR',
    name: 'Ratna',
    email: 'ratna@example.com',
    password: PASSWORD,
  }

  it('offers the first workspace and its owner, to one of all who try, and never again', async () => {
    const fresh = await freshDatabase()
    const empty = await openConsole(undefined, fresh.ownerUrl)
    expect((await empty.browser().see('/')).to).toBe('/set-up')
    expect((await empty.browser().see('/set-up')).text).toContain('name="workspace_name"')
    const weak = await empty.browser().send('/set-up', { ...FIRST, password: 'short' })
    expect([weak.status, weak.text.includes('12 to 256 characters')]).toEqual([422, true])
    expect(weak.text).toContain('value="Klinik Sehat"')
    const all = await Promise.all(
      [1, 2, 3, 4].map((n) => empty.browser().send('/set-up', { ...FIRST, email: `r${n}@example.com` })),
    )
    expect(all.map(({ to }) => to).sort()).toEqual(['/', '/sign-in', '/sign-in', '/sign-in'])
    const [row] = await empty.scratch.owner.sql`SELECT count(*)::int AS n FROM workspaces`
    expect(row).toEqual({ n: 1 })
    const cookie = all
      .find(({ to }) => to === '/')!
      .headers.get('set-cookie')!
      .split(';')[0]!
    expect((await empty.browser(cookie).see('/')).text).toContain('Klinik Sehat')
    expect((await empty.browser().send('/set-up', FIRST)).to).toBe('/sign-in')
    expect((await empty.browser().see('/')).to).toBe('/sign-in')
    await empty.close()
    await fresh.drop()
  })

  it('from elsewhere, by a proxy or under a public address takes the printed token', async () => {
    const fresh = await freshDatabase()
    const empty = await openConsole(undefined, fresh.ownerUrl)
    const proxied = { 'x-forwarded-for': '203.0.113.9' }
    expect((await empty.browser().see('/', proxied)).to).toBe('/sign-in')
    const locked = await empty.browser().see('/set-up', proxied)
    expect(locked.text).not.toContain('name="workspace_name"')
    const form = { 'sec-fetch-site': 'same-origin', ...proxied }
    expect((await empty.browser().send('/set-up', { ...FIRST, token: 'guessed' }, form)).status).toBe(403)
    const named = await empty
      .browser()
      .send('/set-up', FIRST, { 'sec-fetch-site': 'same-origin', host: 'duecast.example' })
    expect([303, 403]).toContain(named.status)
    const token = setUpToken(empty.house.secrets)
    const opened = await empty.browser().send('/set-up', { ...FIRST, token }, form)
    expect([opened.status, opened.to]).toEqual([303, named.status === 403 ? '/' : '/sign-in'])
    await empty.close()
    await fresh.drop()
  })
})

describe('an invitation', () => {
  it('makes a member with a name and a password of their own, once', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('siti')
    const token = await invite(house, workspaceId, email, 'marketer')
    const shown = await house.browser().see(`/invitation/${token}`)
    expect([shown.status, shown.text.includes(email), shown.text.includes('marketer')]).toEqual([
      200,
      true,
      true,
    ])
    const fields = { token, name: 'Siti', password: PASSWORD }
    const both = await Promise.all([
      house.browser().send('/invitation', fields),
      house.browser().send('/invitation', fields),
      house.browser().send('/invitation', fields),
    ])
    expect(both.filter(({ status }) => status === 303)).toHaveLength(1)
    expect((await house.browser().see(`/invitation/${token}`)).status).toBe(410)
    const siti = await enter(house, ` ${email.toUpperCase()} `)
    const today = await siti.see('/')
    expect(today.text).toContain('<a href="/account">Siti</a>, marketer')
  })

  it('ends after a week, and when a later one takes its place', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('late')
    const first = await invite(house, workspaceId, email, 'viewer')
    const second = await invite(house, workspaceId, email, 'viewer')
    expect((await house.browser().see(`/invitation/${first}`)).status).toBe(410)
    expect((await house.browser().see(`/invitation/${second}`)).status).toBe(200)
    await later(7 * 24 * 60 * MINUTE_MS, async () => {
      const late = await house
        .browser()
        .send('/invitation', { token: second, name: 'Late', password: PASSWORD })
      expect(late.status).toBe(410)
    })
  })

  it('to a second workspace asks for the password that the person has', async () => {
    const email = address('wayan')
    const sari = await house.openFirm()
    const wayan = await house.openFirm()
    await join(house, sari.workspaceId, email, 'admin')
    const token = await invite(house, wayan.workspaceId, email, 'viewer')
    const guessed = await house
      .browser()
      .send('/invitation', { token, name: 'X', password: 'somebody else entirely' })
    expect(guessed.status).toBe(422)
    const accepted = await house.browser().send('/invitation', { token, password: PASSWORD })
    expect(accepted.status).toBe(303)
  })
})

describe('a password', () => {
  it('that is wrong and an address that nobody has get the same answer', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('dewi')
    await join(house, workspaceId, email, 'owner')
    const wrong = await house.browser().send('/sign-in', { email, password: 'not this one at all' })
    const nobody = await house.browser().send('/sign-in', { email: address('nobody'), password: PASSWORD })
    const strip = (text: string) => text.replaceAll(/[\w.]+@example\.com/g, '')
    expect([wrong.status, nobody.status]).toEqual([401, 401])
    expect(strip(wrong.text)).toBe(strip(nobody.text))
  })

  it('is tried ever more slowly, also by many at once, and the account opens again by itself', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('joko')
    await join(house, workspaceId, email, 'viewer')
    const tries = await Promise.all(
      Array.from({ length: 10 }, () =>
        house.browser().send('/sign-in', { email, password: 'guess after guess' }),
      ),
    )
    expect(tries.filter(({ status }) => status === 401)).toHaveLength(5)
    expect(tries.filter(({ status }) => status === 429)).toHaveLength(5)
    const waiting = await house.browser().send('/sign-in', { email, password: PASSWORD })
    expect([waiting.status, Number(waiting.headers.get('retry-after')) > 0]).toEqual([429, true])
    await later(2 * MINUTE_MS, async () => void (await enter(house, email)))
  })
})

describe('an act that matters', () => {
  it('asks a member again after ten minutes, and is done with the answer', async () => {
    const { workspaceId } = await house.openFirm()
    const ratna = await join(house, workspaceId, address('ratna'), 'owner')
    const fields = { amount: '100.00', reference: 'transfer 7' }
    expect((await ratna.send('/wallet/top-ups', { ...fields, reference: 'transfer 6' })).status).toBe(303)
    await later(10 * MINUTE_MS, async () => {
      const asked = await ratna.send('/wallet/top-ups', fields)
      expect([asked.status, asked.text.includes('value="transfer 7"')]).toEqual([403, true])
      expect((await ratna.see('/wallet')).text).not.toContain('transfer 7')
      const wrong = await ratna.send('/wallet/top-ups', { ...fields, confirm_password: 'not this one' })
      expect(wrong.status).toBe(403)
      const done = await ratna.send('/wallet/top-ups', { ...fields, confirm_password: PASSWORD })
      expect(done.status).toBe(303)
      expect((await ratna.see('/wallet')).text).toContain('transfer 7')
    })
    expect((await ratna.see('/wallet')).text).not.toContain(PASSWORD)
  })
})

describe('two persons', () => {
  it('are two members, not two keys of one', async () => {
    const stage = await setStage(house)
    const ratna = await join(house, stage.workspaceId, address('ratna'), 'owner')
    const made = await ratna.send('/settings/keys', { key_name: 'mine', role: 'marketer' })
    const key = /dck_\w{8}_\w{43}/.exec(made.text)![0]
    const other = /dck_\w{8}_\w{43}/.exec(
      (await ratna.send('/settings/keys', { key_name: 'too', role: 'approver' })).text,
    )![0]
    const campaign = await draft(house, stage, {}, key)
    const { body: quote } = await house.ask('POST', `/v1/campaigns/${campaign.id}/quote`, { key })
    await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: { max_recipients: 0 } })
    const submitted = await house.ask('POST', `/v1/campaigns/${campaign.id}/submission`, {
      key,
      body: { quote_id: quote.id },
    })
    expect(submitted.body.state).toBe('pending_approval')
    const approval = `/v1/campaigns/${campaign.id}/approval`
    const body = { decision: 'approve' }
    expect((await house.ask('POST', approval, { key: other, body })).body.code).toBe('self_approval')
    expect((await ratna.send(`/approvals/${campaign.id}`, body)).status).toBe(403)
    expect((await ratna.see(`/approvals/${campaign.id}`)).text).toContain('You had a hand in this campaign')
    const sari = await join(house, stage.workspaceId, address('sari'), 'approver')
    const page = await sari.see(`/approvals/${campaign.id}`)
    const once = hidden(page.text, `/approvals/${campaign.id}`, 'once')
    const decided = await Promise.all([
      sari.send(`/approvals/${campaign.id}`, { ...body, once }),
      sari.send(`/approvals/${campaign.id}`, { ...body, once }),
    ])
    expect(decided.map(({ status }) => status)).toEqual([303, 303])
  })
})

describe('my account', () => {
  const SECRET = /<code>([A-Z2-7]{32})<\/code>/

  async function withSecondFactor(email: string, member: Visitor) {
    const secret = SECRET.exec((await member.see('/account')).text)![1]!
    const codeAt = (ms: number) =>
      new TOTP({ secret: Secret.fromBase32(secret) }).generate({
        timestamp: house.clock.now().getTime() + ms,
      })
    const started = await member.send('/account/second-factor', { code: codeAt(0) })
    const codes = [...started.text.matchAll(/(?:[A-Z2-9]{4}-){3}[A-Z2-9]{4}/g)].map(([code]) => code)
    return { codeAt, codes, email }
  }

  async function ticketFor(email: string): Promise<string> {
    const asked = await house.browser().send('/sign-in', { email, password: PASSWORD })
    expect([asked.status, asked.headers.get('set-cookie')]).toEqual([200, null])
    return hidden(asked.text, '/sign-in/code', 'ticket')
  }

  it('asks for a code at sign-in once the second step is on, and takes each code once', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('totp')
    const member = await join(house, workspaceId, email, 'owner')
    await member.see('/account')
    expect((await member.send('/account/second-factor', { code: 'no code' })).status).toBe(422)
    const { codeAt, codes } = await withSecondFactor(email, member)
    expect(codes).toHaveLength(10)
    const used = await house
      .browser()
      .send('/sign-in/code', { ticket: await ticketFor(email), code: codeAt(0) })
    expect(used.status).toBe(401)
    await later(MINUTE_MS, async () => {
      const tickets = [await ticketFor(email), await ticketFor(email)]
      const both = await Promise.all(
        tickets.map((ticket) => house.browser().send('/sign-in/code', { ticket, code: codeAt(0) })),
      )
      expect(both.map(({ status }) => status).sort()).toEqual([303, 401])
      const twice = await Promise.all(
        [await ticketFor(email), await ticketFor(email)].map((ticket) =>
          house.browser().send('/sign-in/code', { ticket, code: codes[0]! }),
        ),
      )
      expect(twice.map(({ status }) => status).sort()).toEqual([303, 401])
    })
  })

  it('keeps the second step’s secret sealed, and gives it out to nobody once it is on', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('sealed')
    const member = await join(house, workspaceId, email, 'viewer')
    const secret = SECRET.exec((await member.see('/account')).text)![1]!
    await withSecondFactor(email, member)
    expect((await member.see('/account')).text).not.toContain(secret)
    const [row] = await house.scratch.owner.sql<{ totp_secret: Buffer }[]>`
      SELECT totp_secret FROM people.persons WHERE email = ${email}`
    expect(Buffer.from(row!.totp_secret).includes(secret)).toBe(false)
    await expect(house.scratch.database.sql`SELECT * FROM people.persons`).rejects.toMatchObject({
      code: '42501',
    })
  })

  it('changes the password for whoever knows the present one, and ends the other sessions', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('change')
    const here = await join(house, workspaceId, email, 'viewer')
    const there = await enter(house, email)
    const next = 'five green doors shut'
    const wrong = await here.send('/account/password', { password: next, confirm_password: 'not this one' })
    expect(wrong.status).toBe(403)
    const weak = await here.send('/account/password', {
      password: 'aaaaaaaaaaaaaaa',
      confirm_password: PASSWORD,
    })
    expect(weak.status).toBe(422)
    const done = await here.send('/account/password', { password: next, confirm_password: PASSWORD })
    expect([done.status, done.to]).toEqual([303, '/account?done=password'])
    expect((await here.see('/account')).status).toBe(200)
    expect((await there.see('/account')).status).toBe(303)
    expect((await house.browser().send('/sign-in', { email, password: PASSWORD })).status).toBe(401)
    await enter(house, email, next)
  })

  it('shows where one is signed in, and ends a session of one’s own only', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('sessions')
    const here = await join(house, workspaceId, email, 'viewer')
    const there = await enter(house, email)
    const other = await join(house, workspaceId, address('other'), 'viewer')
    const text = (await here.see('/account')).text
    const paths = [...text.matchAll(/action="(\/account\/sessions\/[\w-]+\/end)"/g)].map(([, path]) => path!)
    expect(paths).toHaveLength(2)
    for (const path of paths) expect((await other.send(path)).status).toBe(404)
    for (const path of paths) {
      await here.send(path)
      await there.send(path)
    }
    expect([(await here.see('/')).status, (await there.see('/')).status]).toEqual([303, 303])
  })

  it('leads to another of one’s workspaces, and to nobody else’s', async () => {
    const email = address('two')
    const one = await house.openFirm()
    const two = await house.openFirm()
    const foreign = await house.openFirm()
    const member = await join(house, one.workspaceId, email, 'owner')
    const token = await invite(house, two.workspaceId, email, 'owner')
    await house.browser().send('/invitation', { token, password: PASSWORD })
    const refused = await member.send('/account/workspace', { workspace_id: foreign.workspaceId })
    expect(refused.status).toBe(404)
    const moved = await member.send('/account/workspace', { workspace_id: two.workspaceId })
    const cookie = moved.headers.get('set-cookie')!.split(';')[0]!
    expect((await member.see('/')).status).toBe(303)
    const there = house.browser(cookie)
    expect((await there.see('/')).status).toBe(200)
    expect((await there.send('/wallet/top-ups', { amount: '1.00', reference: 'x' })).text).toContain(
      'confirm_password',
    )
  })

  it('is nobody’s who is here by a key', async () => {
    const { keys } = await house.openFirm()
    expect((await (await house.signIn(keys.owner)).see('/account')).status).toBe(404)
  })
})

describe('members on their page', () => {
  it('are invited by a link, given another role and removed, each ending their sessions', async () => {
    const { workspaceId } = await house.openFirm()
    const ratna = await join(house, workspaceId, address('ratna'), 'owner')
    const email = address('guest')
    const invited = await ratna.send('/settings/members/invitations', { email, role: 'marketer' })
    const token = /\/invitation\/([\w-]{43})/.exec(invited.text)![1]!
    const fields = { token, name: '<b>Guest</b>', password: PASSWORD }
    const accepted = await house.browser().send('/invitation', fields)
    const guest = signedIn(house, accepted)
    const listed = (await ratna.see('/settings/members')).text
    expect(listed).toContain('&lt;b&gt;Guest&lt;/b&gt;')
    const id = /\/settings\/members\/([\w-]{36})">&lt;b/.exec(listed)![1]!
    expect((await guest.see('/settings/members')).status).toBe(403)
    const key = await ratna.send(`/settings/members/${id}/role`, { role: 'admin' })
    expect(key.status).toBe(303)
    expect((await guest.see('/')).status).toBe(303)
    const again = await enter(house, email)
    const made = await again.send('/settings/keys', { key_name: 'theirs', role: 'admin' })
    const apiKey = /dck_\w{8}_\w{43}/.exec(made.text)![0]
    expect((await house.ask('GET', '/v1/keys', { key: apiKey })).status).toBe(200)
    await ratna.send(`/settings/members/${id}/role`, { role: 'viewer' })
    expect((await house.ask('GET', '/v1/keys', { key: apiKey })).status).toBe(403)
    expect((await ratna.send(`/settings/members/${id}/removal`)).status).toBe(303)
    expect((await house.ask('GET', '/v1/workspace', { key: apiKey })).status).toBe(401)
    expect((await house.browser().send('/sign-in', { email, password: PASSWORD })).status).toBe(401)
  })
})

describe('a link to a new password', () => {
  it('serves once, ends every session, and leaves the second step on', async () => {
    const { workspaceId } = await house.openFirm()
    const email = address('reset')
    const member = await join(house, workspaceId, email, 'viewer')
    const token = (await openReset(house.house, email))!
    const next = 'six yellow doors ajar'
    expect((await house.browser().see(`/reset/${token}`)).status).toBe(200)
    expect((await house.browser().send('/reset', { token, password: 'short' })).status).toBe(422)
    const both = await Promise.all(
      [1, 2].map(() => house.browser().send('/reset', { token, password: next })),
    )
    expect(both.map(({ status }) => status).sort()).toEqual([303, 410])
    expect((await member.see('/')).status).toBe(303)
    await enter(house, email, next)
  })

  it('is promised to everybody in the same words, and to nobody where no letters are sent', async () => {
    const known = await house.browser().send('/forgotten', { email: address('a') })
    expect([known.status, known.text.includes('member reset-link')]).toEqual([200, true])
  })
})
