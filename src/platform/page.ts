/** A page of a list: `after` is the place in the list's order where the page before it ended. */
export type PageRequest<Place> = { readonly limit: number; readonly after?: Place | undefined }
export type Page<Item, Place> = { readonly items: readonly Item[]; readonly next: Place | undefined }

/** Cuts a page out of rows of which one more than `limit` was asked for: the one too many says that there is a next. */
export function pageOf<Item, Place>(
  rows: readonly Item[],
  limit: number,
  placeOf: (item: Item) => Place,
): Page<Item, Place> {
  const items = rows.slice(0, limit)
  return { items, next: rows.length > limit ? placeOf(items.at(-1)!) : undefined }
}
