import { connectDeps, findTemplateAccount, openSender, tellPlatform } from '../src/delivery/index.ts'
import { findAddresses, type House } from '../src/house.ts'
import type { Job } from '../src/platform/queue.ts'
import { inSpan } from './in-span.ts'
import { nudgeTend } from './send.ts'

/** Speaks to one sender's platform about its templates: what is to be said, and what is to be fetched. */
export function speakForSender(house: House): (job: Job) => Promise<void> {
  return (job) => {
    const { workspaceId, senderId } = job.data as { workspaceId: string; senderId: string }
    const about = { parent: job.origin?.traceparent, facts: { 'duecast.sender_id': senderId } }
    return inSpan(house, job, about, () => speak(house, workspaceId, senderId, job.signal))
  }
}

async function speak(
  house: House,
  workspaceId: string,
  senderId: string,
  signal: AbortSignal,
): Promise<void> {
  const within: Parameters<typeof tellPlatform>[0] = (work) => house.asSystem('platform', workspaceId, work)
  const sender = await openSender(house.database.sql, house.secrets, senderId)
  const account = await within((scope) => findTemplateAccount(scope, senderId))
  if (!sender?.provider.openTemplates || !account.ok) return
  const { serverUrl, simulatorUrl } = await findAddresses(house.database.sql)
  const deps = connectDeps(house.secrets, senderId, {
    serverUrl: serverUrl ?? '',
    simulatorUrl: house.config.simulatorUrl ?? simulatorUrl ?? '',
  })
  const line = sender.provider.openTemplates(sender.config, deps)
  const halted = await tellPlatform(within, { ...account.value, line }, signal)
  for (const campaignId of halted) await nudgeTend(house, workspaceId, campaignId)
}

export async function nudgePlatform(house: House, workspaceId: string, senderId: string): Promise<void> {
  await house.queues.add(
    'chores',
    'platform',
    { workspaceId, senderId },
    { dedupeId: `platform-${senderId}` },
  )
}
