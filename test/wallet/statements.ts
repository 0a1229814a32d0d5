import { EFFECTS as EFFECTS_OF_MONEY } from './effects.ts'
import { ILLEGAL as ILLEGAL_MOVES } from './illegal.ts'
import { EFFECTS_OF_DEBTS, ILLEGAL_DEBTS } from './illegal-debts.ts'
import { ILLEGAL_ROWS } from './illegal-rows.ts'
import { EFFECTS_OF_SENDING, ILLEGAL_SENDING } from './illegal-sending.ts'

/** All that the database must refuse, and all that it must do by itself. */
export const ILLEGAL = [...ILLEGAL_MOVES, ...ILLEGAL_ROWS, ...ILLEGAL_DEBTS, ...ILLEGAL_SENDING]
export const EFFECTS = [...EFFECTS_OF_MONEY, ...EFFECTS_OF_DEBTS, ...EFFECTS_OF_SENDING]
