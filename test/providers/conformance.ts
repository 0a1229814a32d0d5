import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type {
  ConnectDeps,
  OutgoingMessage,
  Provider,
  ProviderConnection,
  StatusUpdate,
} from '../../src/delivery/provider.ts'
import type { SimulatorConfig } from '../../src/delivery/providers/simulator/config.ts'
import {
  type Simulator,
  startSimulator,
  type WitnessPage,
  type WitnessSummary,
} from '../../src/simulator/index.ts'
import { openReceiver, type ReceivedPost, type Receiver } from './receiver.ts'

/**
 * What every provider must keep, run against the stand-in: each call is classified, nothing is sent twice, and the
 * receipts that arrive tell just what the stand-in's own record says.
 */
export type ConformanceKit = {
  readonly provider: Provider
  /** Connects the provider to the stand-in, which is to treat its messages by these orders. */
  readonly connect: (orders: SimulatorConfig, deps: ConnectDeps) => ProviderConnection
  /** How this platform speaks; WhatsApp’s way unless told otherwise. */
  readonly dialect?: Dialect
}

export type Dialect = {
  /** What an accepted answer says beside the message’s name. */
  readonly acceptance: Readonly<Record<string, unknown>>
  /** Whether it ever tells that a message was read. */
  readonly reads: boolean
  readonly pricing?: unknown
  /** Every action that a refusal may act on, by a code of each. */
  readonly refusals: readonly { readonly code: number; readonly outcome: string; readonly action: string }[]
  readonly rateLimited: string
  readonly serverError: string
  readonly failure: { readonly code: number; readonly action: string }
  /** The updates of one post. */
  readonly parse: (post: ReceivedPost) => readonly StatusUpdate[]
  readonly isSigned: (post: ReceivedPost, secret: string) => boolean
}

export const APP_SECRET = 'the-stand-in-signs-with-this'
const ANSWER_MS = 400

/** The Cloud API’s dialect, which the simulator speaks too. */
function whatsappDialect(provider: Provider): Dialect {
  return {
    acceptance: { messageStatus: 'accepted', recipientId: '6281200000001' },
    reads: true,
    pricing: { billable: true, pricing_model: 'PMP', type: 'regular', category: 'utility' },
    refusals: WHATSAPP_REFUSALS,
    rateLimited: '130429',
    serverError: '131000',
    failure: { code: 131049, action: 'wait_a_day' },
    parse: ({ rawBody }) => provider.parseWebhook(rawBody).statuses,
    isSigned: ({ rawBody, headers }, secret) => provider.verifySignature(rawBody, headers, [secret]),
  }
}

const WHATSAPP_REFUSALS = [
  { code: 131026, outcome: 'rejected', action: 'recipient' },
  { code: 131008, outcome: 'rejected', action: 'recipient' },
  { code: 987654, outcome: 'rejected', action: 'recipient' },
  { code: 132000, outcome: 'rejected', action: 'campaign' },
  { code: 132015, outcome: 'not_sent', action: 'campaign' },
  { code: 131048, outcome: 'not_sent', action: 'sender' },
  { code: 190, outcome: 'not_sent', action: 'account' },
  { code: 131042, outcome: 'not_sent', action: 'account' },
  { code: 131049, outcome: 'not_sent', action: 'wait_a_day' },
  { code: 131056, outcome: 'not_sent', action: 'retry' },
  { code: 80007, outcome: 'not_sent', action: 'retry' },
]

