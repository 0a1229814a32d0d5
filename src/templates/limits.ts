import type { TemplateInput } from './input.ts'
import type { TemplateNode } from './language.ts'
import {
  BODY_MAX_CHARS,
  COPY_CODE_MAX_CHARS,
  HEADER_MAX_CHARS,
  type PlatformButton,
  type PlatformPart,
  URL_MAX_CHARS,
} from './platform-form.ts'
import { countChars } from './render.ts'
import { shortestChars } from './requirements.ts'
import type { OpenTemplate, PartFault } from './template.ts'

/** WhatsApp's limits on a template as it is submitted (Meta help articles 54576642867, 68915738454, 54852885698). */
const HEADER_MAX_VARIABLES = 1
const FOOTER_MAX_CHARS = 60
const BUTTONS_MAX = 10
const URL_BUTTONS_MAX = 2
const PHONE_BUTTONS_MAX = 1
const COPY_CODE_BUTTONS_MAX = 1
const BUTTON_TEXT_MAX_CHARS = 25
const PHONE_MAX_CHARS = 20
const LINE_BREAKS_MAX = 2
const SPACES_MAX = 4

/** What WhatsApp would refuse outright, each with the path of the request that is at fault. */
export function limitFaults(template: OpenTemplate): PartFault[] {
  const { header, body, footer, buttons } = template.form
  return [
    ...(header ? headerFaults(header) : []),
    ...bodyFaults(body, template.body.nodes),
    ...(footer === undefined ? [] : footerFaults(footer)),
    ...buttonFaults(buttons),
  ]
}

/**
 * What WhatsApp's reviewers may refuse or what will look different from what its writer thinks. A template is saved
 * with these beside it: other channels and the simulator send it all the same.
 */
export function templateWarnings(input: TemplateInput, template: OpenTemplate): PartFault[] {
  const { header, body, buttons } = template.form
  return [
    ...(header ? formattingWarnings('header.text', header) : []),
    ...placementWarnings(body),
    ...blockWarnings('body', body),
    ...(header ? blockWarnings('header.text', header) : []),
    ...labelWarnings(buttons),
    ...(input.category === 'authentication' ? [AUTHENTICATION_WARNING] : []),
  ]
}

function headerFaults({ text, parameters }: PlatformPart): PartFault[] {
  const path = 'header.text'
  return [
    ...when(text.trim() === '', path, 'required', 'A header needs a text; leave it out to have none.'),
    ...lengthFault(path, text, HEADER_MAX_CHARS),
    ...when(
      parameters.length > HEADER_MAX_VARIABLES,
      path,
      'header_variables',
      `A header may hold ${HEADER_MAX_VARIABLES} variable; this one has ${parameters.length}.`,
    ),
    ...when(text.includes('\n'), path, 'line_break_not_allowed', 'A header is one line.'),
  ]
}

function bodyFaults({ text }: PlatformPart, nodes: readonly TemplateNode[]): PartFault[] {
  const path = 'body'
  const length = lengthFault(path, text, BODY_MAX_CHARS)
  const shortest = shortestChars(nodes)
  return [
    ...when(text.trim() === '', path, 'required', 'A template needs a body.'),
    ...length,
    ...when(
      length.length === 0 && shortest > BODY_MAX_CHARS,
      path,
      'too_long',
      `Whatever the values, this would be longer than ${BODY_MAX_CHARS} characters.`,
    ),
    ...when(
      /\n{3}/.test(text),
      path,
      'too_many_line_breaks',
      `At most ${LINE_BREAKS_MAX} line breaks may follow each other (one empty line).`,
    ),
    ...when(text.includes('\t'), path, 'tab_not_allowed', 'WhatsApp takes no tabs; use spaces.'),
    ...when(
      / {5}/.test(text),
      path,
      'too_many_spaces',
      `At most ${SPACES_MAX} spaces may follow each other.`,
    ),
  ]
}

function footerFaults(text: string): PartFault[] {
  return [
    ...lengthFault('footer', text, FOOTER_MAX_CHARS),
    ...when(text.includes('\n'), 'footer', 'line_break_not_allowed', 'A footer is one line.'),
  ]
}

function buttonFaults(buttons: readonly PlatformButton[]): PartFault[] {
  return [
    ...when(buttons.length > BUTTONS_MAX, 'buttons', 'too_many_buttons', `At most ${BUTTONS_MAX} buttons.`),
    ...countFault(buttons, 'url', URL_BUTTONS_MAX, 'link'),
    ...countFault(buttons, 'phone', PHONE_BUTTONS_MAX, 'phone'),
    ...countFault(buttons, 'copy_code', COPY_CODE_BUTTONS_MAX, 'copy-code'),
    ...when(
      !quickRepliesTogether(buttons),
      'buttons',
      'quick_replies_apart',
      'Quick replies must stand together, before or after all other buttons.',
    ),
    ...buttons.flatMap((button, index) => oneButtonFaults(button, `buttons[${index}]`)),
  ]
}

