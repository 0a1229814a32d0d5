import { createHmac } from 'node:crypto'

/** The secret last part of a sender's callback address: nobody guesses it, and nothing else can be learnt from it. */
export function callbackKey(appSecret: string): string {
  return createHmac('sha256', appSecret).update('callback address').digest('base64url').slice(0, 32)
}
