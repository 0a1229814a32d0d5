import { readFile } from 'node:fs/promises'
import { ok, type Result } from '../../platform/result.ts'
import { LARGEST_MEDIA_BYTES, listMedia, type Media, mediaContent, saveMedia } from '../../templates/index.ts'
import { refuseField } from '../faults.ts'
import {
  type Again,
  act,
  errorsOf,
  page,
  pageHref,
  pageRequest,
  stream,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { say } from '../view.ts'

const PATH = '/templates/files'
const KIBIBYTE = 1024

const list = page(PATH, (visit) => showFiles(visit))

const upload = act(
  PATH,
  async (visit, { file }) => {
    if (!file || file.sizeBytes === 0) return refuseField('file', say('files.none_chosen'), 'required')
    if (file.sizeBytes > LARGEST_MEDIA_BYTES)
      return refuseField('file', say('files.too_big', { mb: MOST_MB }), 'too_big')
    const saved = await saveMedia(visit.scope, { fileName: file.name, content: await readFile(file.path) })
    return saved.ok ? ok({ to: `${PATH}?done=uploaded` }) : saved
  },
  showFiles,
)

/** A picture is shown in its place; all else is saved. */
const content = stream(`${PATH}/:id`, async ({ params, response, within }) => {
  const found = await within((scope) => mediaContent(scope, params.id!))
  if (!found.ok) return found
  const { type, mime, fileName, content: bytes } = found.value
  if (type !== 'image') response.attachment(fileName)
  response.type(mime).set('Cache-Control', 'private, max-age=86400').send(bytes)
  return undefined
})

export const templateFilesPages = [list, upload, content]

const MOST_MB = LARGEST_MEDIA_BYTES / KIBIBYTE ** 2

async function showFiles(visit: Visit, again?: Again): Promise<Result<View>> {
  const request = pageRequest(visit, UUID_PLACE)
  const { items, next } = await listMedia(visit.scope, request)
  return ok({
    name: 'template-files',
    section: 'templates',
    title: say('files.title'),
    data: {
      files: items.map(withSize),
      first: request.after === undefined ? undefined : PATH,
      next: next && pageHref(PATH, { after: next }),
      errors: again && errorsOf(again.refusal, {}),
      again,
    },
  })
}

function withSize(file: Media) {
  return { ...file, isImage: file.type === 'image', kb: Math.max(1, Math.round(file.sizeBytes / KIBIBYTE)) }
}
