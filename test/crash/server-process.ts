import { startServer } from '../../src/main.ts'
import { loadConfig } from '../../src/platform/config.ts'

/** The server without workers; unlike `npm run server` it may stand on the queue in PostgreSQL. */
const running = await startServer(loadConfig(process.env), { workers: false })
process.stdout.write(`${JSON.stringify({ url: running.url })}\n`)
process.once('SIGTERM', async () => {
  await running.stop()
  process.exit(0)
})
