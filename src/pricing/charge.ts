import { type ChargeDecision, type ChargeFacts, free } from './models/model.ts'
import { MODELS, type ModelName } from './models/registry.ts'

/** The platform's words for a message it does not charge (`pricing.type` of a receipt). */
const REPORTED_FREE: readonly (string | undefined)[] = [
  'free_customer_service',
  'free_entry_point',
  'free_group_customer_service',
]

/**
 * What one delivered message costs: the platform's own word where it says that the message was free, then a free
 * entry point, then the rule of the model. Asked once a message, on the first of delivered and read; a failed
 * message is never asked about.
 */
export function decideCharge(model: ModelName, facts: ChargeFacts): ChargeDecision {
  if (isReportedFree(facts)) return free('reported_free')
  if (isInFreeEntryPoint(facts)) return free('free_entry_point')
  return MODELS[model](facts)
}

function isReportedFree({ reportedType }: ChargeFacts): boolean {
  return REPORTED_FREE.includes(reportedType)
}

function isInFreeEntryPoint({ at, freeEntryPointUntil }: ChargeFacts): boolean {
  return freeEntryPointUntil !== undefined && at < freeEntryPointUntil
}
