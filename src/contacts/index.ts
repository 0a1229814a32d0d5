/** Whom: sheets as they come, the rows that are not taken, contacts, lists and blocked numbers. */
export { type AmountRefusal, parseAmountText, parseNumericAmount } from './amount.ts'
export { type ContactChanges, changeContact } from './change-contact.ts'
export { mappingInUse, parseHandMapping, planColumns } from './columns.ts'
export { parseDueDate, serialDay, serialInDateColumn } from './due-date.ts'
export { eraseContact } from './erase.ts'
export {
  type Contact,
  findContact,
  findListName,
  type List,
  listContacts,
  listListNames,
  listLists,
  listSuppressions,
  listVariables,
  ofSoughtContacts,
  type SoughtContacts,
  type Suppression,
  seekContacts,
} from './find.ts'
export {
  findImport,
  type Import,
  type ImportColumn,
  type ImportProblem,
  type ImportState,
  type ImportTotals,
  listImports,
  listProblems,
  openProblemBook,
} from './find-import.ts'
export { findPeople, type Handle, type NamedPerson, rememberHandles } from './handles.ts'
export { FIELDS, type Field, recogniseHeading } from './headings.ts'
export { type ImportHouse, type ImportOutcome, importSheet, mapImport } from './import-sheet.ts'
export { isSheetLocale, sheetLocale } from './locale.ts'
export { isPhoneCountry, parseNumericPhone, parsePhone } from './phone.ts'
export { type BookRow, writeProblemBook } from './problem-book.ts'
export { type ReceivedFile, receiveFile } from './receive-file.ts'
export { type ContactWords, saveContact } from './save-contact.ts'
export { SHEET_KINDS } from './sheet/kinds.ts'
export { parseSheetOptions, type SheetOptionsInput } from './sheet/options.ts'
export { readSheetTable } from './sheet/read-table.ts'
export { MAX_FILE_BYTES } from './sheet/row-source.ts'
export { type ReadSheetRequest, readSheet, SHEET_LIMITS } from './sheet/spawn.ts'
export { refuseStagedRows } from './stage-rows.ts'
export { readPhone, type SuppressionRequest, suppress, unsuppress } from './suppress.ts'
export { recordWishes, type Wish } from './wish.ts'
