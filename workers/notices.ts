import type { House } from '../src/house.ts'
import { deliverNotice, gatherNotices, type Outlets, openPost } from '../src/notices/index.ts'

const MOST_AT_ONCE = 100
const SIDE_BY_SIDE = 8

/** The way out, opened when the first webhook is due. */
const posts = new WeakMap<House, ReturnType<typeof openPost>>()

/** Reads on in the trails, then tells what is due; one slow server keeps no other waiting for long. */
export async function tellNotices(house: House): Promise<void> {
  const trails = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM notices_to_gather(${MOST_AT_ONCE})`
  for (const { workspace_id } of trails) await house.asSystem('notices', workspace_id, gatherNotices)
  const due = await house.database.sql<{ workspace_id: string; delivery_id: string }[]>`
    SELECT workspace_id, delivery_id FROM notices_to_deliver(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  const waiting = due.values()
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const { workspace_id, delivery_id } of waiting)
        await deliverNotice(outletsOf(house, workspace_id), delivery_id)
    }),
  )
}

function outletsOf(house: House, workspaceId: string): Outlets {
  const out = posts.get(house) ?? openPost()
  posts.set(house, out)
  return {
    secrets: house.secrets,
    post: out.post,
    mail: (to, subject, text) => house.mail.deliver({ to, subject, text }),
    within: (work) => house.asSystem('notices', workspaceId, work),
  }
}
