import { z } from 'zod'
import { getApproval, getPolicy, getPolicyVersions, putPolicy } from './approvals.ts'
import {
  deletePause,
  getCampaign,
  getCampaigns,
  patchCampaign,
  postApproval,
  postCampaign,
  postCancellation,
  postPause,
  postQuote,
  postSubmission,
} from './campaigns.ts'
import {
  deleteContact,
  deleteSuppression,
  getContact,
  getContacts,
  getLists,
  getSuppressions,
  patchContact,
  postSuppression,
} from './contacts.ts'
import {
  deleteCalendar,
  deleteDecencyRule,
  getCalendar,
  getDecency,
  putCalendar,
  putDecency,
  putDecencyRule,
} from './decency.ts'
import { docsAsset, docsPage } from './docs.ts'
import { getEvents } from './events.ts'
import { getCalendarOfRuns } from './foresight.ts'
import {
  deleteGateway,
  getGatewayEvents,
  getGateways,
  postGateway,
  postRotation,
  putLinks,
} from './gateways.ts'
import { healthz, metrics, readyz } from './health.ts'
import type { ApiHouse } from './house.ts'
import { getImport, getImports, getProblemBook, getProblems, postImport, putMapping } from './imports.ts'
import {
  getAgeing,
  getInvoice,
  getInvoiceHistory,
  getInvoices,
  postInvoice,
  postPayment,
  postReopening,
  putCancelled,
  putDispute,
  putPromise,
} from './invoices.ts'
import { deleteKey, getKeys, postKey } from './keys.ts'
import { getTransfers, getWalletAudit } from './ledger.ts'
import { getMedia, getMediaContent, getMediaList, postMedia } from './media.ts'
import {
  deleteInvitation,
  deleteMember,
  getInvitations,
  getMembers,
  patchMember,
  postInvitation,
} from './members.ts'
import { getMessages } from './messages.ts'
import {
  deleteEndpoint,
  getDeliveries,
  getEndpoints,
  postEndpoint,
  postEndpointEnabling,
  postEndpointRotation,
  postEndpointTest,
  postReplay,
} from './notices.ts'
import { openApiDocument } from './openapi.ts'
import { getPaymentLinks, postPaymentLink } from './payment-links.ts'
import {
  deleteTemplatePlatform,
  getSenderTemplates,
  getTemplatePlatform,
  getTemplateSync,
  postTemplateSubmission,
  postTemplateSync,
} from './platform-templates.ts'
import { getCampaignPreview, postWhatIf } from './preview.ts'
import { getPriceChange, postPriceChange, postPriceChangeQuote } from './price-change.ts'
import { getPriceComparison, getPriceDifferences } from './price-comparison.ts'
import {
  deleteRecurrenceApproval,
  getOccurrences,
  getRecurrence,
  getRecurrences,
  patchRecurrence,
  postRecurrence,
  postRecurrenceApproval,
  putRecurrenceState,
} from './recurrences.ts'
import { getSequenceResults, getSequenceResultsBook } from './reminder-results.ts'
import { getReport } from './report.ts'
import { definePublicRoute, type Route } from './route.ts'
import {
  deletePreviousSecrets,
  deleteSenderPause,
  getSender,
  getSenderNotices,
  getSenders,
  patchSender,
  postSender,
  postSenderCheck,
  postSenderPause,
} from './senders.ts'
import {
  deleteStandingApproval,
  getReminders,
  getSequence,
  getSequences,
  patchSequence,
  postSequence,
  postStandingApproval,
  postStarterSequence,
  putSequenceState,
} from './sequences.ts'
import { getSpend } from './spend.ts'
import { getTemplate, getTemplates, postTemplate, previewTemplateRoute } from './templates.ts'
import { getWallet, postTopUp } from './wallet.ts'
import { receivePaymentWebhook } from './webhooks/payments.ts'
import { receiveGatewayCallback, receiveGatewayQuery, receiveSmsCallback } from './webhooks/sms.ts'
import { answerHandshake, receiveWebhook } from './webhooks/whatsapp.ts'
import { getAuditEvents, getWorkspace, patchWorkspace } from './workspace.ts'

