export { type CheckedTemplate, checkTemplate, languageCode, previewSms, previewTemplate } from './check.ts'
export {
  dueFetch,
  type FetchState,
  fetchFailed,
  fetchState,
  requestFetch,
  takeListing,
} from './fetch-account.ts'
export { findTemplate, listTemplates, type Template } from './find.ts'
export { findMedia, listMedia, type Media, mediaContent } from './find-media.ts'
export { type PlatformTemplate, platformTemplatesOf, templatesOfAccount } from './find-platform.ts'
export { HELPERS, type HelperName } from './formats.ts'
export { type ChangedTemplate, hearTemplates } from './hear.ts'
export {
  type Category,
  type Channel,
  previewInput,
  type TemplateInput,
  templateInput,
} from './input.ts'
export {
  BLOCK_DEPTH_MAX,
  type ParsedTemplate,
  parseTemplate,
  type TemplateNode,
} from './language.ts'
export { LARGEST_MEDIA_BYTES, MEDIA_TYPES, type MediaType } from './media-file.ts'
export { type HeaderMedia, mediaNodes } from './media-header.ts'
export {
  type PlatformForm,
  parametersFor,
  platformName,
  type ShownTemplate,
  shownTo,
  type TemplateParameters,
} from './platform-form.ts'
export {
  categoryOfWord,
  type ListedTemplate,
  type ParameterFormat,
  type PlatformStatus,
  SENDABLE_STATUSES,
  statusOfWord,
  type TemplateNews,
} from './platform-state.ts'
export { type RenderReason, render } from './render.ts'
export {
  type Condition,
  type LengthBound,
  longest,
  longestChars,
  optionalVariables,
  type Requirement,
  requiredVariables,
  requirements,
  shortestChars,
} from './requirements.ts'
export { saveTemplate } from './save.ts'
export { saveMedia } from './save-media.ts'
export { type SmsSize, smsSize } from './segments.ts'
export { type SmsText, smsTextFor } from './sms.ts'
export { type Standing, standingOf, type TemplateAccount } from './standing.ts'
export {
  REMINDER_KINDS,
  STARTER_INDUSTRIES,
  STARTER_LANGUAGES,
  type StarterLanguage,
  type StarterTemplate,
  starterTemplate,
  starterTemplates,
} from './starter.ts'
export {
  type SubmitTemplateRefusal,
  submitTemplate,
  type TemplateSubmission,
  withdrawTemplate,
} from './submit-template.ts'
export { SOURCE_MAX_CHARS, TAGS_MAX } from './syntax.ts'
export { type OpenTemplate, openTemplate, type PartFault, type TemplateWords } from './template.ts'
export { type Variables, variableName } from './variables.ts'
export { claimWish, failWish, fulfilWish, type Wish } from './wish.ts'
