import { type Refusal, refuse } from '../platform/result.ts'
import { say } from './view.ts'

/** Something that is wrong in a form, in the reader's words, beside the field that `path` names. */
export type Fault = { readonly path: string; readonly code: string; readonly message: string }

/** What is wrong at a field; `code` for a program that reads it. */
export function fault(path: string, message: string, code = 'invalid'): Fault {
  return { path, code, message }
}

/** Refuses a form for one field's sake: the reason stands above the form too. */
export function refuseField(path: string, message: string, code?: string): Refusal<'validation_failed'> {
  return refuse('validation_failed', message, { errors: [fault(path, message, code)] })
}

/** Refuses a form of which each fault stands beside its field. */
export function refuseFields(faults: readonly Fault[]): Refusal<'validation_failed'> {
  return refuse('validation_failed', say('refused.check_fields'), { errors: faults })
}
