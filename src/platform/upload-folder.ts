import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import multer from 'multer'

/**
 * Where uploads land, under random names: the sender's own name is never used as a path. A file that did not arrive whole
 * is removed at once, since multer leaves one there whose writing failed: a full disk would stay full.
 */
export function uploadFolder(folder: string): multer.StorageEngine {
  const disk = multer.diskStorage({
    destination: folder,
    filename: (_request, _file, done) => done(null, randomUUID()),
  })
  return {
    _handleFile(request, file, done) {
      disk._handleFile(request, file, (error, info) => {
        if (!error) return done(null, info)
        void remove(file.path).finally(() => done(error))
      })
    },
    _removeFile: (request, file, done) => disk._removeFile(request, file, done),
  }
}

async function remove(path: string | undefined): Promise<void> {
  if (path) await rm(path, { force: true }).catch(() => undefined)
}
