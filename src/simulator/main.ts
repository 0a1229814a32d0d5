import { parseArgs } from 'node:util'
import { startSimulator } from './index.ts'

/**
 * The stand-in as a process of its own: `--port`, `--host`, `--record FILE`. Prints one line of JSON with its URL
 * when it listens, and stops on SIGTERM or SIGINT.
 */
const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    record: { type: 'string' },
  },
})

const simulator = await startSimulator({
  port: Number(values.port),
  host: values.host,
  ...(values.record === undefined ? {} : { recordFile: values.record }),
})
process.stdout.write(`${JSON.stringify({ url: simulator.url })}\n`)

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    simulator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
}
