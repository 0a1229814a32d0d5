import { ok, type Result } from '../platform/result.ts'
import type { Caps } from '../reminders/index.ts'
import { fault, refuseFields } from './faults.ts'
import type { Form } from './form.ts'
import { say } from './view.ts'

const AMOUNT = /^\d{1,14}(\.\d{1,4})?$/

/** The caps of a standing approval, as its form says them: at most so much a run, a day and a month. */
export function readCaps(
  fields: Form['fields'],
  currency: string,
): Result<Pick<Caps, 'run' | 'day' | 'month'>, 'validation_failed'> {
  const capOf = (name: string) => ({ amount: (fields[name] ?? '').trim(), currency })
  const errors = ['run', 'day', 'month']
    .filter((name) => !AMOUNT.test(capOf(name).amount))
    .map((path) => fault(path, say('wallet.amount.fault')))
  if (errors.length > 0) return refuseFields(errors)
  return ok({ run: capOf('run'), day: capOf('day'), month: capOf('month') })
}
