import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Payloads that others recorded, and the examples of the platform's own description. Read where they lie, if they do. */
const FOLDER = fileURLToPath(new URL('../../../shared/data/whatsapp/', import.meta.url))
const RECORDED = join(FOLDER, 'webhooks')

export type Payload = { readonly name: string; readonly payload: { readonly entry: readonly unknown[] } }

/** @returns undefined where the folder is not there; says so loudly */
export function readRecorded(): Payload[] | undefined {
  if (!existsSync(RECORDED)) {
    console.warn(`SKIPPED: recorded webhooks, because there is no folder ${RECORDED}`)
    return undefined
  }
  return readdirSync(RECORDED)
    .filter((file) => file.endsWith('.json'))
    .flatMap((file) =>
      Object.entries(
        JSON.parse(readFileSync(join(RECORDED, file), 'utf8')) as Record<string, Payload['payload']>,
      ).map(([name, payload]) => ({ name: `${file} ${name}`, payload })),
    )
}

/** The webhook examples of the OpenAPI file beside the folder. */
export async function readExamples(): Promise<Payload[]> {
  const file = existsSync(FOLDER) ? readdirSync(FOLDER).find((name) => name.endsWith('.yaml')) : undefined
  const parse = await yamlParser()
  if (file === undefined || parse === undefined) {
    console.warn('SKIPPED: examples of the OpenAPI file, because it or a reader of YAML is not there')
    return []
  }
  const document = parse(readFileSync(join(FOLDER, file), 'utf8'))
  return examplesIn(document, file)
}

/** Not a dependency of ours: tools that are installed with the tests bring it along. */
async function yamlParser(): Promise<((text: string) => unknown) | undefined> {
  const name = 'yaml'
  try {
    return ((await import(name)) as { parse: (text: string) => unknown }).parse
  } catch {
    return undefined
  }
}

/** Whatever looks like a webhook, wherever it stands. */
function examplesIn(value: unknown, name: string): Payload[] {
  if (typeof value !== 'object' || value === null) return []
  if ('entry' in value && Array.isArray(value.entry) && 'object' in value)
    return [{ name, payload: value as Payload['payload'] }]
  return Object.entries(value).flatMap(([key, member]) => examplesIn(member, `${name} ${key}`))
}
