/** Why the embedded database could not be had. Every message says what to do; DATABASE_URL is always a way out. */
export type EmbeddedFailure =
  | 'unsupported_platform'
  | 'software_unusable'
  | 'no_account'
  | 'folder_unusable'
  | 'folder_is_a_copy'
  | 'data_missing'
  | 'wrong_version'
  | 'in_use_elsewhere'
  | 'busy'
  | 'disk_full'
  | 'port_taken'
  | 'initialise_failed'
  | 'start_failed'
  | 'stop_failed'
  | 'credentials_refused'
  | 'data_present'
  | 'backup_exists'
  | 'backup_unreadable'

export class EmbeddedDatabaseError extends Error {
  readonly code: EmbeddedFailure

  constructor(code: EmbeddedFailure, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EmbeddedDatabaseError'
    this.code = code
  }
}

const DISK_FULL = /No space left on device|Disk quota exceeded|Check free disk space/i

/** Names the failure that PostgreSQL's own words tell, or falls back to the step that failed. */
export function failureOf(output: string, step: EmbeddedFailure, sentence: string): EmbeddedDatabaseError {
  const detail = tellingLines(output)
  if (DISK_FULL.test(output)) {
    return new EmbeddedDatabaseError(
      'disk_full',
      `The disk is full: free some space and start again. ${detail}`,
    )
  }
  return new EmbeddedDatabaseError(step, detail ? `${sentence} PostgreSQL said: ${detail}` : sentence)
}

const LINES_TOLD = 6

/** The lines that say what went wrong; without any, the last ones. */
export function tellingLines(output: string): string {
  const lines = output.trim().split('\n')
  const telling = lines.filter((line) => /FATAL|PANIC|ERROR|HINT|error:/.test(line))
  return (telling.length > 0 ? telling : lines).slice(-LINES_TOLD).join(' | ')
}

/** Turns what the file system refused into the sentence a person needs; other errors pass unchanged. */
export function folderFailure(error: unknown, folder: string): unknown {
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new EmbeddedDatabaseError(
      'disk_full',
      `The disk of ${folder} is full: free some space and start again.`,
      {
        cause: error,
      },
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS' || code === 'ENOTDIR' || code === 'EEXIST') {
    return new EmbeddedDatabaseError(
      'folder_unusable',
      `${folder} cannot be used (${code}): run as the user it belongs to, name another folder in DATA_DIR, or set DATABASE_URL.`,
      { cause: error },
    )
  }
  return error
}
