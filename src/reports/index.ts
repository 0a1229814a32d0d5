export {
  type AuditReport,
  auditAll,
  auditWorkspace,
  type Check,
  type WorkspaceAudit,
  watchLedger,
} from './audit.ts'
export type { MessageFacts } from './explain.ts'
export { writeReport } from './export.ts'
export { listMessages, type MessageLine, type MessagePlace } from './messages.ts'
export {
  comparePrices,
  listPricedOtherwise,
  PRICE_DIFFERENCES,
  type PriceComparison,
  type PriceDifference,
} from './price-comparison.ts'
export { readResults, type StepResult, writeResults } from './reminder-results.ts'
export { readSpend, type Spend } from './spend.ts'
export { writeStatement } from './statement.ts'
export { TABLE_FORMATS, type TableColumn, type TableFormat, writeTable } from './table.ts'
export { readTimeline, type Timeline } from './timeline.ts'
