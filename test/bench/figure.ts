/** What a figure must reach: by itself, or as a share of the limit that was measured beside it. */
export type Target = { readonly atLeast: number } | { readonly atMost: number }

/** One measured figure, beside its own limit measured in the same run. */
export type Figure = {
  readonly name: string
  readonly unit: string
  readonly value: number
  /** What the machine could do at most, at that moment: the same work with all else left out. */
  readonly limit?: { readonly what: string; readonly value: number }
  readonly asked?: { readonly value?: Target; readonly ratio?: Target }
  /** What the next stage of the project asks; it does not decide. */
  readonly goal?: { readonly value?: Target; readonly ratio?: Target }
  readonly note?: string
}

export type Judged = Figure & {
  readonly ratio: number | undefined
  /** Undefined where nothing is asked. */
  readonly pass: boolean | undefined
  readonly goalReached: boolean | undefined
}

export function judge(figure: Figure): Judged {
  const ratio = figure.limit && figure.value / figure.limit.value
  return {
    ...figure,
    ratio,
    pass: figure.asked && meets(figure.asked, figure.value, ratio),
    goalReached: figure.goal && meets(figure.goal, figure.value, ratio),
  }
}

function meets(asked: NonNullable<Figure['asked']>, value: number, ratio: number | undefined): boolean {
  return reaches(asked.value, value) && reaches(asked.ratio, ratio)
}

function reaches(target: Target | undefined, value: number | undefined): boolean {
  if (target === undefined) return true
  if (value === undefined || !Number.isFinite(value)) return false
  return 'atLeast' in target ? value >= target.atLeast : value <= target.atMost
}

/** A figure as lines of text: what was measured, what stands beside it, what was asked. */
export function describe(figure: Judged): string {
  const verdict = figure.pass === undefined ? '    ' : figure.pass ? 'ok  ' : 'FAIL'
  const head = `${verdict} ${figure.name}: ${amount(figure.value)} ${figure.unit}`
  const beside =
    figure.limit && `     beside ${figure.limit.what}: ${amount(figure.limit.value)} ${figure.unit}`
  const share = figure.ratio === undefined ? '' : `, ratio ${figure.ratio.toPrecision(3)}`
  const asked = [wordsOf('asked', figure.asked, figure.unit), goalWords(figure), figure.note].filter(
    (words) => words !== undefined && words !== '',
  )
  return [head, beside && `${beside}${share}`, asked.length > 0 ? `     ${asked.join('; ')}` : undefined]
    .filter((line) => line !== undefined)
    .join('\n')
}

function goalWords(figure: Judged): string | undefined {
  const words = wordsOf('goal', figure.goal, figure.unit)
  return words && `${words} (${figure.goalReached ? 'reached' : 'not reached'})`
}

function wordsOf(
  word: string,
  asked: { readonly value?: Target; readonly ratio?: Target } | undefined,
  unit: string,
): string | undefined {
  if (!asked) return undefined
  const parts = [
    asked.value && `${bound(asked.value)} ${unit}`,
    asked.ratio && `ratio ${bound(asked.ratio)}`,
  ].filter((part) => part !== undefined)
  return `${word} ${parts.join(' and ')}`
}

function bound(target: Target): string {
  return 'atLeast' in target ? `at least ${amount(target.atLeast)}` : `at most ${amount(target.atMost)}`
}

function amount(value: number): string {
  if (Math.abs(value) >= 1_000) return Math.round(value).toLocaleString('en-GB')
  return String(Number(value.toPrecision(3)))
}
