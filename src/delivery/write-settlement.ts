import { inOnePass } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import { transfersOf } from '../wallet/index.ts'
import { movesOf } from './move-messages.ts'
import type { Settlement } from './settle-receipts.ts'
import { chargesOf } from './write-charges.ts'

/**
 * Writes a settlement by one statement: the database proves grounds, counts messages and folds transfers when all its
 * rows are written, so that counts and accounts, for which others wait, are locked at its very end.
 * @returns undefined where nothing is to be written
 */
export function writeSettlement(scope: Scope, { moved, movements, charges }: Settlement) {
  if (movements.length + charges.length > 0)
    return inOnePass(
      scope.sql,
      scope.sql`
        WITH paid AS (${transfersOf(scope, movements)}), moved AS (${movesOf(scope, moved)})
        ${chargesOf(scope, charges)}`,
    )
  return moved.length > 0 ? inOnePass(scope.sql, movesOf(scope, moved)) : undefined
}
