import { ok, type Result } from '../platform/result.ts'
import { type RenderReason, render, tooLong } from './render.ts'
import { shortestChars } from './requirements.ts'
import { outsideGsm7, plainSms, type SmsSize, smsSize } from './segments.ts'
import type { OpenTemplate, PartFault } from './template.ts'
import type { Variables } from './variables.ts'

/** Twilio's limit, and more than any phone shows at once. */
export const SMS_MAX_CHARS = 1_600
/** Ten parts; some networks refuse more. */
export const SMS_MAX_SEGMENTS = 10

/** The text of one recipient as it is sent, and what it is charged as. */
export type SmsText = SmsSize & { readonly text: string }

/**
 * Fills an SMS template for one contact. Refused as by `render`, and with `too_long` beyond the limit of characters
 * or of segments.
 */
export function smsTextFor(template: OpenTemplate, variables: Variables): Result<SmsText, RenderReason> {
  const { language } = template.form
  const filled = render(template.body, variables, { language, maxChars: SMS_MAX_CHARS })
  if (!filled.ok) return filled
  const text = plainSms(filled.value)
  const size = smsSize(text)
  if (size.segments > SMS_MAX_SEGMENTS) return tooLong(text.length, SMS_MAX_CHARS, 'text')
  return ok({ text, ...size })
}

/** What an SMS template must keep: one plain text, and not longer than can be sent whatever the values. */
export function smsFaults(template: OpenTemplate): PartFault[] {
  const { form, body } = template
  return [
    ...when(form.body.text.trim() === '', 'body', 'required', 'A template needs a body.'),
    ...when(
      form.header !== undefined || form.media !== undefined,
      'header',
      'not_on_sms',
      `An SMS has no header: ${PUT_IT_INTO_BODY}`,
    ),
    ...when(form.footer !== undefined, 'footer', 'not_on_sms', `An SMS has no footer: ${PUT_IT_INTO_BODY}`),
    ...when(form.buttons.length > 0, 'buttons', 'not_on_sms', `An SMS has no buttons: ${PUT_IT_INTO_BODY}`),
    ...when(
      shortestChars(body.nodes) > SMS_MAX_CHARS,
      'body',
      'too_long',
      `Whatever the values, this would be longer than ${SMS_MAX_CHARS} characters.`,
    ),
  ]
}

const PUT_IT_INTO_BODY = 'put the words, or the link, into the body.'

/** What is allowed and may cost more, or offend. */
export function smsWarnings(template: OpenTemplate, category: string): PartFault[] {
  const words = plainSms(fixedWords(template))
  const dear = outsideGsm7(words).slice(0, SHOWN_CHARACTERS)
  return [
    ...when(
      dear.length > 0,
      'body',
      'sms_ucs2',
      `With ${dear.join(' ')} an SMS holds 70 characters in place of 160, and costs more: consider plain letters.`,
    ),
    ...when(
      category === 'marketing' && !OPT_OUT_WORDS.test(words),
      'body',
      'opt_out_missing',
      'Advertising by SMS must say how to stop it: add words such as “Reply STOP to opt out”.',
    ),
  ]
}

const SHOWN_CHARACTERS = 10
const OPT_OUT_WORDS =
  /\b(stop|opt.?out|unsubscribe|berhenti|unreg|baja|cancelar|darse de baja|sair|parar|abmelden)\b/i

function fixedWords({ form }: OpenTemplate): string {
  return form.body.segments.filter((segment) => typeof segment === 'string').join('')
}

function when(faulty: boolean, path: string, code: string, message: string): PartFault[] {
  return faulty ? [{ path, code, message }] : []
}