export function describeConformance({
  provider,
  connect,
  dialect = whatsappDialect(provider),
}: ConformanceKit): void {
  describe(`${provider.kind} keeps what every provider must keep`, () => {
    let standIn: Simulator
    let receiver: Receiver
    let connection: ProviderConnection | undefined

    beforeEach(async () => {
      standIn = await startSimulator({ webhookRetries: { retryPauseMs: 5, retryPauseMaxMs: 20 } })
      receiver = await openReceiver()
    })

    afterEach(async () => {
      await connection?.close()
      connection = undefined
      await standIn.close()
      await receiver.close()
    })

    function open(orders: SimulatorConfig, deps: Partial<ConnectDeps> = {}): ProviderConnection {
      connection = connect(orders, {
        simulatorUrl: standIn.url,
        webhookUrl: receiver.url,
        appSecret: APP_SECRET,
        timeouts: { answerMs: ANSWER_MS, connectMs: ANSWER_MS },
        ...deps,
      })
      return connection
    }

    const witness = async <Answer>(path: string): Promise<Answer> =>
      (await (await fetch(`${standIn.url}${path}`)).json()) as Answer
    const summary = () => witness<WitnessSummary & { pending_receipts: number }>('/witness/summary')

    /** Waits until the stand-in has posted all, and gives the receipts in order of arrival. */
    async function allReceipts(
      expected: (updates: readonly StatusUpdate[]) => boolean,
    ): Promise<StatusUpdate[]> {
      const updates = () => receiver.posts.flatMap((post) => dialect.parse(post))
      await receiver.until(() => expected(updates()))
      return updates()
    }

    it('accepts a message, names it, and reports what becomes of it under a valid signature', async () => {
      const outcome = await open({ read: 1 }).send(messageTo('attempt-1'))
      expect(outcome).toMatchObject({ outcome: 'accepted', ...dialect.acceptance })
      const expected = dialect.reads ? ['sent', 'delivered', 'read'] : ['sent', 'delivered']
      const updates = await allReceipts((all) => all.length === expected.length)
      expect(updates.map(({ status }) => status)).toEqual(expected)
      for (const update of updates) {
        expect(update.attemptRef).toBe('attempt-1')
        expect(update.providerMessageId).toBe(outcome.outcome === 'accepted' && outcome.providerMessageId)
      }
      expect(updates[1]!.pricing).toEqual(dialect.pricing)
      for (const post of receiver.posts) {
        expect(dialect.isSigned(post, APP_SECRET)).toBe(true)
        expect(dialect.isSigned(post, 'another-secret')).toBe(false)
        expect(dialect.isSigned({ ...post, rawBody: Buffer.from(`${post.rawBody}&a=b`) }, APP_SECRET)).toBe(
          false,
        )
        expect(dialect.isSigned({ ...post, headers: {} }, APP_SECRET)).toBe(false)
      }
    })

    it.each(dialect.refusals)(
      'takes code $code for $outcome, acting on $action',
      async ({ code, outcome, action }) => {
        const answer = await open({ rejected: 1, rejected_code: code }).send(messageTo('attempt-1'))
        expect(answer).toMatchObject({
          outcome,
          action,
          code: String(code),
          message: expect.stringMatching(/\.$/),
        })
        expect(await summary()).toMatchObject({ accepted: 0, refused: { rejected: 1 } })
      },
    )

    it('is slowed down once by a rate limit, and passes when it tries again under another attempt', async () => {
      const line = open({ rate_limited: 1 })
      const first = await line.send(messageTo('attempt-1'))
      expect(first).toMatchObject({ outcome: 'not_sent', action: 'retry', code: dialect.rateLimited })
      expect(await line.send(messageTo('attempt-2'))).toMatchObject({ outcome: 'accepted' })
      expect(await summary()).toMatchObject({ accepted: 1, refused: { rate_limited: 1 } })
    })

    it('cannot tell what became of a message whose answer never came, and learns it from the receipt', async () => {
      const outcome = await open({ timeout_after_accept: 1, read: 0 }).send(messageTo('attempt-1'))
      expect(outcome).toMatchObject({ outcome: 'indeterminate', code: 'UND_ERR_HEADERS_TIMEOUT' })
      const updates = await allReceipts((all) => all.some(({ status }) => status === 'delivered'))
      expect(updates.every(({ attemptRef }) => attemptRef === 'attempt-1')).toBe(true)
      expect(await summary()).toMatchObject({ accepted: 1, distinct: 1 })
    })

    it('cannot tell what became of a message whose connection was reset', async () => {
      const outcome = await open({ reset_after_accept: 1 }).send(messageTo('attempt-1'))
      expect(outcome).toMatchObject({ outcome: 'indeterminate' })
      expect(await summary()).toMatchObject({ accepted: 1, accepted_twice: 0 })
    })

    it('cannot tell what a server error means, even with a body', async () => {
      const outcome = await open({ server_error: 1 }).send(messageTo('attempt-1'))
      expect(outcome).toMatchObject({ outcome: 'indeterminate', code: dialect.serverError })
      expect(outcome).not.toHaveProperty('action')
    })

    it('cannot tell what garbage under a 200 means, whatever the garbage', async () => {
      const line = open({ garbage: 1 })
      const outcomes = await Promise.all(numbered(40).map((n) => line.send(messageTo(`attempt-${n}`, n))))
      expect(new Set(outcomes.map(({ outcome }) => outcome))).toEqual(new Set(['indeterminate']))
      expect(await summary()).toMatchObject({ accepted: 40, distinct: 40 })
    })

    it('waits for a slow answer, and may hear the receipt before it', async () => {
      const sending = open({ slow: 1, slow_ms: 150, read: 0 }).send(messageTo('attempt-1'))
      let isAnswered = false
      void sending.then(() => {
        isAnswered = true
      })
      await allReceipts((all) => all.length > 0)
      expect(isAnswered).toBe(false)
      expect(await sending).toMatchObject({ outcome: 'accepted' })
    })

    it('knows that nothing left when the connection is refused', async () => {
      const port = await freePort()
      const outcome = await open({}, { simulatorUrl: `http://127.0.0.1:${port}` }).send(
        messageTo('attempt-1'),
      )
      expect(outcome).toMatchObject({ outcome: 'not_sent', action: 'retry', code: 'ECONNREFUSED' })
    })

    it('knows that nothing left after it was closed', async () => {
      const line = open({})
      await line.close()
      expect(await line.send(messageTo('attempt-1'))).toMatchObject({ outcome: 'not_sent', action: 'retry' })
      connection = undefined
    })

    it('tells failed messages with their code and what to do', async () => {
      await open({ failed: 1, failed_code: dialect.failure.code }).send(messageTo('attempt-1'))
      const [update, ...more] = await allReceipts((all) => all.length === 1)
      expect(more).toEqual([])
      const { code, action } = dialect.failure
      expect(update).toMatchObject({ status: 'failed', error: { code: String(code), action } })
    })

    it('hears duplicated, shuffled and late receipts just as the stand-in planned them', async () => {
      const line = open({
        seed: 7,
        failed: 0.1,
        delivered: 0.8,
        lost: 0.1,
        read_only: 0.2,
        duplicated: 0.5,
        shuffled: 0.5,
        late: 0.3,
        late_ms: 60,
      })
      await Promise.all(numbered(200).map((n) => line.send(messageTo(`attempt-${n}`, n))))
      const planned = await summary()
      expect(planned).toMatchObject({ accepted: 200, distinct: 200, accepted_twice: 0, recipients: 200 })
      const sent = planned.distinct - planned.failed
      const posted = sent + (planned.delivered - planned.read_only) + planned.read + planned.failed
      if (!dialect.reads) expect(planned.read).toBe(0)
      const updates = await allReceipts((all) => {
        const different = new Set(all.map(({ attemptRef, status }) => `${attemptRef} ${status}`))
        return different.size === posted
      })
      expect(updates.length).toBeGreaterThan(posted)
      const refs = (...statuses: string[]) =>
        new Set(updates.filter(({ status }) => statuses.includes(status)).map(({ attemptRef }) => attemptRef))
      const { data } = await witness<WitnessPage>('/witness/messages?limit=1000')
      const delivered = data.filter((message) => message.delivered).map((message) => message.attempt_ref)
      expect(refs('delivered', 'read')).toEqual(new Set(delivered))
      expect(refs('failed').size).toBe(planned.failed)
      expect(planned.failed).toBeGreaterThan(0)
      expect(planned.lost).toBeGreaterThan(0)
      expect(planned.undelivered).toBeGreaterThan(0)
    })
  })
}

/** A small utility template to one of the stand-in's recipients. */
export function messageTo(attemptRef: string, recipient = 1): OutgoingMessage {
  return {
    attemptRef,
    to: `+62812${String(recipient).padStart(8, '0')}`,
    text: 'Hi Siti, your invoice is due on Friday.',
    template: {
      name: 'payment_due',
      languageCode: 'en',
      parameters: { header: [], body: [{ name: 'name', text: 'Siti' }], buttons: [] },
    },
  }
}

function numbered(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

/** A port on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address !== null ? address.port : 0
}
