import type { Request } from 'express'
import { openGateway, receiveGatewayEvent } from '../../payments/index.ts'
import { isUuid } from '../../platform/ids.ts'
import { rawBodyReader } from '../body.ts'
import type { ApiHouse } from '../house.ts'
import { originOf } from '../observe.ts'
import { Problem } from '../problem.ts'
import { definePublicRoute } from '../route.ts'
import { WITH_BODY } from './refusals.ts'

/** Gateways send some kilobytes. */
const WEBHOOK_MAX_BYTES = 256 * 1024
const readRaw = rawBodyReader(WEBHOOK_MAX_BYTES)

export const receivePaymentWebhook = definePublicRoute({
  method: 'post',
  path: '/webhooks/payments/{gateway_id}',
  tag: 'Webhooks',
  summary: 'Where a payment gateway tells of payments',
  description:
    'Proved as each gateway does (Midtrans `signature_key`, Xendit `x-callback-token`, Razorpay `X-Razorpay-Signature`, ' +
    'Stripe `Stripe-Signature`) over the raw body. 200 once it is committed, whatever it was about; the same event again ' +
    'changes nothing.',
  rawBody: 'application/json',
  responses: { 200: null },
  refusals: WITH_BODY,
  handler: async (request, response, house) => {
    const opened = await findConnection(house, request)
    const body = await readRaw(request, response)
    const now = house.clock.now()
    if (!opened.gateway.verify(body, request.headers, opened.webhookSecrets(now), now))
      throw new Problem('bad_signature', 'The signature is not this gateway’s.')
    const cause = {
      workspaceId: opened.workspaceId,
      actor: { name: `gateway:${opened.gateway.provider}`, role: 'owner' as const },
      ...originOf(request),
    }
    const outcome = await house.database.within(cause, (scope) =>
      receiveGatewayEvent(scope, opened, body, request.headers),
    )
    const { requestId } = cause
    house.log.info(
      { gatewayId: opened.id, outcome: outcome ?? 'seen_before', requestId },
      'a gateway told of a payment',
    )
    response.status(200).end()
  },
})

async function findConnection(house: ApiHouse, request: Request) {
  const id = String(request.params.gateway_id)
  const opened = isUuid(id) ? await openGateway(house.database.sql, house.secrets, id) : undefined
  if (!opened) throw new Problem('not_found', 'There is no such payment gateway.')
  return opened
}
