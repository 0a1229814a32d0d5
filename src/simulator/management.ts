import { createHmac } from 'node:crypto'
import { type GraphAnswer, graphError, unknownObject } from './graph.ts'
import type { Orders } from './orders.ts'

/** A question of the management API, by its path below the version and its query. */
export type ManagementCall = {
  readonly path: string
  readonly query: URLSearchParams
  readonly token: string
}

/** What is answered, and how far the clock of the stand-in is off; `silent` is no answer at all. */
export type ManagementAnswer = (GraphAnswer & { readonly clockOffMs: number }) | 'silent'

/** The app that every token belongs to. */
export const APP_ID = '1234567890'
const CLOCK_OFF_MS = 900_000

/**
 * What the platform says of a sender's token, number, account and webhooks: all in order, but for the faults that its
 * orders name (`check_faults`). Pure.
 */
export function answerManagement(orders: Orders, call: ManagementCall): ManagementAnswer {
  if (has(orders, 'silent')) return 'silent'
  const clockOffMs = has(orders, 'clock_off') ? CLOCK_OFF_MS : 0
  return { ...answerOf(orders, call), clockOffMs }
}

function answerOf(orders: Orders, { path, query, token }: ManagementCall): GraphAnswer {
  if (has(orders, 'token_invalid'))
    return graphError(190, 'Error validating access token: the session has been invalidated')
  const proof = query.get('appsecret_proof')
  if (proof !== null && proof !== proofOf(orders, token))
    return graphError(100, 'Invalid appsecret_proof provided in the API argument')
  const { phone_number_id: phoneId, accountId } = orders
  if (path === 'debug_token') return json({ data: tokenFacts(orders) })
  if (path === phoneId && !has(orders, 'number_unknown')) return json(numberFacts(orders))
  if (has(orders, 'account_unknown') || path.split('/')[0] !== accountId)
    return unknownObject(path.slice(0, 64))
  if (path === accountId) return json(accountFacts(orders))
  if (path === `${accountId}/phone_numbers`)
    return json({ data: [{ id: has(orders, 'number_elsewhere') ? '100000000000001' : phoneId }] })
  if (path === `${accountId}/subscribed_apps`) return json({ data: subscriptions(orders) })
  return unknownObject(path.slice(0, 64))
}

function has(orders: Orders, fault: string): boolean {
  return orders.check_faults.includes(fault)
}

/** With the fault, the secret of some other app is the right one. */
function proofOf(orders: Orders, token: string): string {
  const secret = has(orders, 'wrong_app_secret') ? 'another app’s secret' : orders.app_secret
  return createHmac('sha256', secret).update(token).digest('hex')
}

function tokenFacts(orders: Orders): object {
  const scopes = ['whatsapp_business_messaging', 'whatsapp_business_management']
  return {
    app_id: APP_ID,
    type: 'SYSTEM_USER',
    is_valid: true,
    expires_at: has(orders, 'token_expires') ? 4_102_444_800 : 0,
    scopes: has(orders, 'token_scopes') ? scopes.slice(0, 1) : scopes,
  }
}

function numberFacts(orders: Orders): object {
  const blocked = has(orders, 'messages_blocked')
  const error = {
    error_code: 141_006,
    error_description: 'There is an error with the payment method.',
    possible_solution: 'Update the payment method of the account.',
  }
  return {
    id: orders.phone_number_id,
    display_phone_number: '+1 555-078-3881',
    verified_name: 'The Stand-in',
    name_status: has(orders, 'name_declined') ? 'DECLINED' : 'APPROVED',
    status: has(orders, 'number_offline') ? 'OFFLINE' : 'CONNECTED',
    quality_rating: has(orders, 'quality_red') ? 'RED' : 'GREEN',
    throughput: { level: orders.messages_per_second > 80 ? 'HIGH' : 'STANDARD' },
    whatsapp_business_manager_messaging_limit: orders.messaging_limit,
    health_status: {
      can_send_message: blocked ? 'BLOCKED' : 'AVAILABLE',
      entities: [
        { entity_type: 'PHONE_NUMBER', id: orders.phone_number_id, can_send_message: 'AVAILABLE' },
        {
          entity_type: 'WABA',
          id: orders.accountId,
          can_send_message: blocked ? 'BLOCKED' : 'AVAILABLE',
          ...(blocked ? { errors: [error] } : {}),
        },
      ],
    },
  }
}

function accountFacts(orders: Orders): object {
  return {
    id: orders.accountId,
    name: 'The Stand-in',
    currency: 'IDR',
    account_review_status: has(orders, 'account_rejected') ? 'REJECTED' : 'APPROVED',
    owner_business_info: { name: 'The Stand-in', id: `9${orders.accountId}` },
  }
}

function subscriptions(orders: Orders): object[] {
  if (has(orders, 'not_subscribed')) return []
  const app = {
    whatsapp_business_api_data: { id: APP_ID, name: 'Duecast', link: 'https://example.com' },
  }
  return [
    has(orders, 'other_callback') ? { ...app, override_callback_uri: 'https://elsewhere.example/hook' } : app,
  ]
}

function json(body: object): GraphAnswer {
  return { status: 200, body: JSON.stringify(body) }
}
