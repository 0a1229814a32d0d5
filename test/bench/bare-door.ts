import type { AddressInfo } from 'node:net'
import express from 'express'

/** A route that takes a body and does nothing with it: as fast as Express is here. */
const app = express()
app.post('/webhooks/whatsapp/:id', express.raw({ type: '*/*', limit: '3mb' }), (_request, response) => {
  response.status(200).end()
})
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${port}` })}\n`)
})
process.once('SIGTERM', () => process.exit(0))
