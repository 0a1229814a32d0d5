export { type AllowanceDay, describeDays, planDays } from './allowance.ts'
export { type CheckedReport, checkSender, takeForRefresh } from './check-sender.ts'
export { closeSlice, replayParked } from './close.ts'
export {
  type Decency,
  type DecencyRule,
  EVERYWHERE,
  type HoldReason,
  type Holidays,
  type Hours,
  nextDecentMoment,
  PURPOSES,
  type Purpose,
  quietMark,
  readCalendarPlace,
  readRulePlace,
} from './decency.ts'
export { type Calendar, type PlainRule, shippedDecency } from './decency-seed.ts'
export { type DispatchHouse, dispatchSlice, type SendingWatch } from './dispatch.ts'
export { fallOver, openFallOver, releaseSpare } from './fall-over.ts'
export type { RunTemplate } from './fill-message.ts'
export {
  CAP_MAX,
  type DecencyBook,
  type DecencySettings,
  findDecency,
  findDecencySettings,
  ruleFor,
} from './find-decency.ts'
export { type Folded, foldWebhooks, type Listener } from './fold.ts'
export { forgetRecipient } from './forget-recipient.ts'
export { hearNotices, listNotices, type Notice } from './hear-notices.ts'
export { HOLIDAY_FILE_MAX_CHARS, type Holiday, readHolidayFile } from './holiday-file.ts'
export { type Inbox, openInbox, type Stored } from './inbox.ts'
export { MESSAGE_MOVES, MESSAGE_STATES, type MessageState } from './lifecycle.ts'
export { type AudienceQuery, audienceHash, materialise } from './materialise.ts'
export type { FailureObstacle, Obstacle } from './obstacle.ts'
export type { CheckItem, InboundMessage, ProviderConnection } from './provider.ts'
export { packCallback } from './providers/callback.ts'
export { channelOf, PROVIDERS } from './providers/index.ts'
export { type Allowance, findAllowance, waitedUntil } from './reach.ts'
export { chargeRunAs, countInHand, repriceRun, unsentMessages } from './reprice-run.ts'
export { findRun, type Run } from './run.ts'
export {
  addSender,
  changeSender,
  connectDeps,
  findSender,
  KEEP_PREVIOUS_HOURS,
  listSenders,
  type OpenSender,
  openSender,
  retirePreviousSecrets,
  type Sender,
  webhookAddress,
} from './senders.ts'
export {
  dropCalendar,
  dropDecencyRule,
  setCalendar,
  setDecencyRule,
  setDecencySettings,
} from './set-decency.ts'
export { pausedWithSender, pauseRun, startRun, stopRun, waitRun } from './steer.ts'
export { type Stopped, stopMessages } from './stop-messages.ts'
export {
  type Change as SenderChange,
  resume as resumeStoppedSender,
  resumeSender,
  sendersConcerned,
  stopByHand,
  stoppedSenderOf,
  stopSenders,
} from './stop-sender.ts'
export { tellPlatform } from './tell-platform.ts'
export { findTemplateAccount, templateAccount } from './template-account.ts'
export { findWait, WAITS, type Wait } from './wait.ts'
export { insideWindow, instantOf, type Window } from './window.ts'
