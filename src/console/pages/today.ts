import { type CampaignState, listCampaigns } from '../../campaigns/index.ts'
import { listImports, listLists } from '../../contacts/index.ts'
import { listSenders } from '../../delivery/index.ts'
import { ok } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import { listTemplates } from '../../templates/index.ts'
import { readBalance } from '../../wallet/index.ts'
import { page, type Visit } from '../page.ts'
import { sumsOf } from '../recorded.ts'
import { say } from '../view.ts'

const WAITING: readonly CampaignState[] = [
  'pending_approval',
  'paused',
  'waiting_for_funds',
  'quoted',
  'draft',
]
const RUNNING: readonly CampaignState[] = ['sending', 'completing', 'scheduled']
const MOST_OF_A_KIND = 10
const IMPORTS_LOOKED_AT = 20

const today = page('/', async (visit) => {
  const { scope } = visit
  const waiting = await campaignsIn(scope, WAITING)
  const running = await campaignsIn(scope, RUNNING)
  const imports = await listImports(scope, { limit: IMPORTS_LOOKED_AT })
  const data = {
    waiting,
    imports: imports.items.filter(
      ({ state, code }) => state === 'mapping' || (state === 'failed' && code !== 'replaced'),
    ),
    running,
    reading: imports.items.filter(({ state }) => state === 'reading'),
    balance: await readBalance(scope),
    steps: await firstSteps(visit),
  }
  const quiet = waiting.length + data.imports.length === 0
  return ok({
    name: 'today',
    section: 'today',
    title: say('today.title'),
    data: { ...data, quiet, still: running.length + data.reading.length === 0 },
  })
})

export const todayPages = [today]

async function campaignsIn(scope: Scope, states: readonly CampaignState[]) {
  const pages = []
  for (const state of states) pages.push(await listCampaigns(scope, { limit: MOST_OF_A_KIND, state }))
  const campaigns = pages.flatMap(({ items }) => items)
  const sums = await sumsOf(
    scope,
    campaigns.map(({ id }) => id),
  )
  return campaigns.map((campaign) => ({
    ...campaign,
    href: campaign.state === 'pending_approval' ? `/approvals/${campaign.id}` : `/campaigns/${campaign.id}`,
    sums: sums.get(campaign.id),
  }))
}

/** What a workspace needs before its first campaign; undefined once there was one. */
async function firstSteps({ scope }: Visit) {
  const one = { limit: 1 }
  if ((await listCampaigns(scope, one)).items.length > 0) return undefined
  const { availableMinor } = await readBalance(scope)
  return [
    { step: 'money', href: '/wallet', done: availableMinor > 0n },
    { step: 'sender', href: '/settings/senders/new', done: (await listSenders(scope, one)).length > 0 },
    { step: 'list', href: '/contacts', done: (await listLists(scope, one)).items.length > 0 },
    { step: 'template', href: '/templates', done: (await listTemplates(scope, one)).items.length > 0 },
    { step: 'campaign', href: '/campaigns/new', done: false },
  ]
}
