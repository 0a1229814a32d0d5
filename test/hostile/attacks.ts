import { ROUTES } from '../../src/api/routes.ts'
import type { Dice } from '../crash/dice.ts'
import type { Attack } from './attack.ts'
import type { Ground } from './ground.ts'
import { attackedPersonRoutes, personAttacks } from './person-attacks.ts'
import { programAttacks } from './program-attacks.ts'
import { webhookAttacks } from './webhook-attacks.ts'
import { wireAttacks } from './wire-attacks.ts'

/** Every route there is, from the tables that the server itself is made of. */
export function everyRoute(): Set<string> {
  const programs = ROUTES.map(({ facts }) => `${facts.method.toUpperCase()} ${facts.path}`)
  const people = attackedPersonRoutes().map(({ method, path }) => `${method} ${path}`)
  return new Set([...programs, ...people])
}

/**
 * Attacks on all of them. `times`: how much is added by chance at each place. `share`: of all attacks, so many are
 * chosen by chance, and at least one of each route.
 */
export async function* allAttacks(
  ground: Ground,
  dice: Dice,
  { times, share }: { readonly times: number; readonly share: number },
): AsyncGenerator<Attack> {
  const seen = new Set<string>()
  for (const attacks of [
    wireAttacks(),
    programAttacks(ground, dice, times),
    webhookAttacks(ground, dice, times),
    personAttacks(ground, dice, times),
  ])
    for await (const attack of attacks) {
      if (seen.has(attack.route) && dice() >= share) continue
      seen.add(attack.route)
      yield attack
    }
}
