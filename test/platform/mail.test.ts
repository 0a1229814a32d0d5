import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { openLog } from '../../src/platform/log.ts'
import { openMail } from '../../src/platform/mail.ts'
import { invitationLetter } from '../../src/workspaces/letter.ts'

/** As much of SMTP as a letter needs. */
let server: Server
let received: (letter: string) => void
beforeAll(async () => {
  server = createServer((socket) => converse(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

function converse(socket: Socket): void {
  let letter: string | undefined
  socket.write('220 here\r\n')
  socket.on('error', () => {})
  socket.on('data', (bytes) => {
    const text = bytes.toString()
    if (letter !== undefined) {
      letter += text
      if (!letter.endsWith('\r\n.\r\n')) return
      received(letter)
      letter = undefined
      socket.write('250 taken\r\n')
    } else if (text.startsWith('DATA')) {
      letter = ''
      socket.write('354 go on\r\n')
    } else socket.write(text.startsWith('QUIT') ? '221 bye\r\n' : '250 fine\r\n')
  })
}

it('a letter reaches the SMTP server whole, and a name cannot write headers of its own', async () => {
  const mail = openMail(
    `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    'Duecast <duecast@example.com>',
    openLog('silent'),
  )
  const arrives = new Promise<string>((resolve) => {
    received = resolve
  })
  const url = 'https://duecast.example/invitation/abc'
  const facts = { workspaceName: 'Warung\r\nBcc: evil@example.com', role: 'viewer', url }
  mail.send(invitationLetter('siti@example.com', facts), 'r1')
  const letter = (await arrives).replaceAll('=\r\n', '')
  expect(letter).toContain('To: siti@example.com')
  expect(letter).toContain(url)
  expect(letter).not.toMatch(/^Bcc:/im)
  mail.close()
})

it('a server that does not answer stops nobody, and is logged under the request’s id', async () => {
  const lines: string[] = []
  const log = openLog('info', { write: (line) => void lines.push(line) })
  const mail = openMail('smtp://127.0.0.1:1', 'duecast@example.com', log)
  expect(() => mail.send({ to: 'siti@example.com', subject: 'x', text: 'y' }, 'request-1')).not.toThrow()
  await vi.waitFor(() => expect(lines).toHaveLength(1), 10_000)
  expect(JSON.parse(lines[0]!)).toMatchObject({ msg: 'a letter could not be sent', requestId: 'request-1' })
  expect(lines[0]).not.toContain('siti')
  mail.close()
})
