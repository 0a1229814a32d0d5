export { closeSlice, replayParked } from './close.ts'
export {
  type Decency,
  type DecencyRule,
  type Holidays,
  type Hours,
  nextDecentMoment,
  PURPOSES,
  type Purpose,
} from './decency.ts'
export { type Calendar, type PlainRule, shippedDecency } from './decency-seed.ts'
export { type DispatchHouse, dispatchSlice, type Obstacle, type RunTemplate } from './dispatch.ts'
export {
  type DecencyBook,
  type DecencySettings,
  findDecency,
  findDecencySettings,
  ruleFor,
} from './find-decency.ts'
export { type Folded, foldWebhooks } from './fold.ts'
export { forgetRecipient } from './forget-recipient.ts'
export { type Holiday, readHolidayFile } from './holiday-file.ts'
export { type Inbox, openInbox } from './inbox.ts'
export { MESSAGE_MOVES, MESSAGE_STATES, type MessageState } from './lifecycle.ts'
export { type AudienceQuery, audienceHash, materialise } from './materialise.ts'
export type { ProviderConnection } from './provider.ts'
export { PROVIDERS } from './providers/index.ts'
export { findRun, type Run } from './run.ts'
export { addSender, connectDeps, listSenders, type OpenSender, openSender, type Sender } from './senders.ts'
export {
  dropCalendar,
  dropDecencyRule,
  setCalendar,
  setDecencyRule,
  setDecencySettings,
} from './set-decency.ts'
export { pauseRun, startRun, stopRun, waitRun } from './steer.ts'
export { type Stopped, stopMessages } from './stop-messages.ts'
export { findTemplateAccount, templateAccount } from './template-account.ts'
export { insideWindow, instantOf, type Window } from './window.ts'
