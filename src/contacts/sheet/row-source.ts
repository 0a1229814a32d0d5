/**
 * What a cell holds, as the file stores it and never as it is displayed. `date` and `time` are serial numbers whose
 * style says so; `day` is an ISO day that the file itself wrote out; `uncalculated` is a formula without its result.
 */
export type RawCell = {
  readonly kind: 'text' | 'number' | 'date' | 'time' | 'day' | 'boolean' | 'error' | 'uncalculated'
  /** For numbers the text in the file (`6281234567890`, `5.8633E2`), digit for digit. */
  readonly text: string
}

/** A line of the sheet. `rowNo` counts as the user's own program does, from 1. */
export type SheetRow = {
  readonly rowNo: number
  readonly hidden: boolean
  readonly cells: readonly (RawCell | undefined)[]
}

/** A page of the workbook. */
export type SheetPage = { readonly name: string; readonly hidden: boolean }

export type SheetFormat = 'xlsx' | 'xlsb' | 'xls' | 'ods' | 'csv'

/**
 * Rows of a file, whatever its format. They come in handfuls, as the file gives them, because an asynchronous step for
 * each of a million rows would cost more than reading them.
 */
export type RowSource = {
  readonly format: SheetFormat
  readonly pages: readonly SheetPage[]
  /** Serials count from 1904 (old Macintosh workbooks) and not from 1900. */
  readonly date1904: boolean
  rows(pageIndex: number): AsyncIterable<readonly SheetRow[]>
  /** How much of the chosen page has been read, from 0 to 1, as far as that is known. */
  progress(): number
  close(): void
}

/** The largest file taken; the door refuses larger uploads before they are stored. */
export const MAX_FILE_BYTES = 128 * 1024 * 1024
/** Excel's own limits. */
export const MAX_ROWS = 1_048_576
export const MAX_FILE_COLUMNS = 16_384
export const MAX_CELL_CHARS = 32_767
/** Columns that hold anything; a contact sheet has a dozen. */
export const MAX_COLUMNS = 200
export const MAX_PAGES = 200

/** Why a file is not read at all. */
export type SheetRefusalCode =
  | 'empty_file'
  | 'file_too_large'
  | 'not_a_spreadsheet'
  | 'unsupported_format'
  | 'encrypted'
  | 'macros'
  | 'archive_bomb'
  | 'archive_forged'
  | 'archive_unsafe_path'
  | 'archive_damaged'
  | 'doctype'
  | 'file_damaged'
  | 'too_deep'
  | 'too_many_rows'
  | 'too_many_columns'
  | 'too_many_sheets'
  | 'cell_too_long'
  | 'quote_not_closed'
  | 'sheet_not_found'
  | 'no_rows'
  | 'mapping_invalid'
  | 'options_invalid'
  | 'unreadable'
  | 'too_complex'
  | 'timed_out'

/**
 * Thrown from deep inside a parser when a file must not be read further; the child process turns it into the refusal
 * it stands for, a value with a code and a sentence.
 */
export class SheetRefused extends Error {
  readonly code: SheetRefusalCode

  constructor(code: SheetRefusalCode, detail: string) {
    super(detail)
    this.name = 'SheetRefused'
    this.code = code
  }
}

/** Does the row hold anything but spaces? */
export function isBlank(cells: readonly (RawCell | undefined)[]): boolean {
  return cells.every((cell) => cell === undefined || cell.text.trim() === '')
}

/** The letters of a column, from its index counted from 0: 0 is `A`, 27 is `AB`. */
export function columnLetters(index: number): string {
  let letters = ''
  for (let rest = index + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters
  }
  return letters
}

/** Guards shared by every format: refuses a cell that no spreadsheet could hold, or one beyond the last column. */
export function assertCell(rowNo: number, column: number, chars: number): void {
  if (column >= MAX_COLUMNS) {
    throw new SheetRefused(
      'too_many_columns',
      `Row ${rowNo} has a cell in column ${columnLetters(column)}. Sheets of up to ${MAX_COLUMNS} columns are read; delete the columns that are not needed.`,
    )
  }
  if (chars > MAX_CELL_CHARS) {
    throw new SheetRefused(
      'cell_too_long',
      `The cell ${columnLetters(column)}${rowNo} holds more than ${MAX_CELL_CHARS} characters, more than a spreadsheet can. Shorten it.`,
    )
  }
}

/** Refuses rows beyond Excel's last. */
export function assertRow(rowNo: number): void {
  if (rowNo <= MAX_ROWS) return
  throw new SheetRefused(
    'too_many_rows',
    `The sheet has more than ${MAX_ROWS} rows. Split it into several files.`,
  )
}
