import { Pool } from 'undici'

/**
 * The bare loop that sending is held against: undici as its documentation uses it, one body after another to the
 * stand-in, no database, no queue, nothing kept. Arguments: URL, path, token, how many, how many at a time. Prints
 * the messages a second.
 */
const [origin = '', path = '', token = '', many = '0', connections = '1'] = process.argv.slice(2)
const count = Number(many)

process.stdout.write('ready\n')
const pool = new Pool(origin, { connections: Number(connections), pipelining: 1 })
const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
let next = 0
const startedMs = performance.now()
await Promise.all(Array.from({ length: Number(connections) }, sendInTurn))
process.stdout.write(`${JSON.stringify({ perSecond: count / ((performance.now() - startedMs) / 1000) })}\n`)
await pool.close()
process.exit(0)

async function sendInTurn(): Promise<void> {
  while (next < count) {
    const n = next
    next += 1
    const response = await pool.request({ method: 'POST', path, headers, body: bodyOf(n) })
    if (response.statusCode !== 200) throw new Error(`answered ${response.statusCode}`)
    await response.body.json()
  }
}

/** The words of `WORDS` in stage.ts, as the adapter would send them. */
function bodyOf(n: number): string {
  const text = (parameter_name: string, value: string) => ({ type: 'text', parameter_name, text: value })
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: `+62812${String(n).padStart(9, '0')}`,
    biz_opaque_callback_data: `dc.${n + 1}.1`,
    type: 'template',
    template: {
      name: 'payment_due',
      language: { code: 'en' },
      components: [
        {
          type: 'body',
          parameters: [
            text('name', `Siti Rahmawati ${n}`),
            text('invoice', `INV-2026-${n}`),
            text('amount', 'Rp 150.000'),
            text('due_date', '1 December 2026'),
          ],
        },
      ],
    },
  })
}
