import { findTemplateAccount, listSenders, type Sender, templateAccount } from '../../delivery/index.ts'
import { ok } from '../../platform/result.ts'
import type { Scope } from '../../platform/scope.ts'
import {
  type PlatformTemplate,
  platformTemplatesOf,
  submitTemplate,
  withdrawTemplate,
} from '../../templates/index.ts'
import { type Act, act } from '../page.ts'

/** How a template stands on the business accounts of the senders: submitted, reviewed, deleted. */

const SENDERS_SHOWN = 200

/** The forms of a template's page; `again` shows that page. */
export function templatePlatformActs(again: Act['again']): Act[] {
  return [
    act(
      '/templates/:id/submission',
      async ({ scope, params }, { fields }) => {
        const account = await findTemplateAccount(scope, fields.sender_id ?? '')
        if (!account.ok) return account
        const submitted = await submitTemplate(scope, params.id!, account.value)
        return submitted.ok ? ok({ to: `/templates/${params.id}?done=template_submitted` }) : submitted
      },
      again,
    ),
    act(
      '/templates/:id/withdrawal',
      async ({ scope, params }, { fields }) => {
        const account = await findTemplateAccount(scope, fields.sender_id ?? '')
        if (!account.ok) return account
        const withdrawn = await withdrawTemplate(scope, params.id!, account.value)
        return withdrawn.ok ? ok({ to: `/templates/${params.id}?done=template_withdrawn` }) : withdrawn
      },
      again,
    ),
  ]
}

/** Every account that knows the template, and the senders to whose account it can still be submitted. */
export async function platformFacts(scope: Scope, templateId: string) {
  const rows = await platformTemplatesOf(scope, [templateId])
  const senders = (await listSenders(scope, { limit: SENDERS_SHOWN })).flatMap(withAccount)
  const isThere = (accountId: string) =>
    rows.some((row) => row.accountId === accountId && row.status !== 'deleted' && row.status !== 'not_taken')
  return {
    accounts: rows.map((row) => accountFacts(row, senders)),
    submittable: senders.filter(({ accountId }) => !isThere(accountId)),
  }
}

type WithAccount = { id: string; name: string; accountId: string }

/** A sender whose platform reviews templates; the stand-in sends any, unless it is told to review. */
function withAccount({ id, name, provider, config }: Sender): WithAccount[] {
  const account = templateAccount({ id, provider, config: config as Record<string, unknown> })
  return account && account.needsApproval !== 'never' ? [{ id, name, accountId: account.accountId }] : []
}

function accountFacts(row: PlatformTemplate, senders: readonly WithAccount[]) {
  const sender = senders.find(({ accountId }) => accountId === row.accountId)
  return {
    ...row,
    state: row.status,
    senderName: sender?.name ?? row.accountId,
    withdrawFrom: row.status === 'deleted' || row.wish === 'delete' ? undefined : sender?.id,
  }
}
