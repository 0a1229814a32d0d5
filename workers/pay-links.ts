import type { House } from '../src/house.ts'
import { makeLink, openCaller, openGateway, wantLinks } from '../src/payments/index.ts'

const MOST_AT_ONCE = 100
const SIDE_BY_SIDE = 8

/** The way out, opened when the first link is wanted. */
const callers = new WeakMap<House, ReturnType<typeof openCaller>>()

/** Finds the invoices that want a link and makes what is wanted; one slow gateway keeps no other waiting for long. */
export async function payLinks(house: House): Promise<void> {
  const makers = await house.database.sql<
    { workspace_id: string }[]
  >`SELECT workspace_id FROM workspaces_with_links()`
  for (const { workspace_id } of makers) await house.asSystem('pay-links', workspace_id, wantLinks)
  const due = await house.database.sql<{ workspace_id: string; link_id: string }[]>`
    SELECT workspace_id, link_id FROM links_to_make(${house.clock.now().toISOString()}::timestamptz, ${MOST_AT_ONCE})`
  if (due.length === 0) return
  const caller = callers.get(house) ?? openCaller()
  callers.set(house, caller)
  const waiting = due.values()
  await Promise.all(
    Array.from({ length: SIDE_BY_SIDE }, async () => {
      for (const { workspace_id, link_id } of waiting)
        await makeLink(
          {
            within: (work) => house.asSystem('pay-links', workspace_id, work),
            open: (gatewayId) => openGateway(house.database.sql, house.secrets, gatewayId),
            call: caller.call,
          },
          link_id,
        )
    }),
  )
}
