/** The kinds of file that may stand above a message. */
export const MEDIA_TYPES = ['image', 'video', 'document'] as const
export type MediaType = (typeof MEDIA_TYPES)[number]

/** What a file is by its bytes, whatever it is called. */
export type MediaFormat = { readonly type: MediaType; readonly mime: string; readonly extension: string }

const MEBIBYTE = 1024 * 1024

/**
 * The largest file of each kind. WhatsApp takes pictures to 5 MB, videos to 16 MB and documents to 100 MB
 * (developers.facebook.com/docs/whatsapp/cloud-api/reference/media); what a customer loads on a phone should be smaller.
 */
export const MEDIA_MAX_BYTES: Readonly<Record<MediaType, number>> = {
  image: 5 * MEBIBYTE,
  video: 16 * MEBIBYTE,
  document: 16 * MEBIBYTE,
}
export const LARGEST_MEDIA_BYTES = Math.max(...Object.values(MEDIA_MAX_BYTES))

const JPEG: MediaFormat = { type: 'image', mime: 'image/jpeg', extension: 'jpg' }
const PNG: MediaFormat = { type: 'image', mime: 'image/png', extension: 'png' }
const MP4: MediaFormat = { type: 'video', mime: 'video/mp4', extension: 'mp4' }
const THREE_GPP: MediaFormat = { type: 'video', mime: 'video/3gpp', extension: '3gp' }
const PDF: MediaFormat = { type: 'document', mime: 'application/pdf', extension: 'pdf' }

const PNG_BEGINS = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
/** A PDF may begin a little later than at its first byte (ISO 32000-1, implementation note 13). */
const PDF_BEGINS_WITHIN = 1_024

/** Tells the format by the file's first bytes; undefined for what WhatsApp does not take. */
export function mediaFormat(content: Buffer): MediaFormat | undefined {
  if (content[0] === 0xff && content[1] === 0xd8 && content[2] === 0xff) return JPEG
  if (content.subarray(0, PNG_BEGINS.length).equals(PNG_BEGINS)) return PNG
  if (content.toString('latin1', 4, 8) === 'ftyp') return videoFormat(content.toString('latin1', 8, 12))
  return content.subarray(0, PDF_BEGINS_WITHIN).includes('%PDF-') ? PDF : undefined
}

const MP4_BRANDS = /^(isom|iso[2-9]|mp4[12]|avc1|M4V |MSNV|dash)$/

/** By its major brand (ISO/IEC 14496-12); a picture of a phone (`heic`) or a QuickTime film is another kind of box. */
function videoFormat(brand: string): MediaFormat | undefined {
  if (/^3g[p2][\da-z]$/.test(brand)) return THREE_GPP
  return MP4_BRANDS.test(brand) ? MP4 : undefined
}

const NAME_MAX_CHARS = 200

/** A name to show and to send along: of one line, without a path, ending as the format does. */
export function mediaName(given: string, { extension }: MediaFormat): string {
  const last = given.split(/[/\\]/).at(-1) ?? ''
  const plain = last.replaceAll(/[\p{C}\p{Zl}\p{Zp}"]/gu, '').trim()
  const stem = [...plain.replace(/\.[A-Za-z0-9]{1,5}$/, '')].slice(0, NAME_MAX_CHARS).join('').trim()
  return `${stem || 'file'}.${extension}`
}
