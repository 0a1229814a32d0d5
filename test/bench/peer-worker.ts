import { Worker } from 'bullmq'
import { Redis } from 'ioredis'
import postgres from 'postgres'

/**
 * The pipeline that BullMQ's documentation leads to: one job a message, the global fetch, one transaction a message.
 * Arguments: Redis URL, database URL, address to post to, token, how many at a time. Ends when told to.
 */
const [redisUrl = '', databaseUrl = '', address = '', token = '', concurrency = '1'] = process.argv.slice(2)
const sql = postgres(databaseUrl, { max: Number(concurrency), onnotice: () => {} })
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }

type Message = { id: number; body: string }

const worker = new Worker<Message>(
  'peer',
  async ({ data }) => {
    const response = await fetch(address, { method: 'POST', headers, body: data.body })
    if (!response.ok) throw new Error(`answered ${response.status}`)
    const answer = (await response.json()) as { messages: { id: string }[] }
    await sql.begin(async (tx) => {
      await tx`UPDATE peer_messages SET state = 'sent' WHERE id = ${data.id}`
      await tx`INSERT INTO peer_attempts (message_id, provider_message_id) VALUES (${data.id}, ${answer.messages[0]!.id})`
    })
  },
  {
    connection: new Redis(redisUrl, { maxRetriesPerRequest: null }),
    concurrency: Number(concurrency),
    removeOnComplete: { count: 1_000 },
  },
)
await worker.waitUntilReady()
process.stdout.write('ready\n')
process.once('SIGTERM', async () => {
  await worker.close()
  await sql.end()
  process.exit(0)
})
