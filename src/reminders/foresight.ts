/** A send-out to come. Amounts in 1/10,000 of a unit of the wallet's currency. */
export type ForeseenRun = {
  /** ISO day. */
  readonly day: string
  readonly name: string
  readonly subject:
    | { readonly sequenceId: string; readonly stepKey: string }
    | { readonly recurrenceId: string }
    | { readonly campaignId: string }
  /** 0 where it is no reminder. */
  readonly invoices: number
  readonly messages: number
  readonly costMinor: bigint
  /** Messages that no card in force prices. */
  readonly unpriced: number
  /**
   * `held`: its money is set aside already. `counted`: it will be asked of the balance. `over_cap`: more than the
   * standing approval allows a run. `unapproved`: it does not go before somebody approves it, and is not counted.
   */
  readonly standing: 'held' | 'counted' | 'over_cap' | 'unapproved'
}

export type ForeseenDay = {
  readonly day: string
  readonly runs: readonly ForeseenRun[]
  /** What the day asks of the balance. */
  readonly costMinor: bigint
  /** What of the balance is left after it, if nobody pays in; below zero it lacks. */
  readonly leftMinor: bigint
  /** What this day's runs lack; 0 where the balance carries them. */
  readonly lackingMinor: bigint
}

/** The runs by day, earliest first, each day with what it leaves of the balance. A day lacks at most what it costs itself. */
export function balanceOver(runs: readonly ForeseenRun[], availableMinor: bigint): ForeseenDay[] {
  const days = [...new Set(runs.map(({ day }) => day))].sort()
  let leftMinor = availableMinor
  return days.map((day) => {
    const own = runs.filter((run) => run.day === day)
    const costMinor = own.reduce((sum, run) => sum + (isAsked(run) ? run.costMinor : 0n), 0n)
    leftMinor -= costMinor
    const short = leftMinor < 0n ? -leftMinor : 0n
    return { day, runs: own, costMinor, leftMinor, lackingMinor: short < costMinor ? short : costMinor }
  })
}

function isAsked({ standing }: ForeseenRun): boolean {
  return standing === 'counted' || standing === 'over_cap'
}

/** The first day that lacks something; undefined where all that is foreseen is carried. */
export function firstLack(days: readonly ForeseenDay[]): ForeseenDay | undefined {
  return days.find(({ lackingMinor }) => lackingMinor > 0n)
}
