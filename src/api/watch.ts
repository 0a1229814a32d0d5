import type { ApiHouse } from './house.ts'

const LOOK_EVERY_MS = 500

/** Hears what each look found; looks that began before `sinceMs` are older than what it knows already. */
export type Listener<Look> = { readonly sinceMs: number; hear(look: Look): void }

type Watch = { readonly listeners: Set<Listener<never>> }

const watches = new WeakMap<ApiHouse, Map<string, Watch>>()

/**
 * Looks at one thing for all who listen to it in this process, twice a second for as long as anybody does. A look that
 * fails is tried again.
 * @param name what is looked at; equal names share the first one's `look`
 * @returns how to stop listening
 */
export function listen<Look>(
  house: ApiHouse,
  name: string,
  listener: Listener<Look>,
  look: () => Promise<Look>,
): () => void {
  const known = watches.get(house) ?? new Map<string, Watch>()
  watches.set(house, known)
  const present = known.get(name)
  const watch = present ?? { listeners: new Set() }
  watch.listeners.add(listener)
  if (!present) {
    known.set(name, watch)
    void keepLooking(house, watch.listeners as Set<Listener<Look>>, look, () => known.delete(name))
  }
  return () => void watch.listeners.delete(listener)
}

async function keepLooking<Look>(
  house: ApiHouse,
  listeners: ReadonlySet<Listener<Look>>,
  look: () => Promise<Look>,
  forget: () => void,
): Promise<void> {
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
    if (listeners.size === 0) return forget()
    const beganMs = performance.now()
    try {
      const found = await look()
      for (const listener of listeners) if (listener.sinceMs <= beganMs) listener.hear(found)
    } catch (error) {
      house.log.warn({ err: error }, 'a look for listeners failed; the next one tries again')
    }
  }
}
