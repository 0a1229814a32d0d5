import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Request, Response } from 'express'
import multer from 'multer'
import { uploadFolder } from '../platform/upload-folder.ts'
import { run } from './body.ts'
import { invalid, refuseBadText } from './input.ts'
import { Problem } from './problem.ts'

/** A file that came with a form; it is removed once the request is answered. */
export type UploadedFile = {
  readonly path: string
  readonly originalName: string
  readonly sizeBytes: number
}
export type Form = { readonly fields: Record<string, string>; readonly file: UploadedFile | undefined }

export type UploadLimits = { readonly field: string; readonly maxBytes: number }

const FIELD_MAX_BYTES = 256 * 1024
const NAME_MAX_CHARS = 255
const LEFT_BEHIND_MS = 24 * 60 * 60 * 1000

/**
 * Makes a reader of forms with one file. Files land under random names in a folder that only this program reads; the
 * sender's own name is kept as a word and never used as a path.
 */
export function formReader(folder: string, limits: UploadLimits) {
  const parse = multer({
    storage: uploadFolder(folder),
    defParamCharset: 'utf8',
    limits: {
      fileSize: limits.maxBytes,
      files: 1,
      fields: 20,
      parts: 25,
      fieldSize: FIELD_MAX_BYTES,
      fieldNameSize: 100,
      headerPairs: 50,
      fieldNestingDepth: 1,
    } as multer.Options['limits'],
  } as multer.Options).single(limits.field)
  return async (request: Request, response: Response): Promise<Form> => {
    if (!request.is('multipart/form-data'))
      throw new Problem('unsupported_media_type', 'Send the file as multipart/form-data.')
    try {
      await run(parse, request, response)
    } catch (error) {
      throw problemOfForm(error, limits)
    }
    return formOf(request)
  }
}

/** Removes the file of a request that has been answered. */
export async function discard(file: UploadedFile | undefined): Promise<void> {
  if (file) await rm(file.path, { force: true })
}

/** Makes the folder, and removes what a crash left behind in it a day ago or more. */
export function prepareUploads(folder: string, nowMs: number): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of readdirSync(folder)) {
    const path = join(folder, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    if (stat?.isFile() && stat.mtimeMs < nowMs - LEFT_BEHIND_MS) rmSync(path, { force: true })
  }
}

async function formOf(request: Request): Promise<Form> {
  const file = request.file && uploadedFile(request.file)
  const fields = { ...(request.body as Record<string, unknown> | undefined) }
  try {
    refuseBadText(fields)
    const repeated = Object.keys(fields).find((name) => typeof fields[name] !== 'string')
    if (repeated) throw invalid([{ path: repeated, code: 'repeated', message: 'is there more than once.' }])
  } catch (error) {
    await discard(file)
    throw error
  }
  return { fields: fields as Record<string, string>, file }
}

function uploadedFile(file: Express.Multer.File): UploadedFile {
  const originalName = file.originalname.replaceAll(/[\p{C}\p{Surrogate}]/gu, '').slice(0, NAME_MAX_CHARS)
  return { path: file.path, originalName, sizeBytes: file.size }
}

function problemOfForm(error: unknown, limits: UploadLimits): unknown {
  if (error instanceof multer.MulterError) return problemOfLimit(error, limits)
  if (error instanceof Problem || !(error instanceof Error)) return error
  const isSystemFault = (error as NodeJS.ErrnoException).syscall !== undefined
  return isSystemFault ? error : new Problem('malformed_multipart', 'The form did not arrive whole.')
}

function problemOfLimit(error: multer.MulterError, limits: UploadLimits): Problem {
  switch (error.code as string) {
    case 'LIMIT_FILE_SIZE':
      return new Problem('file_too_large', `A file has at most ${limits.maxBytes} bytes.`, {
        max_bytes: limits.maxBytes,
      })
    case 'LIMIT_UNEXPECTED_FILE':
    case 'LIMIT_FILE_COUNT':
      return invalid([
        {
          path: error.field ?? '',
          code: 'unknown',
          message: `must not be a file: one file is taken, as ${limits.field}.`,
        },
      ])
    default:
      return invalid([{ path: error.field ?? '', code: 'too_big', message: `${error.message}.` }])
  }
}