function countFault(
  buttons: readonly PlatformButton[],
  type: PlatformButton['type'],
  max: number,
  word: string,
): PartFault[] {
  const count = buttons.filter((button) => button.type === type).length
  const message = `At most ${max} ${word} button${max === 1 ? '' : 's'}; this template has ${count}.`
  return when(count > max, 'buttons', 'too_many_buttons', message)
}

function quickRepliesTogether(buttons: readonly PlatformButton[]): boolean {
  const kinds = buttons.map(({ type }) => (type === 'quick_reply' ? 'q' : 'a')).join('')
  return /^(?:q*a*|a*q*)$/.test(kinds)
}

function oneButtonFaults(button: PlatformButton, path: string): PartFault[] {
  const label = [
    ...lengthFault(`${path}.text`, button.text, BUTTON_TEXT_MAX_CHARS),
    ...when(
      /[\n\t]/.test(button.text),
      `${path}.text`,
      'line_break_not_allowed',
      'The text on a button is one line.',
    ),
  ]
  switch (button.type) {
    case 'url':
      return [
        ...label,
        ...lengthFault(`${path}.url`, button.suffix ? `${button.url}{{1}}` : button.url, URL_MAX_CHARS),
      ]
    case 'phone':
      return [...label, ...lengthFault(`${path}.phone`, button.phone, PHONE_MAX_CHARS)]
    case 'copy_code': {
      const tooLong = shortestChars(button.code) > COPY_CODE_MAX_CHARS
      const message = `A code to copy may have ${COPY_CODE_MAX_CHARS} characters.`
      return [...label, ...when(tooLong, `${path}.code`, 'too_long', message)]
    }
    case 'quick_reply':
      return label
  }
}

function lengthFault(path: string, text: string, maxChars: number): PartFault[] {
  const chars = countChars(text)
  const message = `At most ${maxChars} characters, each variable counted by its name; this has ${chars}.`
  return when(chars > maxChars, path, 'too_long', message)
}

function when(faulty: boolean, path: string, code: string, message: string): PartFault[] {
  return faulty ? [{ path, code, message }] : []
}

const AUTHENTICATION_WARNING: PartFault = {
  path: 'body',
  code: 'authentication_body_fixed',
  message:
    'WhatsApp writes the body of authentication templates itself; yours is used on other channels only.',
}

function formattingWarnings(path: string, part: PlatformPart): PartFault[] {
  const words = part.segments.filter((segment) => typeof segment === 'string').join('')
  const message = 'WhatsApp may refuse emoji and the signs * _ ~ ` in a header.'
  return when(/[*_~`]|\p{Extended_Pictographic}/u.test(words), path, 'header_formatting', message)
}

// Meta 2388299 (at the edges), 2388293 (beside each other, too many for the words around them).
function placementWarnings({ segments, parameters }: PlatformPart): PartFault[] {
  const solid = segments.filter((segment) => typeof segment === 'number' || segment.trim() !== '')
  const atEdge = typeof solid[0] === 'number' || typeof solid.at(-1) === 'number'
  const adjacent = solid.some(
    (segment, index) => typeof segment === 'number' && typeof solid[index + 1] === 'number',
  )
  const variables = solid.filter((segment) => typeof segment === 'number').length
  const words = solid.flatMap((segment) => (typeof segment === 'string' ? segment.split(/\s+/) : []))
  const plainWords = words.filter((word) => /[\p{L}\p{N}]/u.test(word)).length
  const fewWords = parameters.length > 0 && plainWords < variables * 2 + 1
  return [
    ...when(
      atEdge,
      'body',
      'variable_at_edge',
      'WhatsApp does not approve a body that begins or ends with a variable: add a word or a full stop.',
    ),
    ...when(
      adjacent,
      'body',
      'variables_adjacent',
      'WhatsApp does not approve variables beside each other: put words between them.',
    ),
    ...when(
      fewWords,
      'body',
      'too_many_variables',
      `WhatsApp may not approve ${variables} variables with ${plainWords} words around them: write more words.`,
    ),
  ]
}

function blockWarnings(path: string, { parameters }: PlatformPart): PartFault[] {
  const blocks = parameters.flatMap(({ node }) => (node.kind === 'choice' ? [node] : []))
  return [
    ...when(
      blocks.some((block) => shortestChars([block]) === 0),
      path,
      'block_may_be_empty',
      'WhatsApp takes no empty value, so where this block says nothing an invisible sign is sent, and an empty line where it has a line to itself: consider an {{else}}.',
    ),
    ...when(
      blocks.some((block) => hasLineBreak([block])),
      path,
      'block_on_several_lines',
      'WhatsApp takes no line breaks inside a value, so the lines of this block are joined into one.',
    ),
  ]
}

function hasLineBreak(nodes: readonly TemplateNode[]): boolean {
  return nodes.some((node) => {
    if (node.kind === 'text') return /[\n\t]/.test(node.text)
    return node.kind === 'choice' && (hasLineBreak(node.present) || hasLineBreak(node.absent))
  })
}

function labelWarnings(buttons: readonly PlatformButton[]): PartFault[] {
  const labels = buttons.map(({ text }) => text.toLowerCase())
  const twice = new Set(labels).size < labels.length
  return when(twice, 'buttons', 'button_texts_alike', 'WhatsApp may refuse two buttons with the same text.')
}
