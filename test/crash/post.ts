import { setTimeout as sleep } from 'node:timers/promises'
import type { Child } from './child.ts'

/** A place where a worker always stands: whoever is killed or ends is followed by another at once. */
export type Post = {
  isAtWork(): boolean
  /** Kills who stands there, be it still starting. Returns its name, if it had begun to work. */
  kill(): Promise<string | undefined>
  stop(): Promise<void>
}

const START_AGAIN_MS = 200

export function keepPost(start: () => Child): Post {
  let child: Child
  let name: string | undefined
  let stopping = false

  const stand = async (): Promise<void> => {
    const mine = start()
    child = mine
    name = undefined
    try {
      const { worker } = await mine.line()
      if (mine !== child) return
      mine.tell('go')
      name = String(worker)
    } catch {
      // Killed, which is followed by another anyway, or ended because the database was away.
      await mine.kill()
      await sleep(START_AGAIN_MS)
      if (mine === child && !stopping) await stand()
    }
  }

  void stand()
  return {
    isAtWork: () => name !== undefined,
    async kill() {
      const [killed, itsName] = [child, name]
      const gone = killed.kill()
      void stand()
      await gone
      return itsName
    },
    async stop() {
      stopping = true
      await child.stop()
    },
  }
}
