import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { en } from '../../src/console/words/en.ts'
import { es } from '../../src/console/words/es.ts'
import { id } from '../../src/console/words/id.ts'
import type { Firm } from '../api/client.ts'
import { type Console, openConsole, type Visitor } from './door.ts'

const PATH = '/settings/workspace'

let house: Console
let firm: Firm
let owner: Visitor & { cookie: string }
beforeAll(async () => {
  house = await openConsole()
  firm = await house.openFirm('IDR')
  owner = await house.signIn(firm.keys.owner)
}, 60_000)
afterAll(() => house.close())

const fields = { name: 'Warung Sari', time_zone: 'Asia/Jayapura', language: '' }
const heading = async (who: Visitor, headers: Record<string, string> = {}) =>
  /<h1>([^<]+)<\/h1>/.exec((await who.see('/settings', headers)).text)![1]

describe('the workspace’s own page', () => {
  it('changes its name and zone, and every page goes by them', async () => {
    const changed = await owner.send(PATH, fields)
    expect([changed.status, changed.to]).toEqual([303, `${PATH}?done=workspace`])
    const { text } = await owner.see(PATH)
    expect(text).toContain('value="Warung Sari"')
    expect(text).toContain('value="Asia/Jayapura" selected')
    expect(text).toContain('<p class="where">Warung Sari</p>')
    expect((await owner.see('/settings/audit?about=workspace')).text).toContain('Asia/Jayapura')
    expect((await owner.see('/settings/keys')).text).toMatch(/GMT\+9/)
  })

  it('leaves behind in the audit trail the name of the request that changed it', async () => {
    const changed = await owner.send(PATH, { ...fields, name: 'Warung Sari Dua' })
    const { body } = await house.ask('GET', '/v1/audit-events?about=workspace', { key: firm.keys.owner })
    expect(body.data[0].request_id).toBe(changed.headers.get('x-request-id'))
    await owner.send(PATH, fields)
  })

  it.each([
    ['name', { name: '' }, en['workspace.name.fault']],
    ['time_zone', { time_zone: 'Mars/Olympus' }, en['workspace.time_zone.fault']],
    ['time_zone', { time_zone: '-05:00' }, en['workspace.time_zone.fault']],
    ['language', { language: 'tlh' }, en['workspace.language.fault']],
  ])('refuses a %s that is none beside it, and loses nothing: %o', async (field, wrong, says) => {
    const refused = await owner.send(PATH, { ...fields, name: 'Typed again', ...wrong })
    expect(refused.status).toBe(422)
    expect(refused.text).toContain(`id="${field}-fault">${says}`)
    if (field !== 'name') expect(refused.text).toContain('value="Typed again"')
    expect((await owner.see('/')).text).toContain('<p class="where">Warung Sari</p>')
  })

  it('is seen by all and changed by its managers', async () => {
    for (const role of ['marketer', 'approver', 'viewer'] as const) {
      const visitor = await house.signIn(firm.keys[role])
      const { text } = await visitor.see(PATH)
      expect(text).toContain('Asia/Jayapura')
      expect(text).not.toContain(`action="${PATH}"`)
      expect((await visitor.send(PATH, fields)).status).toBe(403)
    }
  })

  it('has a language that comes before the browser’s, and after what the person chose', async () => {
    const spanish = { 'accept-language': 'es' }
    expect(await heading(owner, spanish)).toBe(es['settings.title'])
    await owner.send(PATH, { ...fields, language: 'id' })
    expect(await heading(owner, spanish)).toBe(id['settings.title'])
    const chosen = house.browser(`${owner.cookie}; duecast_language=en`)
    expect(await heading(chosen, spanish)).toBe(en['settings.title'])
    const refused = await owner.send(PATH, { ...fields, name: '' })
    expect(refused.text).toContain(id['workspace.name.fault'])
    await owner.send(PATH, fields)
    expect(await heading(owner, spanish)).toBe(es['settings.title'])
  })
})
