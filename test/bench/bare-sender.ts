import { Pool } from 'undici'
import { bodyOf } from './body.ts'

/**
 * The bare loop that sending is held against: undici as its documentation uses it, one body after another to the
 * stand-in, no database, no queue, nothing kept. Arguments: URL, path, token, how many before the clock starts and how
 * many after, how many at a time. Prints the messages a second.
 */
const [origin = '', path = '', token = '', first = '0', many = '0', connections = '1'] = process.argv.slice(2)
const count = Number(many)

process.stdout.write('ready\n')
const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 })
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
await sendAll(Number(first))
const startedMs = performance.now()
await sendAll(count)
process.stdout.write(`${JSON.stringify({ perSecond: count / ((performance.now() - startedMs) / 1000) })}\n`)
await pool.close()
process.exit(0)

async function sendAll(count: number): Promise<void> {
  let next = 0
  const sendInTurn = async () => {
    while (next < count) {
      const n = next
      next += 1
      const response = await pool.request({ method: 'POST', path, headers, body: bodyOf(n) })
      if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
      await response.body.json()
    }
  }
  await Promise.all(Array.from({ length: Number(connections) }, sendInTurn))
}
