/** Numbers from 0 to 1 that follow from a seed alone (mulberry32), so that a run can be thrown again. */
export type Dice = () => number

export function diceOf(seed: number): Dice {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

export function between(dice: Dice, least: number, most: number): number {
  return least + dice() * (most - least)
}

export function pick<T>(dice: Dice, choices: readonly T[]): T {
  return choices[Math.floor(dice() * choices.length)]!
}
