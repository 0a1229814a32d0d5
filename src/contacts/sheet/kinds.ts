/** What a sheet may be: people to write to, what they owe, or what of it was paid. */
export const SHEET_KINDS = ['contacts', 'invoices', 'payments'] as const
export type SheetKind = (typeof SHEET_KINDS)[number]