const openApi = definePublicRoute({
  method: 'get',
  path: '/openapi.json',
  tag: 'Service',
  summary: 'This document',
  responses: { 200: z.looseObject({ openapi: z.string() }) },
  refusals: [],
  handler: async (_request, response, house) => {
    response.type('json').send(documentOf(house))
  },
})

const documents = new WeakMap<ApiHouse, string>()

/** Made once: it takes some time and does not change. */
function documentOf(house: ApiHouse): string {
  const document = documents.get(house) ?? JSON.stringify(openApiDocument(ROUTES, house.publicUrl), null, 2)
  documents.set(house, document)
  return document
}

/** Every address that the API answers, in the order of the document. */
export const ROUTES: readonly Route[] = [
  getImports,
  postImport,
  getImport,
  putMapping,
  getProblems,
  getProblemBook,
  getContacts,
  getContact,
  patchContact,
  deleteContact,
  getLists,
  getSuppressions,
  postSuppression,
  deleteSuppression,

  getMediaList,
  postMedia,
  getMedia,
  getMediaContent,
  getTemplates,
  postTemplate,
  getTemplate,
  previewTemplateRoute,
  postTemplateSubmission,
  getTemplatePlatform,
  deleteTemplatePlatform,

  getSenders,
  postSender,
  getSenderTemplates,
  getSender,
  patchSender,
  deletePreviousSecrets,
  postSenderCheck,
  postSenderPause,
  deleteSenderPause,
  getSenderNotices,
  getTemplateSync,
  postTemplateSync,

  getCampaigns,
  postCampaign,
  getCampaign,
  patchCampaign,
  postQuote,
  getCampaignPreview,
  postWhatIf,
  postSubmission,
  getApproval,
  postApproval,
  postPause,
  deletePause,
  postCancellation,
  getPriceChange,
  postPriceChange,
  postPriceChangeQuote,
  getEvents,
  getMessages,
  getPriceComparison,
  getPriceDifferences,
  getReport,

  getGateways,
  postGateway,
  postRotation,
  putLinks,
  deleteGateway,
  getGatewayEvents,

  getEndpoints,
  postEndpoint,
  postEndpointRotation,
  deleteEndpoint,
  postEndpointEnabling,
  postEndpointTest,
  getDeliveries,
  postReplay,

  getDecency,
  putDecency,
  putDecencyRule,
  deleteDecencyRule,
  getCalendar,
  putCalendar,
  deleteCalendar,
  getInvoices,
  postInvoice,
  getAgeing,
  getInvoice,
  getInvoiceHistory,
  postPayment,
  putPromise,
  putDispute,
  putCancelled,
  postReopening,
  getPaymentLinks,
  postPaymentLink,

  getSequences,
  postSequence,
  postStarterSequence,
  getSequence,
  patchSequence,
  putSequenceState,
  postStandingApproval,
  deleteStandingApproval,
  getSequenceResults,
  getSequenceResultsBook,
  getReminders,
  getCalendarOfRuns,

  getRecurrences,
  postRecurrence,
  getRecurrence,
  patchRecurrence,
  putRecurrenceState,
  postRecurrenceApproval,
  deleteRecurrenceApproval,
  getOccurrences,

  getWallet,
  postTopUp,
  getTransfers,
  getSpend,
  getWalletAudit,
  getPolicy,
  putPolicy,
  getPolicyVersions,

  getWorkspace,
  patchWorkspace,
  getAuditEvents,
  getKeys,
  postKey,
  deleteKey,
  getMembers,
  patchMember,
  deleteMember,
  getInvitations,
  postInvitation,
  deleteInvitation,

  answerHandshake,
  receiveWebhook,
  receivePaymentWebhook,
  receiveSmsCallback,
  receiveGatewayCallback,
  receiveGatewayQuery,

  healthz,
  readyz,
  metrics,
  openApi,
  docsPage,
  docsAsset,
]
