/** What a webhook may be answered with, whoever sends it. */
export const WEBHOOK_REFUSALS = [
  'bad_signature',
  'not_found',
  'body_too_large',
  'malformed_request',
  'unavailable',
] as const

/** The same of one that bears a body. */
export const WITH_BODY = [...WEBHOOK_REFUSALS, 'unsupported_media_type'] as const
