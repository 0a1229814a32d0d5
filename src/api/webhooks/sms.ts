import type { Request, Response } from 'express'
import { connectDeps, type OpenSender, packCallback } from '../../delivery/index.ts'
import { rawBodyReader } from '../body.ts'
import type { ApiHouse } from '../house.ts'
import { originOf } from '../observe.ts'
import { Problem } from '../problem.ts'
import { definePublicRoute } from '../route.ts'
import { WEBHOOK_REFUSALS, WITH_BODY } from './refusals.ts'
import { findSender, store } from './whatsapp.ts'

/** One report, or a list of them. */
const WEBHOOK_MAX_BYTES = 1024 * 1024
const readRaw = rawBodyReader(WEBHOOK_MAX_BYTES)

export const receiveSmsCallback = definePublicRoute({
  method: 'post',
  path: '/webhooks/sms/{sender_id}',
  tag: 'Webhooks',
  summary: 'Where an SMS platform reports what became of messages',
  description:
    'Signed over the address and the form (`X-Twilio-Signature`). 200 once it is stored; anything else means: send it again.',
  rawBody: 'application/x-www-form-urlencoded',
  responses: { 200: null },
  refusals: WITH_BODY,
  handler: receive,
})

export const receiveGatewayCallback = definePublicRoute({
  method: 'post',
  path: '/webhooks/sms/{sender_id}/{key}',
  tag: 'Webhooks',
  summary: 'Where a gateway that is described by data reports',
  description:
    'The last part of the address is secret; a signature of the body is checked where the gateway signs.',
  rawBody: 'application/json',
  responses: { 200: null },
  refusals: WITH_BODY,
  handler: receive,
})

export const receiveGatewayQuery = definePublicRoute({
  method: 'get',
  path: '/webhooks/sms/{sender_id}/{key}',
  tag: 'Webhooks',
  summary: 'Where a gateway reports that can only call an address',
  responses: { 200: null },
  refusals: WEBHOOK_REFUSALS,
  handler: receive,
})

async function receive(request: Request, response: Response, house: ApiHouse): Promise<void> {
  const sender = await findSender(house, request)
  if (sender.provider.channel !== 'sms') throw new Problem('not_found', 'There is no such sender.')
  const body = await readRaw(request, response)
  refuseForgery(house, sender, request, body)
  const query = request.originalUrl.slice(`${request.originalUrl}?`.indexOf('?') + 1)
  await store(house, originOf(request), sender, packCallback(query, request.get('content-type') ?? '', body))
  response.status(200).end()
}

/** A signature may be over the address as the platform was given it, which a proxy on the way may have altered. */
function refuseForgery(house: ApiHouse, sender: OpenSender, request: Request, body: Buffer): void {
  const { appSecret } = connectDeps(house.secrets, sender.id, { serverUrl: '', simulatorUrl: '' })
  const secrets = sender.provider.signingSecrets(sender.config, { appSecret })
  const origins = [
    house.publicUrl,
    ...['http', 'https'].map((scheme) => `${scheme}://${request.get('host')}`),
  ]
  const call = {
    urls: origins.filter((origin) => origin !== undefined).map((origin) => origin + request.originalUrl),
    key: typeof request.params.key === 'string' ? request.params.key : undefined,
    config: sender.config,
  }
  if (sender.provider.verifySignature(body, request.headers, secrets, call)) return
  throw new Problem('bad_signature', 'The signature is not this sender’s.')
}
