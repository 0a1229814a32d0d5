import type { ErrorAction } from '../../provider.ts'

/**
 * Twilio's error codes that a campaign can meet, whether in an answer or in a callback, and what to do about each.
 * `refused` says of an answer whether the same message may go again once the cause is mended.
 */
export type TwilioRule = {
  readonly action: ErrorAction
  readonly refused: 'not_sent' | 'rejected'
  readonly message: string
  readonly retryAfterMs?: number
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

const again = (retryAfterMs: number, message: string): TwilioRule => ({
  action: 'retry',
  refused: 'not_sent',
  message,
  retryAfterMs,
})
const recipient = (message: string): TwilioRule => ({ action: 'recipient', refused: 'rejected', message })
const campaign = (message: string): TwilioRule => ({ action: 'campaign', refused: 'rejected', message })
const sender = (message: string): TwilioRule => ({ action: 'sender', refused: 'not_sent', message })
const account = (message: string): TwilioRule => ({ action: 'account', refused: 'not_sent', message })

const RULES: Readonly<Record<number, TwilioRule>> = {
  14107: again(SECOND_MS, 'The sender sends faster than it may. Sending slows down, then goes on.'),
  20003: account('The account SID and token do not fit: copy both from the console again, then resume.'),
  20005: account('The account is not active: see the provider’s console, then resume.'),
  20006: account('The account may not do this: see its permissions, then resume.'),
  20404: account('There is no such account: check account_sid and api_base_url, then resume.'),
  20429: again(SECOND_MS, 'Too many calls at once. Sending slows down, then goes on.'),
  21211: recipient('The recipient’s number is not a valid one.'),
  21212: sender('The number to send from is not a valid one: check from, then resume.'),
  21214: recipient('The recipient’s number cannot be reached.'),
  21217: recipient('The recipient’s number is not a valid one.'),
  21408: recipient('Sending to the recipient’s country is not enabled in the account.'),
  21421: sender('The number to send from is not a valid one: check from, then resume.'),
  21602: campaign('The text is empty: mend the template.'),
  21603: sender('A number to send from is missing: check from, then resume.'),
  21606: sender('The number to send from cannot send SMS: check from, then resume.'),
  21609: sender(
    'The address for callbacks is not taken: set PUBLIC_URL to one that is reached from outside.',
  ),
  21610: recipient('The recipient has opted out by replying STOP.'),
  21611: again(
    MINUTE_MS,
    'Too many messages wait at the number to send from. It is tried again in a minute.',
  ),
  21612: recipient('The recipient cannot be reached from this sender.'),
  21614: recipient('The recipient’s number is not a mobile one.'),
  21617: recipient('The text is longer than 1,600 characters.'),
  21619: campaign('The text is empty: mend the template.'),
  21626: sender(
    'The address for callbacks is not taken: set PUBLIC_URL to one that is reached from outside.',
  ),
  21659: sender('The number to send from is not the account’s: check from, then resume.'),
  21660: sender('The number to send from is not the account’s: check from, then resume.'),
  21703: sender('The messaging service has no number to send from: add one, then resume.'),
  21705: sender('There is no such messaging service: check messaging_service_sid, then resume.'),
  30001: again(MINUTE_MS, 'Too many messages waited at the provider.'),
  30002: account('The account is suspended: see the provider’s console, then resume.'),
  30003: recipient('The phone is switched off or out of reach.'),
  30004: recipient('The recipient or the network blocks the message.'),
  30005: recipient('The number is unknown or no longer in use.'),
  30006: recipient('The number is a landline, or its network takes no SMS.'),
  30007: recipient('The network has filtered the message as unwanted.'),
  30008: recipient('The network has failed to deliver it without saying why.'),
  30010: account('The message costs more than the account allows: see its limits.'),
  30024: sender('The sender’s name is not registered for this country: register it, then resume.'),
  30034: sender('The number is not registered for business traffic: register it, then resume.'),
  30410: recipient('The network did not answer in time.'),
  90010: account('The account is not active: see the provider’s console, then resume.'),
}

/** The rule of a code; undefined for one that is not known. */
export function twilioRule(code: number): TwilioRule | undefined {
  return Object.hasOwn(RULES, code) ? RULES[code] : undefined
}

/** The sentence of a code that is not known. */
export function explainUnknown(code: number | string): string {
  return `The provider refused the message with a code that is not known here (${code}).`
}
