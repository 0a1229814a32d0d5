import type { Scope } from '../platform/scope.ts'
import { linkInvoice } from '../reminders/index.ts'
import { recordEvent } from '../workspaces/index.ts'
import type { OpenGateway } from './connect.ts'
import type { HttpRequest, Link, LinkRequest } from './gateways/gateway.ts'

/** What came of a call: an answer with its status and JSON, or no answer. */
export type Called = { readonly status: number; readonly json: unknown } | { readonly error: string }

export type LinkOutlets = {
  within<T>(work: (scope: Scope) => Promise<T>): Promise<T>
  open(gatewayId: string): Promise<OpenGateway | undefined>
  /** Calls a gateway; never throws. */
  call(request: HttpRequest): Promise<Called>
}

/** How long after each failed try the next one comes; after the last of them the link has failed. */
const TRY_AGAIN_MS = [10_000, 60_000, 300_000, 1_800_000, 7_200_000, 21_600_000]
/** While a try is under way nobody else begins one. */
const LEASE_MS = 60_000

/**
 * Makes one link that is wanted. Whether an earlier try has made it is asked first where the gateway can be asked, and
 * our reference makes asking again harmless where it cannot: a link is made once, however often this is called or
 * killed.
 */
export async function makeLink(outlets: LinkOutlets, linkId: string): Promise<'made' | 'failed' | 'later'> {
  const taken = await outlets.within((scope) => take(scope, linkId))
  if (!taken) return 'later'
  const opened = await outlets.open(taken.gatewayId)
  if (!opened) return settleFailed(outlets, linkId, taken, 'The gateway was taken away.')
  const missing = opened.gateway.linkFields.filter((field) => opened.config[field] === undefined)
  if (missing.length > 0)
    return settleFailed(outlets, linkId, taken, `The gateway lacks ${missing.join(' and ')}.`)
  const made = await ask(outlets, opened, taken)
  if ('url' in made) return settleMade(outlets, linkId, taken, made)
  const wait = TRY_AGAIN_MS[taken.attempts - 1]
  if (made.isFinal || wait === undefined) return settleFailed(outlets, linkId, taken, made.detail)
  await outlets.within((scope) => putOff(scope, linkId, wait, made.detail))
  return 'later'
}

type Taken = LinkRequest & {
  readonly invoiceId: string
  readonly gatewayId: string
  readonly attempts: number
}

async function take({ sql, workspaceId, now }: Scope, linkId: string): Promise<Taken | undefined> {
  const at = now.toISOString()
  const [row] = await sql<
    {
      invoice_id: string
      gateway_id: string
      attempts: number
      reference: string
      amount: bigint
      currency: string
      number: string
    }[]
  >`
    UPDATE payment_links l SET attempts = attempts + 1, try_at = ${new Date(now.getTime() + LEASE_MS).toISOString()}::timestamptz
      FROM invoices i
     WHERE l.id = ${linkId} AND l.workspace_id = ${workspaceId} AND l.state = 'wanted' AND l.try_at <= ${at}::timestamptz
       AND i.id = l.invoice_id
    RETURNING l.invoice_id, l.gateway_id, l.attempts, l.reference, l.amount, l.currency, i.number`
  return (
    row && {
      invoiceId: row.invoice_id,
      gatewayId: row.gateway_id,
      attempts: row.attempts,
      reference: row.reference,
      amountMinor: row.amount,
      currency: row.currency,
      invoiceNumber: row.number,
    }
  )
}

type Unmade = { readonly detail: string; readonly isFinal: boolean }

async function ask(outlets: LinkOutlets, opened: OpenGateway, link: Taken): Promise<Link | Unmade> {
  const { gateway, config } = opened
  const look = link.attempts > 1 ? gateway.findLink(config, link.reference) : undefined
  if (look) {
    const found = await outlets.call(look)
    const earlier = isSuccess(found) ? gateway.readLink(found.json) : undefined
    if (earlier) return checked(earlier)
    // What is not known is not made twice: only a clear "not there" lets it be made.
    if (!isSuccess(found) && !('status' in found && found.status === 404)) return unmade(found)
  }
  const answer = await outlets.call(gateway.createLink(config, link))
  const made = isSuccess(answer) ? gateway.readLink(answer.json) : undefined
  if (made) return checked(made)
  return isSuccess(answer)
    ? { detail: 'The gateway’s answer holds no link.', isFinal: false }
    : unmade(answer)
}

const URL_MAX_CHARS = 2_000

/** What a gateway says is no more trusted than what anybody says: people will be sent this address. */
function checked(link: Link): Link | Unmade {
  const isWeb = URL.canParse(link.url) && /^https:\/\//i.test(link.url) && link.url.length <= URL_MAX_CHARS
  return isWeb ? link : { detail: 'The gateway’s answer holds no https link.', isFinal: true }
}

function isSuccess(called: Called): called is Extract<Called, { status: number }> {
  return 'status' in called && called.status >= 200 && called.status < 300
}

/** Refused for good, but for what passes by itself: too many requests, time-outs, conflicts of two tries, outages. */
function unmade(called: Called): Unmade {
  if ('error' in called) return { detail: called.error, isFinal: false }
  const { status } = called
  const passes = status >= 500 || [408, 409, 425, 429].includes(status)
  return { detail: `The gateway answered ${status}.`, isFinal: !passes }
}

async function settleMade(
  outlets: LinkOutlets,
  linkId: string,
  { invoiceId, amountMinor }: Taken,
  { url, externalId }: Link,
): Promise<'made' | 'later'> {
  return outlets.within(async (scope) => {
    const at = scope.now.toISOString()
    const made = await scope.sql`
      UPDATE payment_links SET state = 'made', url = ${url}, external_id = ${externalId.slice(0, 300)}, detail = NULL, made_at = ${at}::timestamptz
       WHERE id = ${linkId} AND workspace_id = ${scope.workspaceId} AND state = 'wanted' RETURNING 1`
    if (made.length === 0) return 'later'
    const [owed] = await scope.sql<{ owed: bigint }[]>`
      SELECT amount - paid AS owed FROM invoices WHERE id = ${invoiceId} AND workspace_id = ${scope.workspaceId} FOR UPDATE`
    // What was paid meanwhile makes it a link to the wrong amount: another is wanted at the next look.
    await linkInvoice(scope, invoiceId, owed!.owed === amountMinor ? url : undefined)
    return 'made'
  })
}

async function settleFailed(
  outlets: LinkOutlets,
  linkId: string,
  { invoiceId, gatewayId }: Taken,
  detail: string,
): Promise<'failed'> {
  await outlets.within(async (scope) => {
    const failed = await scope.sql`
      UPDATE payment_links SET state = 'failed', detail = ${detail}
       WHERE id = ${linkId} AND workspace_id = ${scope.workspaceId} AND state = 'wanted' RETURNING 1`
    if (failed.length === 0) return
    await linkInvoice(scope, invoiceId, undefined)
    await recordEvent(scope, 'payment_link.failed', `invoice:${invoiceId}`, { gateway_id: gatewayId, detail })
  })
  return 'failed'
}

async function putOff({ sql, workspaceId, now }: Scope, linkId: string, waitMs: number, detail: string) {
  await sql`
    UPDATE payment_links SET try_at = ${new Date(now.getTime() + waitMs).toISOString()}::timestamptz, detail = ${detail}
     WHERE id = ${linkId} AND workspace_id = ${workspaceId} AND state = 'wanted'`
}
