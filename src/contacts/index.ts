export { type AmountRefusal, parseAmountText, parseNumericAmount } from './amount.ts'
export { cellText } from './cell-text.ts'
export { type ColumnPlan, mappingInUse, parseHandMapping, planColumns, type SheetColumn } from './columns.ts'
export { type DateRefusal, parseDueDate, serialDay, serialInDateColumn } from './due-date.ts'
export { FIELDS, type Field, REASON_HEADING, recogniseHeading } from './headings.ts'
export { isSheetLocale, type SheetLocale, sheetLocale } from './locale.ts'
export { isPhoneCountry, type PhoneRefusal, parseNumericPhone, parsePhone } from './phone.ts'
export { type BookColumn, type BookRow, writeProblemBook } from './problem-book.ts'
export { parseSheetOptions, type SheetOptions, type SheetOptionsInput } from './sheet/options.ts'
export type { AcceptedRow, RejectedRow, RowProblem, SheetKind } from './sheet/read.ts'
export { MAX_FILE_BYTES } from './sheet/row-source.ts'
export {
  type ReadSheetRequest,
  readSheet,
  SHEET_LIMITS,
  type SheetLimits,
  type SheetLine,
} from './sheet/spawn.ts'
