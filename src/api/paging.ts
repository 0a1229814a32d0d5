import { z } from 'zod'
import type { Page, PageRequest } from '../platform/page.ts'
import { holdsBadText, invalid } from './input.ts'

const DEFAULT_LIMIT = 100
const MOST_LIMIT = 1000
const CURSOR_MAX_CHARS = 1024

/** The query of every list; spread it into a route's own. */
export const pageQuery = {
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(MOST_LIMIT)
    .default(DEFAULT_LIMIT)
    .meta({ description: 'How many at most.' }),
  cursor: z
    .string()
    .max(CURSOR_MAX_CHARS)
    .optional()
    .meta({ description: 'The `next_cursor` of the page before.' }),
}

/** The body of every list. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    data: z.array(item),
    next_cursor: z
      .string()
      .nullable()
      .meta({ description: 'Give it as `cursor` for the next page; null at the end.' }),
  })
}

/** What a list is asked for. `place` is the shape of its cursor. @throws Problem for a cursor that is not of this list */
export function readPage<Place>(
  query: { readonly limit: number; readonly cursor?: string | undefined },
  place: z.ZodType<Place>,
): PageRequest<Place> {
  if (query.cursor === undefined) return { limit: query.limit }
  const decoded = decode(query.cursor)
  const parsed = place.safeParse(decoded)
  if (parsed.success && !holdsBadText(decoded)) return { limit: query.limit, after: parsed.data }
  throw invalid([{ path: 'cursor', code: 'invalid_cursor', message: 'is not a cursor of this list.' }])
}

/** A page as the API shows it. Cursors are opaque: nobody should build one. */
export function pageBody<Item, Place, Shown>(
  page: Page<Item, Place>,
  show: (item: Item) => Shown,
): { data: Shown[]; next_cursor: string | null } {
  return {
    data: page.items.map(show),
    next_cursor:
      page.next === undefined ? null : Buffer.from(JSON.stringify(page.next)).toString('base64url'),
  }
}

function decode(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return undefined
  }
}
