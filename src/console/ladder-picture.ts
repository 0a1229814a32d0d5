import type { Step } from '../reminders/index.ts'

/** Where the steps of a ladder stand on a line through its due date; widths in percent, so that no text is ever scaled. */
export type LadderPicture = {
  readonly duePercent: number
  readonly steps: readonly {
    readonly number: number
    readonly percent: number
    /** Rows in which numbers stand, so that neighbours do not cover each other. */
    readonly y: number
    readonly label: string
  }[]
}

const MARGIN_PERCENT = 6
/** Closer than this they would cover each other on a phone. */
const CLOSE_PERCENT = 9
const UPPER_Y = 26
const LOWER_Y = 78

export function drawLadder(steps: readonly Pick<Step, 'offset'>[]): LadderPicture {
  const offsets = steps.map(({ offset }) => offset)
  const [from, to] = [Math.min(0, ...offsets), Math.max(0, ...offsets)]
  const span = Math.max(to - from, 1)
  const percent = (offset: number) =>
    Math.round((MARGIN_PERCENT + ((offset - from) / span) * (100 - 2 * MARGIN_PERCENT)) * 10) / 10
  let last = Number.NEGATIVE_INFINITY
  let isLower = true
  const placed = steps
    .map(({ offset }, at) => ({ offset, number: at + 1 }))
    .sort((a, b) => a.offset - b.offset || a.number - b.number)
    .map(({ offset, number }) => {
      const at = percent(offset)
      isLower = at - last < CLOSE_PERCENT ? !isLower : false
      last = at
      return { number, percent: at, y: isLower ? LOWER_Y : UPPER_Y, label: signed(offset) }
    })
  return { duePercent: percent(0), steps: placed }
}

/** `−7`, `0`, `+2`. */
function signed(offset: number): string {
  return offset > 0 ? `+${offset}` : String(offset).replace('-', '−')
}
