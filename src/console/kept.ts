import type { SecretBox } from '../platform/secrets.ts'

/**
 * What somebody typed into a field whose name begins with `secret_` never stands in a page again. Where a form comes
 * back, it is sealed into one hidden field of its own, so that a refusal loses nothing and shows nothing.
 */
type Fields = Readonly<Record<string, string>>

const SECRET = 'secret_'
const KEPT_FOR_MS = 60 * 60 * 1_000

/** For whom, and in what, a form is kept: nobody else’s page opens it. */
export type Keeping = {
  readonly box: SecretBox
  readonly workspaceId: string
  readonly actorName: string
  readonly now: Date
}

/** The fields as they would be had all been typed at once: what was kept counts where nothing new was typed. */
export function openKept(fields: Fields, keeping: Keeping): Fields {
  const { kept, ...typed } = fields
  const secrets = kept === undefined ? {} : opened(kept, keeping)
  const missing = Object.entries(secrets).filter(([name]) => (typed[name] ?? '') === '')
  return { ...typed, ...Object.fromEntries(missing) }
}

/** The fields as a page may show them again, and the names of those that are kept. */
export function keepSecrets(fields: Fields, keeping: Keeping): { fields: Fields; kept: readonly string[] } {
  const entries = Object.entries(fields)
  const secrets = entries.filter(([name, value]) => name.startsWith(SECRET) && value !== '')
  const shown = Object.fromEntries(entries.filter(([name]) => !name.startsWith(SECRET)))
  if (secrets.length === 0) return { fields: shown, kept: [] }
  const until = keeping.now.getTime() + KEPT_FOR_MS
  const sealed = keeping.box.seal({ until, secrets: Object.fromEntries(secrets) }, boundTo(keeping))
  return { fields: { ...shown, kept: sealed.toString('base64url') }, kept: secrets.map(([name]) => name) }
}

function opened(kept: string, keeping: Keeping): Fields {
  try {
    const sealed = Buffer.from(kept, 'base64url')
    const { until, secrets } = keeping.box.open(sealed, boundTo(keeping)) as {
      until: number
      secrets: Fields
    }
    return until > keeping.now.getTime() ? secrets : {}
  } catch {
    // Altered, or another's: then nothing was kept, and the fields say that they are empty.
    return {}
  }
}

function boundTo({ workspaceId, actorName }: Keeping): string {
  return `form of ${actorName} in ${workspaceId}`
}
