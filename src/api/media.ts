import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { ok } from '../platform/result.ts'
import {
  findMedia,
  type HeaderMedia,
  LARGEST_MEDIA_BYTES,
  listMedia,
  MEDIA_TYPES,
  type Media,
  mediaContent,
  saveMedia,
} from '../templates/index.ts'
import { pageBody, pageQuery, pageSchema, readPage } from './paging.ts'
import { answer, defineRoute } from './route.ts'
import { idSchema, instantSchema } from './schemas.ts'

const mediaSchema = z
  .strictObject({
    id: idSchema,
    type: z.enum(MEDIA_TYPES),
    mime: z.string().meta({ examples: ['application/pdf'] }),
    file_name: z.string(),
    size_bytes: z.int().min(1),
    created_at: instantSchema,
  })
  .meta({ id: 'Media', description: 'A file that may stand above a message.' })

/** The file above one recipient's message. */
export const headerMediaSchema = z
  .strictObject({
    type: z.enum(MEDIA_TYPES),
    media_id: idSchema.optional(),
    link: z.string().optional(),
    filename: z.string().optional(),
  })
  .meta({ id: 'HeaderMedia' })

export function showHeaderMedia(media: HeaderMedia): z.output<typeof headerMediaSchema> {
  const { type, mediaId, link, fileName } = media
  return {
    type,
    ...(mediaId !== undefined && { media_id: mediaId }),
    ...(link !== undefined && { link }),
    ...(fileName !== undefined && { filename: fileName }),
  }
}

export const getMediaList = defineRoute({
  method: 'get',
  path: '/v1/media',
  tag: 'Templates',
  summary: 'Uploaded pictures, videos and documents, newest first',
  permission: 'templates.read',
  query: z.strictObject(pageQuery),
  responses: { 200: pageSchema(mediaSchema) },
  refusals: [],
  handler: async ({ scope, query }) =>
    answer(200, pageBody(await listMedia(scope, readPage(query, z.uuid())), showMedia)),
})

export const postMedia = defineRoute({
  method: 'post',
  path: '/v1/media',
  tag: 'Templates',
  summary: 'Uploads a picture, a video or a document for the header of a template',
  description:
    'JPEG and PNG to 5 MiB, MP4, 3GP and PDF to 16 MiB, told by their bytes. The same bytes again are the same file. It goes to the sender’s platform once, before its first campaign, and is used again for a month.',
  permission: 'templates.write',
  upload: { field: 'file', maxBytes: LARGEST_MEDIA_BYTES },
  body: z.strictObject({}),
  responses: { 201: mediaSchema },
  refusals: [],
  handler: async ({ scope, file }) => {
    const content = await readFile(file.path)
    const saved = await saveMedia(scope, { fileName: file.originalName, content })
    return saved.ok ? answer(201, showMedia(saved.value)) : saved
  },
})

export const getMedia = defineRoute({
  method: 'get',
  path: '/v1/media/{id}',
  tag: 'Templates',
  summary: 'What is known of an uploaded file',
  permission: 'templates.read',
  responses: { 200: mediaSchema },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await findMedia(scope, params.id)
    return found.ok ? answer(200, showMedia(found.value)) : found
  },
})

export const getMediaContent = defineRoute({
  method: 'get',
  path: '/v1/media/{id}/content',
  tag: 'Templates',
  summary: 'An uploaded file itself',
  permission: 'templates.read',
  responses: { 200: { download: 'application/octet-stream' } },
  refusals: ['not_found'],
  handler: async ({ scope, params }) => {
    const found = await mediaContent(scope, params.id)
    if (!found.ok) return found
    const { fileName, mime, content } = found.value
    return ok({ status: 200, download: { fileName, contentType: mime, bytes: content } } as const)
  },
})

function showMedia(one: Media): z.output<typeof mediaSchema> {
  return {
    id: one.id,
    type: one.type,
    mime: one.mime,
    file_name: one.fileName,
    size_bytes: one.sizeBytes,
    created_at: one.createdAt,
  }
}
