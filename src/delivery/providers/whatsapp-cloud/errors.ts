import type { ErrorAction } from '../../provider.ts'

/**
 * Every error code of the WhatsApp Business Platform that a campaign can meet, and what to do about each. From
 * Meta's error page as of 2026-09-11, with the business-scoped user id and marketing-message codes. The code alone
 * decides: titles and HTTP statuses change, and Meta asks not to rely on them.
 *
 * `refused` says whether the same message may go again once the cause is mended (`not_sent`) or never (`rejected`).
 */
export type ErrorRule = {
  readonly code: number
  readonly action: ErrorAction
  readonly refused: 'not_sent' | 'rejected'
  /** What happened. */
  readonly what: string
  /** What to do. */
  readonly mend: string
  /** The least time before the next try. */
  readonly retryAfterMs?: number
  /** By how much each wait is longer than the one before, where the platform asks for more than twice. */
  readonly retryFactor?: number
  /** How often it is tried at most with this answer, where the platform promises nothing of trying longer. */
  readonly mostTries?: number
  /** The fault of one row or, where most of the first rows meet it, of the campaign. */
  readonly isSystematic?: boolean
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const DAY_MS = 24 * 60 * MINUTE_MS

export const ERROR_RULES: readonly ErrorRule[] = [
  // Try again later: the platform was busy, and says that it took nothing.
  {
    ...again(1, 30 * SECOND_MS, 'WhatsApp could not handle the request.', 'It is tried twice again.'),
    mostTries: 3,
  },
  again(2, 30 * SECOND_MS, 'WhatsApp is down for a moment.', 'It is tried again.'),
  again(4, MINUTE_MS, 'The app has made too many API calls.', 'All calls slow down, then go on.'),
  again(
    80007,
    MINUTE_MS,
    'The business account has made too many API calls.',
    'Its calls slow down, then go on.',
  ),
  again(
    130429,
    SECOND_MS,
    'The number sends faster than WhatsApp allows.',
    'Sending slows down; lower messages_per_second if it recurs.',
  ),
  {
    ...again(
      131056,
      6 * SECOND_MS,
      'Too many messages to this recipient within a few seconds.',
      'This recipient waits, longer each time; others go on.',
    ),
    retryFactor: 4,
  },
  {
    ...again(131000, 30 * SECOND_MS, 'Something went wrong at WhatsApp.', 'It is tried again a few times.'),
    mostTries: 4,
  },
  again(131016, 30 * SECOND_MS, 'A WhatsApp service is unavailable.', 'It is tried again.'),
  again(133004, 30 * SECOND_MS, 'The WhatsApp server is unavailable.', 'It is tried again.'),
  again(
    131057,
    MINUTE_MS,
    'The number is under maintenance or being upgraded.',
    'It is tried again in a minute.',
  ),
  again(2494100, MINUTE_MS, 'The number is under maintenance.', 'It is tried again in a minute.'),
  again(
    134101,
    10 * MINUTE_MS,
    'The template is still being copied to marketing messages.',
    'It is tried again in ten minutes.',
  ),

  // Not before a day has passed: an early retry is punished with a longer block.
  {
    code: 131049,
    action: 'wait_a_day',
    refused: 'not_sent',
    what: 'WhatsApp limits how many marketing messages this person gets, from all businesses together.',
    mend: 'Wait at least 24 hours; trying earlier is punished. Reminders belong in a utility template.',
    retryAfterMs: DAY_MS,
    mostTries: 2,
  },

  // Never again this message to this recipient.
  row(100, 'A parameter of the message is not valid.', 'Check the row’s values against the template.'),
  row(131008, 'A required parameter is missing.', 'Check the row’s values against the template.'),
  row(131009, 'A parameter’s value is not valid.', 'Check the row’s values and the phone number.'),
  row(135000, 'WhatsApp could not read a parameter of the message.', 'Check the row’s values.'),
  never(130403, 'The recipient has blocked this business.', 'Do not write again until they write first.'),
  never(
    130472,
    'The recipient is part of a WhatsApp experiment in which this message is not delivered.',
    'Sending again does not help, and it is not billed; reach the person another way.',
  ),
  never(
    130497,
    'This business may not message people in the recipient’s country.',
    'Leave that country out of the audience.',
  ),
  never(131021, 'The recipient is the sending number itself.', 'Take the sender out of the list.'),
  never(
    131026,
    'The message cannot be delivered: the number may not be on WhatsApp, or its app is too old.',
    'Check the number, or reach the person another way.',
  ),
  never(
    131030,
    'The number is not in the list of allowed test recipients.',
    'Add it to the test number’s list, or use a real number.',
  ),
  never(
    131047,
    'More than 24 hours have passed since the person last wrote.',
    'Use a template instead of free text.',
  ),
  never(
    131050,
    'The person has stopped marketing messages from this business.',
    'Send no more marketing to them.',
  ),
  never(131051, 'WhatsApp does not support this type of message.', 'Use a text template.'),
  never(131052, 'The media that the person sent could not be downloaded.', 'Ask them to send it again.'),
  never(
    131062,
    'This template cannot be sent to a user id without a phone number.',
    'Send it to the phone number if it is known.',
  ),
  never(132005, 'The text is too long once its variables are filled in.', 'Shorten the row’s values.'),
  row(132008, 'A template parameter has the wrong format.', 'Check the row’s values against the template.'),
  row(132012, 'A template parameter has the wrong format.', 'Check the row’s values against the template.'),
  row(
    132018,
    'The template’s parameters were refused.',
    'Take line breaks, tabs and runs of spaces out of the row’s values.',
  ),

  // Stop the campaign: its template or its content is at fault, and every message would meet the same refusal.
  spoilt(
    132000,
    'The number of parameters is not what the template expects.',
    'Mend the template’s variables.',
  ),
  spoilt(
    132007,
    'The template’s content breaks WhatsApp’s policy.',
    'Change the wording and submit it again.',
  ),
  spoilt(132016, 'The template was disabled for good because of low quality.', 'Send another template.'),
  spoilt(132068, 'The flow in the template is blocked.', 'Mend the flow, or send another template.'),
  spoilt(132069, 'The flow in the template is throttled.', 'Wait, or send another template.'),
  stops(
    132001,
    'campaign',
    'The template does not exist or is not approved in this language.',
    'Wait for its approval, then resume the campaign.',
  ),
  stops(
    132015,
    'campaign',
    'WhatsApp has paused the template because of low quality.',
    'Improve it; when WhatsApp lifts the pause, resume the campaign.',
  ),
  stops(
    131053,
    'campaign',
    'The media of the template could not be uploaded.',
    'Check the file, then resume.',
  ),
  stops(
    131055,
    'campaign',
    'Only marketing templates may go out this way.',
    'Send it through the ordinary Cloud API, then resume.',
  ),
  stops(
    131061,
    'campaign',
    'The template has a maximum price and must go out as a marketing message.',
    'Send it through the Marketing Messages API, or take its maximum price off, then resume.',
  ),
  stops(
    131063,
    'campaign',
    'Marketing templates are switched off on the Cloud API for this account.',
    'Switch them on in WhatsApp Manager, or use the Marketing Messages API, then resume.',
  ),
  stops(
    134100,
    'campaign',
    'Only marketing templates may go out this way.',
    'Use another template, then resume.',
  ),
  stops(
    134102,
    'campaign',
    'The template cannot be used with marketing messages.',
    'Send it through the ordinary Cloud API, then resume.',
  ),

  // Stop this number.
  stops(
    131048,
    'sender',
    'WhatsApp restricts the number because too many of its messages were reported as spam.',
    'Look at the number’s quality in WhatsApp Manager; resume when the restriction ends.',
  ),
  stops(131037, 'sender', 'The number’s display name is not approved.', 'Have it approved, then resume.'),
  stops(131045, 'sender', 'The number is not registered correctly.', 'Register it again, then resume.'),
  stops(133006, 'sender', 'The number has to be verified first.', 'Verify and register it, then resume.'),
  stops(133010, 'sender', 'The number is not registered.', 'Register it, then resume.'),
  stops(
    33,
    'sender',
    'The phone number id is not known, or the token may not use it.',
    'Check phone_number_id and the token’s permissions, then resume.',
  ),
  stops(133000, 'sender', 'An earlier deregistration of the number did not finish.', 'Deregister it again.'),
  stops(
    133005,
    'sender',
    'The number’s two-step PIN is wrong.',
    'Set the PIN again and register the number.',
  ),
  stops(
    133008,
    'sender',
    'Too many wrong PINs for the number.',
    'Wait as long as WhatsApp says, then register it.',
  ),
  stops(
    133009,
    'sender',
    'The PIN was entered too fast.',
    'Wait as long as WhatsApp says, then register it.',
  ),
  stops(133015, 'sender', 'The number was deleted a moment ago.', 'Wait five minutes, then register it.'),
  stops(133016, 'sender', 'The number was registered too many times.', 'Wait 72 hours, then register it.'),

  // Stop the account.
  stops(0, 'account', 'WhatsApp does not accept the access token.', 'Enter a new token, then resume.'),
  stops(190, 'account', 'The access token has expired or was revoked.', 'Enter a new token, then resume.'),
  stops(
    3,
    'account',
    'The app lacks the capability to send messages.',
    'Give the token the permission whatsapp_business_messaging, then resume.',
  ),
  stops(
    10,
    'account',
    'The token lacks a permission.',
    'Give it the permission whatsapp_business_messaging, then resume.',
  ),
  stops(131005, 'account', 'Access is denied.', 'Check the token’s permissions, then resume.'),
  stops(
    368,
    'account',
    'WhatsApp has blocked the account for breaking its policies.',
    'Appeal in WhatsApp Manager.',
  ),
  stops(131031, 'account', 'WhatsApp has locked the account.', 'See why in WhatsApp Manager, and appeal.'),
  stops(
    131042,
    'account',
    'WhatsApp cannot charge the account: payment method, currency or time zone.',
    'Mend the billing settings in WhatsApp Manager, then resume.',
  ),
  stops(131044, 'account', 'WhatsApp cannot charge the account.', 'Mend the billing settings, then resume.'),
  stops(
    131064,
    'account',
    'Utility messages are limited because templates were put in the wrong category.',
    'Correct the categories; resume when WhatsApp lifts the limit.',
  ),
  stops(134011, 'account', 'The terms of WhatsApp Payments are not accepted.', 'Accept them, then resume.'),
]

const PERMISSION_CODES = { first: 200, last: 299 }
const PERMISSION_RULE = stops(
  200,
  'account',
  'The token lacks a permission.',
  'Give it the permission whatsapp_business_messaging for this account, then resume.',
)

const RULES_BY_CODE: ReadonlyMap<number, ErrorRule> = new Map(ERROR_RULES.map((rule) => [rule.code, rule]))

/** The rule for a code, or undefined for one that the table does not know. */
export function ruleFor(code: number): ErrorRule | undefined {
  const rule = RULES_BY_CODE.get(code)
  if (rule) return rule
  return code >= PERMISSION_CODES.first && code <= PERMISSION_CODES.last ? PERMISSION_RULE : undefined
}

/** What happened and what to do, in two sentences. */
export function explain(rule: ErrorRule): string {
  return `${rule.what} ${rule.mend}`
}

/** What to tell about a code that the table does not know, with the platform's own words where it gave any. */
export function explainUnknown(code: string, title: string): string {
  const words = title === '' ? '' : ` (“${title}”)`
  return `WhatsApp refused the message with code ${code}${words}. Look the code up in WhatsApp’s documentation.`
}

function again(code: number, retryAfterMs: number, what: string, mend: string): ErrorRule {
  return { code, action: 'retry', refused: 'not_sent', what, mend, retryAfterMs }
}

function never(code: number, what: string, mend: string): ErrorRule {
  return { code, action: 'recipient', refused: 'rejected', what, mend }
}

/** A fault of the row's own values; where nearly every row has it, the template or its variables are at fault. */
function row(code: number, what: string, mend: string): ErrorRule {
  return { ...never(code, what, mend), isSystematic: true }
}

/** The message itself can never pass, and no other of the campaign either. */
function spoilt(code: number, what: string, mend: string): ErrorRule {
  return { code, action: 'campaign', refused: 'rejected', what, mend }
}

/** Something around the message is at fault: it stays queued, and goes when that is mended. */
function stops(
  code: number,
  action: 'campaign' | 'sender' | 'account',
  what: string,
  mend: string,
): ErrorRule {
  return { code, action, refused: 'not_sent', what, mend }
}
