import type { ApiHouse } from './house.ts'

/** However many scrape, the database is asked at most once in so long. */
const KEPT_MS = 5_000

type Line = { readonly name: string; readonly label: string; readonly value: number }

/** Each figure of the database: the metric it becomes, and what its label is called. */
const FIGURES = {
  messages: ['duecast_messages', 'Messages by state, of all campaigns that are kept.', 'state'],
  campaigns: ['duecast_campaigns', 'Campaigns that have not ended, by state.', 'state'],
  webhooks_waiting: [
    'duecast_webhooks_waiting',
    'Stored webhooks that are not folded yet; counted up to 100,000.',
    undefined,
  ],
  oldest_webhook_seconds: [
    'duecast_webhooks_oldest_seconds',
    'How long the oldest of them has waited.',
    undefined,
  ],
  send_lag_seconds: [
    'duecast_send_lag_seconds',
    'How long what is due in running campaigns has waited to be sent.',
    undefined,
  ],
  held: ['duecast_held', 'Money set aside for campaigns, in units of the currency.', 'currency'],
  owed: ['duecast_owed', 'Late deliveries that no wallet could pay, in units of the currency.', 'currency'],
  frozen_workspaces: [
    'duecast_frozen_workspaces',
    'Workspaces whose books do not balance: nothing new is reserved there.',
    undefined,
  ],
  stopped_senders: [
    'duecast_stopped_senders',
    'Senders that the platform or a person has stopped.',
    undefined,
  ],
  notices_waiting: ['duecast_notices_waiting', 'Notices not yet told; counted up to 100,000.', undefined],
  payment_links_waiting: [
    'duecast_payment_links_waiting',
    'Payment links that are wanted and not made.',
    undefined,
  ],
} as const satisfies Record<string, readonly [name: string, help: string, label: string | undefined]>

/** What is written down about sending, money and receipts, among the figures for Prometheus. Each server tells the same. */
export function watchFigures({ metrics, database, clock, log }: ApiHouse): void {
  let kept: { readonly lines: readonly Line[]; readonly untilMs: number } | undefined
  let asking: Promise<readonly Line[]> | undefined
  const ask = async (): Promise<readonly Line[]> => {
    const now = clock.now()
    if (kept && kept.untilMs > now.getTime()) return kept.lines
    asking ??= database.sql<Line[]>`SELECT name, label, value FROM figures(${now.toISOString()}::timestamptz)`
      .then((rows) => [...rows])
      .finally(() => {
        asking = undefined
      })
    const lines = await asking
    kept = { lines, untilMs: now.getTime() + KEPT_MS }
    return lines
  }
  for (const [figure, [name, help, label]] of Object.entries(FIGURES))
    metrics.gauge(name, help, label === undefined ? [] : [label], async (gauge) => {
      gauge.reset()
      try {
        for (const line of await ask())
          if (line.name === figure)
            gauge.set(label === undefined ? {} : { [label]: line.label }, Number(line.value))
      } catch (error) {
        // The other figures are told all the same; that this one is missing is an alarm of its own.
        log.warn({ err: error }, 'the figures could not be read')
      }
    })
}
