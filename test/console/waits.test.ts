import { afterAll, beforeAll, expect, it } from 'vitest'
import { draft, type Stage, setStage } from '../api/cast.ts'
import { type Console, hidden, openConsole } from './door.ts'

let house: Console
let stage: Stage
beforeAll(async () => {
  house = await openConsole()
  stage = await setStage(house, '900000.00')
})
afterAll(() => house.close())

function inSeconds(seconds: number): string {
  return new Date(house.clock.now().getTime() + seconds * 1_000).toISOString()
}

/** A campaign that is being sent by a worker who gets no clear answer. */
async function resting(): Promise<string> {
  const { owner } = house.scratch
  const marketer = await house.signIn(stage.keys.marketer)
  await house.ask('PUT', '/v1/approval-policy', { key: stage.keys.owner, body: {} })
  const { id } = await draft(house, stage)
  await house.ask('POST', `/v1/campaigns/${id}/quote`, { key: stage.keys.marketer })
  const action = `/campaigns/${id}/submission`
  const { text } = await marketer.see(`/campaigns/${id}`)
  await marketer.send(action, { quote_id: hidden(text, action, 'quote_id') })
  await owner.sql`UPDATE campaigns SET state = 'sending', starts_at = ${inSeconds(-60)}::timestamptz WHERE id = ${id}`
  await owner.sql`
    INSERT INTO sender_rests (sender_id, worker, workspace_id, next_try_at, known_until)
    SELECT sender_id, 'wati', workspace_id, ${inSeconds(16)}::timestamptz, ${inSeconds(56)}::timestamptz
      FROM runs WHERE campaign_id = ${id}`
  return id
}

it('a campaign whose provider gives no clear answer says so on its page, in the reader’s language', async () => {
  const id = await resting()
  const viewer = await house.signIn(stage.keys.viewer)
  const read = async (language: string) =>
    (await viewer.see(`/campaigns/${id}`, { 'accept-language': language })).text
  expect(await read('en')).toMatch(
    /The provider gives no clear answer, so sending rests; [^<]* about <time datetime="20/,
  )
  expect(await read('id')).toContain('Penyedia tidak memberi jawaban yang jelas')
  expect(await read('es')).toContain('El proveedor no da una respuesta clara')
  await house.scratch.owner.sql`
    UPDATE sender_rests SET next_try_at = ${inSeconds(-40)}::timestamptz, known_until = ${inSeconds(0)}::timestamptz`
  expect(await read('en')).not.toContain('no clear answer')
})
