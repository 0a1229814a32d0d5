import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findCampaign, viewCampaign } from '../../src/campaigns/index.ts'
import { dispatchSlice, findRun, type Run } from '../../src/delivery/index.ts'
import { openLog } from '../../src/platform/log.ts'
import { unwrap } from '../../src/platform/result.ts'
import { type Clinic, fund, launch, makeParts, openClinic, patients } from '../campaigns/clinic.ts'
import { type Answer, accepted, openPostOffice, tend } from '../campaigns/post.ts'

let house: Clinic
let clinic: Clinic
beforeAll(async () => {
  house = await openClinic()
}, 60_000)
beforeEach(async () => {
  clinic = await house.openNeighbour()
  await fund(clinic, '1000000.00')
})
afterAll(() => house?.close())

/** A worker has 128 calls in the air: what it would call after those waits. */
const MORE_THAN_FLY = 150
const MORE_THAN_A_SLICE = 1_100
const REST_MS = 1_000
/** A rest, and the time in which a worker that lives has tried and heard. */
const OVER_MS = 42_000

const silence: Answer = () => ({ outcome: 'indeterminate', code: 'UND_ERR_HEADERS_TIMEOUT', message: 'x' })

async function begun(count: number): Promise<Run> {
  const id = await launch(clinic, await makeParts(clinic, patients(count)))
  await tend(clinic, id)
  return (await clinic.within((scope) => findRun(scope, id)))!
}

/** A worker of that name on a line of its own; `sends` has it send a slice. */
function workerOf(worker: string, run: Run, answers: { now: Answer }) {
  const office = openPostOffice((message, nth) => answers.now(message, nth))
  const dispatch = {
    database: clinic.database,
    log: openLog('silent'),
    worker,
    signal: new AbortController().signal,
    within: <T>(_: string, work: Parameters<typeof clinic.within<T>>[0]) => clinic.within(work),
  }
  return { sends: () => dispatchSlice(dispatch, run, office) }
}

async function waitOf(run: Run) {
  return clinic.within(async (scope) => {
    const campaign = unwrap(await findCampaign(scope, run.campaignId))
    return (await viewCampaign(scope, campaign, 'IDR')).wait
  })
}

describe('a campaign whose provider gives no clear answer', () => {
  it('says that it waits for it, and no more once there is an answer', async () => {
    const run = await begun(MORE_THAN_FLY)
    const answers = { now: silence }
    const wati = workerOf('wati', run, answers)
    await wati.sends()
    const tried = new Date(clinic.now().getTime() + REST_MS)
    expect(await waitOf(run)).toEqual({ for: 'provider_away', until: tried })
    answers.now = accepted
    await new Promise((resolve) => setTimeout(resolve, REST_MS))
    await wati.sends()
    expect(await waitOf(run)).toBeUndefined()
  })

  it('says so while one of two workers rests, each for itself', async () => {
    const run = await begun(MORE_THAN_A_SLICE)
    await workerOf('wati', run, { now: silence }).sends()
    await workerOf('made', run, { now: accepted }).sends()
    expect(await waitOf(run)).toMatchObject({ for: 'provider_away' })
  })

  it('says it no more when nothing is heard of the worker that said it', async () => {
    const run = await begun(MORE_THAN_FLY)
    await workerOf('wati', run, { now: silence }).sends()
    clinic.later(OVER_MS)
    expect(await waitOf(run)).toBeUndefined()
  })

  it('says nothing of it once nothing is left to be sent', async () => {
    const run = await begun(30)
    await workerOf('wati', run, { now: silence }).sends()
    expect(await waitOf(run)).toBeUndefined()
  })

  it('says nothing to a campaign of another sender', async () => {
    const other = await begun(3)
    const run = await begun(MORE_THAN_FLY)
    await workerOf('wati', run, { now: silence }).sends()
    expect(await waitOf(other)).toBeUndefined()
  })
})
