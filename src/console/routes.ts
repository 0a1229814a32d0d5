import type { Route } from './page.ts'
import { approvalsPages } from './pages/approvals.ts'
import { campaignPages } from './pages/campaign.ts'
import { campaignsPages } from './pages/campaigns.ts'
import { contactsPages } from './pages/contacts.ts'
import { newCampaignPages } from './pages/new-campaign.ts'
import { settingsPages } from './pages/settings.ts'
import { templatesPages } from './pages/templates.ts'
import { todayPages } from './pages/today.ts'
import { walletPages } from './pages/wallet.ts'

/** Every page of the console; what is more particular comes first. */
export const ROUTES: readonly Route[] = [
  ...todayPages,
  ...newCampaignPages,
  ...campaignsPages,
  ...campaignPages,
  ...approvalsPages,
  ...contactsPages,
  ...templatesPages,
  ...walletPages,
  ...settingsPages,
]
