import { instant } from '../platform/db.ts'
import { type Page, type PageRequest, pageOf } from '../platform/page.ts'
import type { Scope } from '../platform/scope.ts'
import { readSought } from '../platform/sought.ts'
import type { TransferKind } from './ledger.ts'

type AccountKind = 'funding' | 'wallet' | 'hold' | 'spent' | 'adjustment' | 'receivable'

/** A movement of money as it was written, in 1/10,000 of a unit, with what caused it. Instants in RFC 3339. */
export type Transfer = {
  readonly id: string
  readonly kind: TransferKind
  readonly from: AccountKind
  readonly to: AccountKind
  readonly amountMinor: bigint
  readonly currency: string
  readonly campaignId: string | null
  /** For how many messages, where it is about messages. */
  readonly items: number
  readonly reference: string | null
  readonly reason: string | null
  readonly actor: string
  readonly createdAt: string
}

/** A place in the ledger: the transaction that wrote a transfer, and its id. */
export type TransferPlace = readonly [xid: string, id: string]

type Row = Omit<Transfer, 'createdAt'> & { readonly createdAt: string; readonly xid: string }

/**
 * The ledger, newest first, in the order of the transactions that wrote it; of one campaign or kind where one is named,
 * and with words in the reference or reason, or of the campaigns that go by them.
 */
export async function listTransfers(
  scope: Scope,
  request: PageRequest<TransferPlace> & {
    readonly campaignId?: string | undefined
    readonly kind?: TransferKind | undefined
    readonly words?: string | undefined
    readonly orCampaignIds?: readonly string[] | undefined
  },
): Promise<Page<Transfer, TransferPlace>> {
  const { sql, workspaceId } = scope
  const { after, campaignId, kind, words, orCampaignIds = [], limit } = request
  const like = words === undefined ? '' : readSought(words).like
  const rows = await sql<Row[]>`
    SELECT t.id, t.kind, d.kind AS "from", c.kind AS "to", t.amount AS "amountMinor", t.currency,
           t.campaign_id AS "campaignId", t.n_items AS items, t.reference, t.reason, t.actor,
           t.created_at AS "createdAt", t.xid::text AS xid
      FROM transfers t JOIN accounts d ON d.id = t.debit_id JOIN accounts c ON c.id = t.credit_id
     WHERE t.workspace_id = ${workspaceId}
       ${campaignId === undefined ? sql`` : sql`AND t.campaign_id = ${campaignId}`}
       ${kind === undefined ? sql`` : sql`AND t.kind = ${kind}`}
       ${words === undefined ? sql`` : sql`AND (t.reference ILIKE ${like} OR t.reason ILIKE ${like} OR t.campaign_id = ANY(${orCampaignIds as string[]}::uuid[]))`}
       ${after === undefined ? sql`` : sql`AND (t.xid, t.id) < (${after[0]}::text::xid8, ${after[1]}::uuid)`}
     ORDER BY t.xid DESC, t.id DESC LIMIT ${limit + 1}`
  const { items, next } = pageOf(rows, limit, (row): TransferPlace => [row.xid, row.id])
  return { items: items.map(present), next }
}

function present({ xid: _xid, createdAt, ...transfer }: Row): Transfer {
  return { ...transfer, createdAt: instant(createdAt)! }
}
