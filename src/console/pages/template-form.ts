import { listMedia, MEDIA_TYPES, type Media } from '../../templates/index.ts'
import type { FieldErrors, Visit } from '../page.ts'

/** How the form of a template and the template itself say the same: fields one way, the request the other. */

export const BUTTON_ROWS = 4
export const BUTTON_TYPES = ['url', 'phone', 'quick_reply', 'copy_code'] as const

type Fields = Readonly<Record<string, string | undefined>>
/** Which member of a button its one value is. */
const VALUE_OF = { url: 'url', phone: 'phone', copy_code: 'code' } as const

const FILES_SHOWN = 200

/** The files that the form offers. */
export async function newestFiles(visit: Visit): Promise<readonly Media[]> {
  return (await listMedia(visit.scope, { limit: FILES_SHOWN })).items
}

/** What the form says, as a request; its faults are named by the paths of that request. */
export function requestOf(fields: Fields, files: readonly Media[]): unknown {
  const { name = '', language = '', category, body = '', footer = '' } = fields
  const header = headerOf(fields, files)
  const buttons = buttonsOf(fields)
  return {
    name,
    language,
    category,
    body,
    ...(header !== undefined && { header }),
    ...(footer.trim() && { footer }),
    ...(buttons.length > 0 && { buttons: buttons.map(({ button }) => button) }),
    samples: samplesOf(fields.samples ?? ''),
  }
}

/** Words, or a file that was uploaded, or one for each recipient under a link. */
function headerOf(fields: Fields, files: readonly Media[]): unknown {
  const {
    header = '',
    header_file: fileId = '',
    header_type = '',
    header_link = '',
    header_name = '',
  } = fields
  const link = header_link.trim()
  const file = files.find(({ id }) => id === fileId)
  const type = file?.type ?? MEDIA_TYPES.find((one) => one === header_type)
  if (!file && !link) return header.trim() || undefined
  return {
    type: type ?? 'document',
    ...(file && { media_id: file.id }),
    ...(link && { link }),
    ...(header_name.trim() && { filename: header_name.trim() }),
  }
}

/** The rows of the form in which something stands, each with its number. */
function buttonsOf(fields: Fields) {
  return Array.from({ length: BUTTON_ROWS }, (_, at) => at + 1).flatMap((row) => {
    const type = BUTTON_TYPES.find((one) => one === fields[`button_${row}_type`])
    if (!type) return []
    const text = fields[`button_${row}_text`]?.trim() ?? ''
    const value = fields[`button_${row}_value`]?.trim() ?? ''
    const member = type === 'quick_reply' ? undefined : VALUE_OF[type]
    return [{ row, button: { type, ...(text && { text }), ...(member && value && { [member]: value }) } }]
  })
}

const SAMPLE_LINE = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/

/** Samples as people write them: a line each, `name = Siti`. */
export function samplesOf(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).map((line) => SAMPLE_LINE.exec(line))
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1]!, match[2]!]] : [])))
}

/** Faults by the fields of the form: `buttons[1].url` is the value of the second row in which a button stands. */
export function fieldErrors(errors: FieldErrors, fields: Fields): FieldErrors {
  const rows = buttonsOf(fields).map(({ row }) => row)
  return Object.fromEntries(
    Object.entries(errors)
      .map(([path, message]) => [fieldOf(path, rows), message] as const)
      .reverse(),
  )
}

const HEADER_FIELDS: Readonly<Record<string, string>> = {
  'header.text': 'header',
  'header.link': 'header_link',
  'header.filename': 'header_name',
  'header.media_id': 'header_file',
}

function fieldOf(path: string, rows: readonly number[]): string {
  const button = /^buttons(?:\[|\.)(\d+)\]?\.(\w+)/.exec(path)
  if (button) {
    const part = button[2] === 'text' ? 'text' : button[2] === 'type' ? 'type' : 'value'
    return `button_${rows[Number(button[1])]}_${part}`
  }
  return path.startsWith('samples') ? 'samples' : (HEADER_FIELDS[path] ?? path)
}

/** The rows of buttons as the form shows them again. */
export function buttonRows(fields: Fields, errors: FieldErrors | undefined) {
  return Array.from({ length: BUTTON_ROWS }, (_, at) => {
    const row = at + 1
    const chosen = fields[`button_${row}_type`]
    return {
      row,
      types: BUTTON_TYPES.map((type) => ({ type, chosen: type === chosen })),
      text: fields[`button_${row}_text`],
      value: fields[`button_${row}_value`],
      fault:
        errors?.[`button_${row}_type`] ?? errors?.[`button_${row}_text`] ?? errors?.[`button_${row}_value`],
    }
  })
}
