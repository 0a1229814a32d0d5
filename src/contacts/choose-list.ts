import { isUuid, newId } from '../platform/ids.ts'
import type { Scope } from '../platform/scope.ts'

const LIST_NAME_MAX_CHARS = 200

/** Where a sheet's contacts go; a list that this transaction has made is new. */
export type ChosenList = { readonly listId: string; readonly isNew: boolean }

/** What an upload says of the list; a list may be named by its id. */
export type ListWish = { readonly list: string | undefined; readonly fileName: string }

/** The list that was named, made if need be; without a name a new one, so that an upload never joins an older one. */
export async function chooseList(scope: Scope, { list, fileName }: ListWish): Promise<ChosenList> {
  if (list !== undefined && isUuid(list)) return { listId: list, isNew: false }
  if (list !== undefined) {
    const found = await findListNamed(scope, list)
    return found === undefined ? makeList(scope, list) : { listId: found, isNew: false }
  }
  const name = fileName.replace(/\.[A-Za-z0-9]{1,5}$/, '').trim() || 'Contacts'
  for (let n = 1; ; n++) {
    const suffix = n === 1 ? '' : ` (${n})`
    const candidate = name.slice(0, LIST_NAME_MAX_CHARS - suffix.length) + suffix
    if ((await findListNamed(scope, candidate)) === undefined) return makeList(scope, candidate)
  }
}

async function findListNamed({ sql, workspaceId }: Scope, name: string): Promise<string | undefined> {
  const [row] = await sql<
    { id: string }[]
  >`SELECT id FROM lists WHERE workspace_id = ${workspaceId} AND name = ${name}`
  return row?.id
}

/** Another transaction may have made it since it was looked for. */
async function makeList({ sql, workspaceId, now }: Scope, name: string): Promise<ChosenList> {
  const [row] = await sql<{ id: string; is_new: boolean }[]>`
    INSERT INTO lists (id, workspace_id, name, created_at)
    VALUES (${newId(now.getTime())}, ${workspaceId}, ${name}, ${now.toISOString()}::timestamptz)
    ON CONFLICT (workspace_id, name) DO UPDATE SET name = excluded.name RETURNING id, xmax = 0 AS is_new`
  return { listId: row!.id, isNew: row!.is_new }
}
