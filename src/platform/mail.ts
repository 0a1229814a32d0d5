import { createTransport } from 'nodemailer'
import type { Log } from './log.ts'

export type Letter = { readonly to: string; readonly subject: string; readonly text: string }

/** Letters to members. Where no SMTP server is named, nothing is sent, and links are shown to whoever asked for them. */
export type Mail = {
  readonly isOn: boolean
  /** Hands a letter to the SMTP server, now and once; a failure is logged, without the address, and nothing waits for it. */
  send(letter: Letter, requestId: string): void
  /** The same for whoever tries again: resolves once the server has taken it. */
  deliver(letter: Letter): Promise<void>
  close(): void
}

const TIMEOUT_MS = 15_000
const MOST_CONNECTIONS = 2

/** Opens the way to the SMTP server that the URL names (`smtp://user:password@host:587`); undefined: none. */
export function openMail(smtpUrl: string | undefined, from: string, log: Log): Mail {
  if (smtpUrl === undefined) return NO_MAIL
  const transport = createTransport({
    url: smtpUrl,
    pool: true,
    maxConnections: MOST_CONNECTIONS,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  return {
    isOn: true,
    send(letter, requestId) {
      transport.sendMail({ from, ...letter }).catch((error: unknown) => {
        const { code, responseCode } = error as { code?: string; responseCode?: number }
        log.warn({ code, responseCode, requestId }, 'a letter could not be sent')
      })
    },
    async deliver(letter) {
      await transport.sendMail({ from, ...letter })
    },
    close: () => transport.close(),
  }
}

/** An installation without SMTP. */
export const NO_MAIL: Mail = {
  isOn: false,
  send() {},
  deliver: () => Promise.reject(new Error('no mail server is named')),
  close() {},
}
