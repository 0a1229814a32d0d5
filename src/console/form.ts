import { rm } from 'node:fs/promises'
import express, { type Request, type RequestHandler, type Response } from 'express'
import multer from 'multer'
import { MAX_FILE_BYTES } from '../contacts/index.ts'
import { type Refusal, refuse } from '../platform/result.ts'
import { isSoundText } from '../platform/text.ts'
import { uploadFolder } from '../platform/upload-folder.ts'

const FORM_MAX_BYTES = 256 * 1024
const FIELDS_MAX = 300
const FILE_NAME_MAX_CHARS = 255

export type FormFile = { readonly path: string; readonly name: string; readonly sizeBytes: number }

/** A form as it was sent: every field once, as text. */
export type Form = { readonly fields: Readonly<Record<string, string>>; readonly file?: FormFile | undefined }

/**
 * Makes a reader of forms. What a form of ours never sends (a field twice, a NUL, half a character, too much) is
 * refused as `bad_form`, a file above the limit as `file_too_large`.
 */
export function formReader(uploadDir: string) {
  const plain = express.urlencoded({ extended: false, limit: FORM_MAX_BYTES, parameterLimit: FIELDS_MAX })
  const withFile = multer({
    storage: uploadFolder(uploadDir),
    defParamCharset: 'utf8',
    limits: { fileSize: MAX_FILE_BYTES, files: 1, fields: 20, fieldSize: FORM_MAX_BYTES },
  }).single('file')
  return async (request: Request, response: Response): Promise<Form | Refusal> => {
    try {
      await run(request.is('multipart/form-data') ? withFile : plain, request, response)
    } catch (error) {
      return refusalOf(error)
    }
    const form = {
      fields: { ...(request.body as Record<string, string> | undefined) },
      file: fileOf(request),
    }
    if (isSound(form.fields)) return form
    await discardFile(form)
    return BAD_FORM
  }
}

/** Removes the file of a form that has been dealt with. */
export async function discardFile(form: Form): Promise<void> {
  if (form.file) await rm(form.file.path, { force: true })
}

const BAD_FORM = refuse('bad_form', 'The form did not arrive as it was sent. Go back and send it again.')

function isSound(fields: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(fields).every(
    ([name, value]) => typeof value === 'string' && isSoundText(name) && isSoundText(value),
  )
}

function fileOf(request: Request): FormFile | undefined {
  const { file } = request
  if (!file) return undefined
  const name = file.originalname.replaceAll(/[\p{C}\p{Surrogate}]/gu, '').slice(0, FILE_NAME_MAX_CHARS)
  return { path: file.path, name, sizeBytes: file.size }
}

function refusalOf(error: unknown): Refusal {
  const { code, syscall } = error as { code?: string; syscall?: string }
  if (code === 'LIMIT_FILE_SIZE')
    return refuse('file_too_large', `A file has at most ${MAX_FILE_BYTES / (1024 * 1024)} MB.`)
  if (syscall !== undefined) throw error
  return BAD_FORM
}

function run(middleware: RequestHandler, request: Request, response: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    void middleware(request, response, (error?: unknown) => (error ? reject(error) : resolve()))
  })
}
