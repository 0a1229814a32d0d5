import { grouped, isTerminal, paint, printLine } from '../terminal.ts'
import type { Campaign } from './shapes.ts'

/** Shows a campaign as it goes: one line that is rewritten on a terminal, a new line now and then elsewhere. */
export type Progress = { show(campaign: Campaign): void; end(): void }

const BAR_WIDTH = 30
/** Two spaces before the bar, its brackets and a space behind. */
const BAR_FRAME = 5
const DEFAULT_COLUMNS = 80
const LINE_EVERY_MS = 2_000
const CLEAR_LINE = '\r\u001b[K'
/** Nothing more will become of a message in one of these. */
const DECIDED = ['delivered', 'read', 'failed', 'expired', 'cancelled', 'skipped']

export function openProgress(): Progress {
  return isTerminal() ? onTerminal() : asLines()
}

function onTerminal(): Progress {
  return {
    show: (campaign) => void process.stdout.write(`${CLEAR_LINE}  ${bar(campaign)} ${fitted(campaign)}`),
    end: () => printLine(),
  }
}

function asLines(): Progress {
  let shownAtMs = -Infinity
  let shownState = ''
  let last = ''
  return {
    show(campaign) {
      const nowMs = performance.now()
      const line = `  ${describe(campaign)}`
      const isDue = nowMs - shownAtMs >= LINE_EVERY_MS || campaign.state !== shownState
      if (!isDue || line === last) return
      shownAtMs = nowMs
      shownState = campaign.state
      last = line
      printLine(line)
    },
    end: () => {},
  }
}

/** A line that wraps could not be rewritten. */
function fitted(campaign: Campaign): string {
  const room = (process.stdout.columns || DEFAULT_COLUMNS) - BAR_WIDTH - BAR_FRAME - 1
  return describe(campaign).slice(0, Math.max(0, room))
}

function bar({ counts }: Campaign): string {
  const total = Math.max(1, counts.total ?? 0)
  const part = (states: readonly string[]) =>
    Math.round((BAR_WIDTH * states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)) / total)
  const decided = part(DECIDED)
  const sent = Math.min(BAR_WIDTH - decided, part(['sent', 'uncertain']))
  return `[${paint('green', '█'.repeat(decided))}${'▒'.repeat(sent)}${'·'.repeat(BAR_WIDTH - decided - sent)}]`
}

function describe({ state, counts, money }: Campaign): string {
  const of = (name: string) => counts[name] ?? 0
  const total = of('total')
  const out = total - of('queued') - of('sending')
  const parts = [
    `${state.padEnd(10)} ${out}/${total} sent`,
    `${of('delivered') + of('read')} delivered (${of('read')} read)`,
    `${of('failed') + of('expired')} failed`,
    `charged ${grouped(money.captured.amount)}`,
    `still held ${grouped(money.remaining.amount)}`,
  ]
  return parts.join(' · ')
}
