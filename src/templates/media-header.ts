import { type Refusal, refuse } from '../platform/result.ts'
import type { ParsedTemplate, TemplateNode } from './language.ts'
import type { MediaType } from './media-file.ts'
import {
  countChars,
  type Filling,
  fillExpression,
  fillNodes,
  isLonger,
  type RenderReason,
  tooLong,
} from './render.ts'
import type { PartFault } from './template.ts'
import { oneLine } from './variables.ts'

/** The longest address that is taken: what WhatsApp takes of a link. */
const LINK_MAX_CHARS = 2_000
export const FILE_NAME_MAX_CHARS = 240

/** What is said of a picture, a video or a document above a message. */
export type MediaHeaderInput = {
  readonly type: MediaType
  readonly media_id?: string | undefined
  readonly link?: string | undefined
  readonly filename?: string | undefined
}

/** A header that is a file: one that was uploaded, or one for each recipient under an address of their own. */
export type MediaHeader = {
  readonly type: MediaType
  /** The uploaded file; with a link, the example that the platform's reviewers see. */
  readonly mediaId: string | undefined
  readonly link: readonly TemplateNode[] | undefined
  /** What a document is called on the phone. */
  readonly fileName: readonly TemplateNode[] | undefined
}

/** One recipient's file: by our id of an uploaded one, or by its address. */
export type HeaderMedia = {
  readonly type: MediaType
  readonly mediaId?: string
  readonly link?: string
  readonly fileName?: string
}

type ReadPart = (path: string, text: string) => ParsedTemplate

/** Reads a header that is a file; `faults` gets what is wrong with it. */
export function readMediaHeader(
  { type, media_id: mediaId, link, filename }: MediaHeaderInput,
  readPart: ReadPart,
  faults: PartFault[],
): MediaHeader {
  const add = (path: string, code: string, message: string) => faults.push({ path, code, message })
  const address = link?.trim() || undefined
  const called = filename?.trim() || undefined
  if (mediaId === undefined && address === undefined)
    add('header.media_id', 'required', 'A header of this type needs an uploaded file, or a link to one.')
  if (called !== undefined && type !== 'document')
    add('header.filename', 'not_allowed', 'Only a document has a file name.')
  const before = faults.length
  const nodes = address === undefined ? undefined : readPart('header.link', address).nodes
  if (nodes && faults.length === before) {
    const fault = linkFault(nodes)
    if (fault) add('header.link', fault.code, fault.message)
  }
  return {
    type,
    mediaId,
    link: nodes,
    fileName: called === undefined ? undefined : readPart('header.filename', called).nodes,
  }
}

/** All that stands in a header of this kind and differs for each recipient. */
export function mediaNodes(media: MediaHeader | undefined): readonly TemplateNode[] {
  return [...(media?.link ?? []), ...(media?.fileName ?? [])]
}

/** A link begins with its fixed address, or is one variable that holds all of it. */
function linkFault(nodes: readonly TemplateNode[]): { code: string; message: string } | undefined {
  if (nodes.some(({ kind }) => kind === 'choice'))
    return { code: 'link_block', message: 'A link takes variables, but no {{#if}}.' }
  const [first] = nodes
  if (nodes.length === 1 && first?.kind === 'print') return undefined
  const fixed = first?.kind === 'text' ? first.text : ''
  if (
    !/^https:\/\/[^/?#\s]+([/?#]|$)/i.test(fixed) ||
    (nodes.length > 1 && !/^https:\/\/[^/?#]+[/?#]/i.test(fixed))
  )
    return {
      code: 'link_not_valid',
      message:
        'A link begins with a fixed address, such as https://files.example.com/{{invoice}}.pdf, or is one variable.',
    }
  const isPlain = nodes.every((node) => node.kind !== 'text' || !/\s/.test(node.text))
  return isPlain ? undefined : { code: 'link_not_valid', message: 'A link has no spaces.' }
}

/** One recipient's file. What is missing or cannot be used is noted in the filling. */
export function fillMedia(filling: Filling, { type, mediaId, link, fileName }: MediaHeader): HeaderMedia {
  const called = fileName && oneLine(fillNodes(filling, fileName)).replaceAll(/[/\\]/g, '-').trim()
  return {
    type,
    ...(link ? { link: fillLink(filling, link) } : { mediaId: mediaId! }),
    ...(called && { fileName: called }),
  }
}

function fillLink(filling: Filling, nodes: readonly TemplateNode[]): string {
  const isWhole = nodes.length === 1
  return nodes
    .map((node) => {
      if (node.kind === 'text') return node.text
      const value = node.kind === 'print' ? fillExpression(filling, node.expression) : ''
      return isWhole ? value.trim() : encodeURIComponent(wellFormed(value))
    })
    .join('')
}

/** Why this recipient's file cannot be sent, if so. */
export function mediaRefusal({ link, fileName }: HeaderMedia): Refusal<RenderReason> | undefined {
  if (link !== undefined) {
    if (isLonger(link, LINK_MAX_CHARS)) return tooLong(countChars(link), LINK_MAX_CHARS, 'header.link')
    if (!isAddress(link)) {
      const message = 'The link to the file is no full address that begins with https://.'
      return refuse('parameter_not_allowed', message, { part: 'header.link' })
    }
  }
  if (fileName === undefined || !isLonger(fileName, FILE_NAME_MAX_CHARS)) return undefined
  return tooLong(countChars(fileName), FILE_NAME_MAX_CHARS, 'header.filename')
}

/** Half a pair becomes the sign for what cannot be shown: an address is made of bytes. */
function wellFormed(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8')
}

function isAddress(link: string): boolean {
  return /^https:\/\/[^/?#\s]+(?:[/?#]\S*)?$/i.test(link) && URL.canParse(link)
}
