import { createInterface } from 'node:readline'
import { startServer } from '../../src/main.ts'
import { loadConfig } from '../../src/platform/config.ts'
import { collect } from './collect.ts'

/**
 * The server as a process of its own that tells, for every line it is sent, how long its loop was kept waiting since it
 * was asked last: by the clock, and by its own work alone, since on a busy machine others may have had the processor.
 * Asked for `all` it gives up its garbage first and tells what it still holds.
 */
const TICK_MS = 5
const HAND_BACK_MS = 1_500

const running = await startServer(loadConfig(process.env), { workers: false })
process.stdout.write(`${JSON.stringify({ url: running.url })}\n`)

let longest = { loopMs: 0, ownMs: 0 }
let last = look()
setInterval(() => {
  const now = look()
  const loopMs = now.wallMs - last.wallMs - TICK_MS
  const ownMs = Math.min(loopMs, now.workMs - last.workMs)
  longest = { loopMs: Math.max(longest.loopMs, loopMs), ownMs: Math.max(longest.ownMs, ownMs) }
  last = now
}, TICK_MS)

function look(): { wallMs: number; workMs: number } {
  const { user, system } = process.cpuUsage()
  return { wallMs: performance.now(), workMs: (user + system) / 1_000 }
}

/** Twice: the heap hands back the pages that are free only some time after it has emptied them. */
async function giveUpGarbage(): Promise<void> {
  for (let round = 0; round < 2; round++) {
    collect()
    await new Promise((resolve) => setTimeout(resolve, HAND_BACK_MS))
  }
}

for await (const asked of createInterface({ input: process.stdin })) {
  const told = longest
  if (asked === 'all') await giveUpGarbage()
  const { rss, heapUsed, external } = process.memoryUsage()
  // Collecting keeps the loop waiting as well, and is no request's fault.
  longest = { loopMs: 0, ownMs: 0 }
  last = look()
  process.stdout.write(`${JSON.stringify({ ...told, rssBytes: rss, heldBytes: heapUsed + external })}\n`)
}
await running.stop()
process.exit(0)
