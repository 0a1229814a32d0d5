import type { Route } from './page.ts'
import { accountPages } from './pages/account.ts'
import { approvalQueuePages } from './pages/approval-queue.ts'
import { approvalsPages } from './pages/approvals.ts'
import { auditTrailPages } from './pages/audit-trail.ts'
import { campaignPages } from './pages/campaign.ts'
import { campaignMessagesPages } from './pages/campaign-messages.ts'
import { campaignPlotPages } from './pages/campaign-plot.ts'
import { campaignSchedulePages } from './pages/campaign-schedule.ts'
import { campaignWhatIfPages } from './pages/campaign-what-if.ts'
import { campaignWordsPages } from './pages/campaign-words.ts'
import { campaignsPages } from './pages/campaigns.ts'
import { contactsPages } from './pages/contacts.ts'
import { invoiceListPages } from './pages/invoice-list.ts'
import { invoicesPages } from './pages/invoices.ts'
import { keysPages } from './pages/keys.ts'
import { ladderPages } from './pages/ladder.ts'
import { ladderResultsPages } from './pages/ladder-results.ts'
import { laddersPages } from './pages/ladders.ts'
import { membersPages } from './pages/members.ts'
import { peoplePages } from './pages/people.ts'
import { policyPages } from './pages/policy.ts'
import { quietHoursPages } from './pages/quiet-hours.ts'
import { rateCardsPages } from './pages/rate-cards.ts'
import { recipientsPages } from './pages/recipients.ts'
import { recurringPages } from './pages/recurring.ts'
import { recurringFormPages } from './pages/recurring-form.ts'
import { remindersPages } from './pages/reminders.ts'
import { searchPages } from './pages/search.ts'
import { senderPages } from './pages/sender.ts'
import { sendersPages } from './pages/senders.ts'
import { settingsPages } from './pages/settings.ts'
import { suppressionsPages } from './pages/suppressions.ts'
import { templateFilesPages } from './pages/template-files.ts'
import { templatePreviewPages } from './pages/template-preview.ts'
import { templatesPages } from './pages/templates.ts'
import { todayPages } from './pages/today.ts'
import { walletPages } from './pages/wallet.ts'
import { workspacePages } from './pages/workspace.ts'

/** Every page of the console; what is more particular comes first. */
export const ROUTES: readonly Route[] = [
  ...todayPages,
  ...campaignWordsPages,
  ...campaignMessagesPages,
  ...recipientsPages,
  ...campaignSchedulePages,
  ...campaignWhatIfPages,
  ...campaignPlotPages,
  ...recurringFormPages,
  ...recurringPages,
  ...campaignsPages,
  ...campaignPages,
  ...remindersPages,
  ...invoiceListPages,
  ...invoicesPages,
  ...laddersPages,
  ...ladderResultsPages,
  ...ladderPages,
  ...approvalQueuePages,
  ...approvalsPages,
  ...suppressionsPages,
  ...peoplePages,
  ...contactsPages,
  ...templateFilesPages,
  ...templatePreviewPages,
  ...templatesPages,
  ...walletPages,
  ...auditTrailPages,
  ...policyPages,
  ...settingsPages,
  ...workspacePages,
  ...keysPages,
  ...sendersPages,
  ...senderPages,
  ...quietHoursPages,
  ...rateCardsPages,
  ...membersPages,
  ...accountPages,
  ...searchPages,
]
