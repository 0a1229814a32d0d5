import { STATUS_CODES } from 'node:http'
import { z } from 'zod'
import type { Refusal } from '../platform/result.ts'

/**
 * Every word an error may say, with its status and its title: the one table from which documents, answers and tests
 * are made. A refusal whose word is missing here is a bug and answered as one.
 */
export const PROBLEMS = {
  malformed_json: [400, 'The body is not JSON'],
  malformed_multipart: [400, 'The form is not well-formed'],
  malformed_request: [400, 'The request is not well-formed'],
  validation_failed: [400, 'The request is not valid'],
  currency_mismatch: [400, 'The currency is not the workspace’s'],
  unauthenticated: [401, 'An API key is needed'],
  bad_signature: [401, 'The signature does not match'],
  insufficient_funds: [402, 'The wallet does not suffice'],
  forbidden: [403, 'The role does not allow this'],
  self_approval: [403, 'Nobody approves what they made'],
  bad_verify_token: [403, 'The verify token does not match'],
  not_found: [404, 'Not found'],
  method_not_allowed: [405, 'The method is not allowed here'],
  request_timeout: [408, 'The request took too long to arrive'],
  wrong_state: [409, 'The state does not allow this'],
  quote_not_current: [409, 'The quote is not the current one'],
  quote_expired: [409, 'The quote has expired'],
  quote_changed: [409, 'What was quoted has changed'],
  no_link_maker: [409, 'No payment gateway makes links'],
  no_recipients: [409, 'There is nobody to send to'],
  template_not_approved: [409, 'The template may not be sent'],
  price_changed: [409, 'The price is not the one that was approved'],
  sender_without_templates: [409, 'The sender keeps no templates'],
  sender_stopped: [409, 'The sender is stopped'],
  schedule_in_past: [409, 'The time of sending has passed'],
  approval_expired: [409, 'The time to approve has passed'],
  approval_outdated: [409, 'What is to be approved has changed'],
  already_decided: [409, 'Nobody approves twice'],
  no_price: [409, 'There is no price for this'],
  mixed_models: [409, 'The prices do not fit into one campaign'],
  charge_moment_not_supported: [409, 'The prices are charged at another moment'],
  books_do_not_balance: [409, 'The books do not balance'],
  last_owner: [409, 'A workspace keeps an owner'],
  already_member: [409, 'The address belongs to a member'],
  reference_reused: [409, 'The reference belongs to another payment'],
  idempotency_key_reused: [409, 'The idempotency key belongs to another request'],
  body_too_large: [413, 'The body is too large'],
  file_too_large: [413, 'The file is too large'],
  unsupported_media_type: [415, 'The content type is not supported'],
  expectation_failed: [417, 'The expectation cannot be met'],
  missing_variable: [422, 'A value for a variable is missing'],
  value_not_usable: [422, 'A value cannot be used as the template needs it'],
  parameter_not_allowed: [422, 'The platform does not take this text'],
  too_long: [422, 'The message would be too long'],
  rate_limited: [429, 'Too many requests'],
  headers_too_large: [431, 'The headers are too large'],
  internal_error: [500, 'Something went wrong on our side'],
  unavailable: [503, 'Not available right now'],
} as const satisfies Record<string, readonly [status: number, title: string]>

export type ProblemCode = keyof typeof PROBLEMS

export const PROBLEM_TYPE = 'application/problem+json'

/** One thing that is wrong with the input; `path` as in `audience.list_id` or `buttons[0].text`. */
export const inputErrorSchema = z
  .strictObject({
    path: z.string(),
    code: z.string(),
    message: z.string(),
    line: z.int().min(1).optional().meta({ description: 'Where in a text it is.' }),
    column: z.int().min(1).optional(),
  })
  .meta({ id: 'InputError' })
export type InputError = z.output<typeof inputErrorSchema>

/** The body of every error (RFC 9457). Further members carry the facts of the case. */
export const problemSchema = z
  .looseObject({
    type: z.string().meta({ description: 'A URI for the kind of problem.' }),
    title: z.string().meta({ description: 'What kind of problem it is.' }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status.' }),
    detail: z.string().meta({ description: 'What happened and what to do, in a sentence.' }),
    code: z.string().meta({ description: 'A stable word to switch on.' }),
    instance: z.string().meta({ description: 'The request, as in the header X-Request-Id.' }),
    errors: z.array(inputErrorSchema).optional().meta({ description: 'What is wrong with the input.' }),
  })
  .meta({ id: 'Problem', description: 'An error (RFC 9457). Further members carry the facts of the case.' })
export type ProblemBody = z.output<typeof problemSchema>

/** A refusal on its way to the one place that answers errors. */
export class Problem extends Error {
  readonly code: ProblemCode
  readonly facts: Readonly<Record<string, unknown>>
  readonly headers: Readonly<Record<string, string>>

  constructor(
    code: ProblemCode,
    detail: string,
    facts: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(detail)
    this.name = 'Problem'
    this.code = code
    this.facts = facts
    this.headers = headers
  }
}

/** Turns a verb's refusal into a problem. @throws if the word is not in the table: that is a bug, not an answer */
export function problemOf(refusal: Refusal): Problem {
  if (!isProblemCode(refusal.reason))
    throw new Error(`the refusal ${refusal.reason} has no place in PROBLEMS`)
  return new Problem(refusal.reason, refusal.message, refusal.facts)
}

/** The status that a problem is answered with. */
export function statusOf(code: ProblemCode): number {
  return PROBLEMS[code][0]
}

/** The document that a problem is answered with; facts never overwrite its own members. */
export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const [status, title] = PROBLEMS[problem.code]
  return {
    ...problem.facts,
    type: `urn:duecast:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    instance: `urn:duecast:request:${requestId}`,
  }
}

/** The codes that share a status, as documents list them. */
export function codesByStatus(codes: readonly ProblemCode[]): Map<number, ProblemCode[]> {
  const grouped = new Map<number, ProblemCode[]>()
  for (const code of codes) grouped.set(statusOf(code), [...(grouped.get(statusOf(code)) ?? []), code])
  return grouped
}

/** The plain name of a status, for documents. */
export function statusName(status: number): string {
  return STATUS_CODES[status] ?? 'Answer'
}

function isProblemCode(word: string): word is ProblemCode {
  return Object.hasOwn(PROBLEMS, word)
}
