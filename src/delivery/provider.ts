import type { z } from 'zod'
import type {
  Category,
  ListedTemplate,
  MediaType,
  ParameterFormat,
  PlatformForm,
  TemplateAccount,
  TemplateNews,
  TemplateParameters,
} from '../templates/index.ts'

/**
 * What a channel must be able to do, and the words in which every channel answers. Pure: types and a few limits.
 * A new provider is a folder in `providers/` that exports one `Provider`, a line in `providers/index.ts`, and a
 * test file that runs the shared conformance suite.
 */

/** Longest attempt reference; the platform echoes at most this many characters back in a receipt. */
export const ATTEMPT_REF_MAX_CHARS = 512

/** A template already rendered into parts: what leaves for one recipient in one attempt. */
export type OutgoingMessage = {
  /** The attempt's id, committed before the call. It travels along and comes back in every receipt. */
  readonly attemptRef: string
  /** E.164 with the plus sign. */
  readonly to: string
  /** The whole text, on a channel that knows no templates. */
  readonly text?: string
  readonly template: {
    readonly name: string
    readonly languageCode: string
    /** As what it is charged: a sender may have another way for marketing. */
    readonly category?: string
    /** Whether the platform knows the parameters by name or by place; by name where nothing is said. */
    readonly parameterFormat?: ParameterFormat
    readonly parameters: {
      readonly header: readonly HeaderParameter[]
      /** In place of a header of words. */
      readonly media?: OutgoingMedia
      readonly body: readonly BodyParameter[]
      readonly buttons: readonly ButtonParameter[]
    }
  }
}

/** A file above a message, by the platform's id of an uploaded one or by its address. */
export type OutgoingMedia = {
  readonly type: MediaType
  readonly fileName?: string
} & ({ readonly platformId: string } | { readonly link: string })

export type HeaderParameter = { readonly name?: string; readonly text: string }
export type BodyParameter = { readonly name: string; readonly text: string }
/** `text` is a URL's suffix, a quick reply's payload, or the code to copy. */
export type ButtonParameter = {
  readonly index: number
  readonly subType: 'url' | 'quick_reply' | 'copy_code'
  readonly text: string
}

/**
 * What an error acts on: `retry` the same message later with backoff; `recipient` never again this message to this
 * recipient; `campaign` stop the campaign (its template or its content is at fault); `sender` stop this number;
 * `account` stop every number of the account; `wait_a_day` not before 24 hours.
 */
export type ErrorAction = 'retry' | 'recipient' | 'campaign' | 'sender' | 'account' | 'wait_a_day'

/**
 * What became of one call. `code` is the platform's own code in digits, a network error's name (`ECONNREFUSED`) or
 * one of ours (`http_502`, `no_message_id`); `message` is what happened and what to do, without any personal data.
 *
 * - `accepted`: the platform took it and named it. Not yet sent: a receipt follows.
 * - `rejected`: refused for good; this message will never go out.
 * - `not_sent`: provably not accepted, so that the same message may go again once what `action` names is mended.
 * - `indeterminate`: it may or may not go out. Never sent again by itself. `action` is there only where the answer
 *   named a fault of the sender or the account, so that the rest is not sent into the same wall.
 */
export type SendOutcome =
  | {
      readonly outcome: 'accepted'
      readonly providerMessageId: string
      readonly messageStatus: MessageStatus
      readonly recipientId?: string
    }
  | {
      readonly outcome: 'rejected'
      readonly code: string
      readonly message: string
      readonly action: ErrorAction
      /** The fault of one row or, where most of the first rows meet it, of the campaign. */
      readonly isSystematic?: boolean
    }
  | {
      readonly outcome: 'not_sent'
      readonly code: string
      readonly message: string
      readonly action: ErrorAction
      /** The least time before the next try; the caller's own backoff may be longer. */
      readonly retryAfterMs?: number
      /** By how much each wait is longer than the one before; twice by default. */
      readonly retryFactor?: number
      /** How often it is tried at most with this answer. */
      readonly mostTries?: number
    }
  | {
      readonly outcome: 'indeterminate'
      readonly code: string
      readonly message: string
      readonly action?: ErrorAction
    }

/** `held_for_quality_assessment` is normal for a new template: the message is sent or dropped later, by a receipt. */
export type MessageStatus = 'accepted' | 'held_for_quality_assessment' | 'paused'

/** One receipt. At least one of `providerMessageId` and `attemptRef` is there. */
export type StatusUpdate = {
  readonly providerMessageId?: string
  readonly attemptRef?: string
  readonly status: 'sent' | 'delivered' | 'read' | 'failed'
  /** ISO 8601 in UTC. When the platform says it happened, not when it reached us. */
  readonly occurredAt: string
  readonly error?: StatusError
  /** The platform's own words on price, verbatim; absent where it said nothing. */
  readonly pricing?: unknown
  /** The number it came from, where the platform says so: one account may have several on one webhook address. */
  readonly phoneNumberId?: string
  /** Digits, or a group's id. Absent for a person who hides the number. */
  readonly recipientId?: string
  /** The business-scoped user id, which is there even where the number is not. */
  readonly recipientUserId?: string
}

/** `title` is the platform's wording, `message` is ours: what happened and what to do. */
export type StatusError = {
  readonly code: string
  readonly title: string
  readonly message: string
  readonly action: ErrorAction
}

/** What a customer wrote. At least one of `from` and `fromUserId` is there. */
export type InboundMessage = {
  readonly providerMessageId: string
  /** Digits of the number, without a plus. Absent for a person who hides it. */
  readonly from?: string
  /** The business-scoped user id. */
  readonly fromUserId?: string
  /** ISO 8601 in UTC. */
  readonly occurredAt: string
  /** The platform's word: `text`, `button`, `interactive`, `image`… */
  readonly type: string
  /** The words written, a button's label or a caption. */
  readonly text?: string
  /** The payload of a quick reply or the id of a chosen button or list row. */
  readonly payload?: string
  /** The message of ours that this one answers. */
  readonly inReplyTo?: string
  /** Digits of the number that the person has changed to, where that is what the message says. */
  readonly newNumber?: string
  readonly phoneNumberId?: string
}

/** A webhook taken apart. Nothing is lost: what is neither a receipt nor a message is kept in `other`. */
export type ParsedWebhook = {
  readonly statuses: readonly StatusUpdate[]
  readonly inbound: readonly InboundMessage[]
  /** What it says of templates of a business account. */
  readonly templates: readonly TemplateNews[]
  /** JSON-safe and storable: no NUL, no lone surrogates, no nesting beyond a limit. */
  readonly other: readonly OtherUpdate[]
  /** How many shapes were not recognised; they are in `other` too. */
  readonly unknownCount: number
}

/** `accountId` and `occurredAt` (ISO 8601 in UTC) are there where the platform gave them. */
export type OtherUpdate = {
  readonly field: string
  readonly value: unknown
  readonly accountId?: string
  readonly occurredAt?: string
}

/** Headers as Node gives them: lower-case names. */
export type WebhookHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What the house knows and a sender's own configuration does not. */
export type ConnectDeps = {
  /** Where the built-in stand-in listens, such as `http://127.0.0.1:4010`. */
  readonly simulatorUrl: string
  /** Where this sender's webhooks arrive: `…/webhooks/<kind>/<sender id>`. */
  readonly webhookUrl: string
  /** The secret that the stand-in signs this sender's webhooks with. */
  readonly appSecret: string
  /** Sockets kept open to the platform, and so the most calls at one time. */
  readonly connections?: number
  readonly timeouts?: SendTimeouts
  /** Gateways on this machine may be called: for tests, and a gateway that stands beside the program. */
  readonly allowLoopback?: boolean
}

export type SendTimeouts = {
  readonly connectMs?: number
  /** From the request to the answer's headers, and the longest silence within its body. */
  readonly answerMs?: number
}

/** A file on its way to a platform. */
export type PlatformFile = {
  readonly fileName: string
  readonly mime: string
  readonly content: Buffer
}

/** What became of an upload. `refused` will be refused again until `message` is followed; `unknown` is tried again. */
export type UploadOutcome =
  | { readonly outcome: 'done'; readonly platformId: string }
  | {
      readonly outcome: 'refused'
      readonly code: string
      readonly message: string
      /** Whose fault it is: the file's, and so the campaign's, or the sender's. */
      readonly action: ErrorAction
    }
  | { readonly outcome: 'unknown'; readonly code: string; readonly message: string }

/** A sender's open line to its platform. */
export type ProviderConnection = {
  /** Sends one message, once. Never throws and never tries again by itself. */
  send(message: OutgoingMessage): Promise<SendOutcome>
  /** Takes a file for the headers of messages; absent for a channel that has none. Never throws. */
  readonly media?: {
    /** Where files go, and are known: another address knows none of them. */
    readonly address: string
    /** How long the platform keeps one, in days. */
    readonly keptDays: number
    upload(file: PlatformFile): Promise<UploadOutcome>
  }
  /** Waits for what is in flight, then closes the sockets. Later sends are `not_sent`. */
  close(): Promise<void>
}

/** A template to be submitted for approval. */
export type TemplateRequest = {
  readonly name: string
  readonly languageCode: string
  readonly category: Category
  readonly form: PlatformForm
  /** A filled example of every part, for the reviewers. */
  readonly samples: TemplateParameters
  /** The file that they look at, where the header is one. */
  readonly sampleFile?: PlatformFile
  readonly parameterFormat: ParameterFormat
  /** How long a message is tried to be delivered; null for the platform's own time. */
  readonly ttlSeconds: number | null
}

/**
 * What became of a call about templates. `refused` will be refused again; `unknown` may have been done or not, and is
 * tried again. `at` is the platform's own clock, where it said.
 */
export type TemplateOutcome<Value> =
  | { readonly outcome: 'done'; readonly value: Value; readonly at: string | undefined }
  | { readonly outcome: 'refused' | 'unknown'; readonly code: string; readonly message: string }

/** An open line to where a sender's templates are kept. Its calls never throw. */
export type TemplateLine = {
  create(template: TemplateRequest): Promise<TemplateOutcome<ListedTemplate>>
  /** Of that name, or all. */
  list(name?: string): Promise<TemplateOutcome<ListedTemplate[]>>
  /** A template that is not there is as good as deleted. */
  remove(template: { name: string; platformId: string | null }): Promise<TemplateOutcome<undefined>>
}

/** One thing that sending needs: how it stands in plain words, and what to do where it does not. */
export type CheckItem =
  | { readonly name: string; readonly state: 'passed'; readonly says: string }
  | {
      readonly name: string
      readonly state: 'warned' | 'failed'
      readonly says: string
      readonly mend: string
    }

/** What the platform said of a sender, and what of it is kept. */
export type SenderReport = {
  readonly items: readonly CheckItem[]
  readonly facts: {
    readonly tier?: { readonly tier: string; readonly limit: number | null }
    /** The business that owns the account. */
    readonly portfolioId?: string
  }
}

/** What every sender's configuration may hold, whatever its provider. */
export type SenderConfig = {
  readonly messages_per_second?: number | undefined
  readonly lifetime_seconds?: number | undefined
}

/** What a provider carries: WhatsApp messages by approved templates, or SMS by their text. */
export type Channel = 'whatsapp' | 'sms'

/** What is known of a webhook beside its bytes. */
export type WebhookContext = {
  readonly config: SenderConfig
  /** ISO 8601: when it came, for a provider that says no time itself. */
  readonly receivedAt: string
}

/** How a webhook was called, for a provider whose signature covers more than the body. */
export type WebhookCall = {
  /** Every address by which the provider may know this one, with the query as it came. */
  readonly urls: readonly string[]
  /** The last part of the path, where it has a secret one. */
  readonly key?: string | undefined
  readonly config: SenderConfig
}

/** One channel. Its functions are pure but for `connect`. */
export type Provider<Config extends SenderConfig = SenderConfig> = {
  readonly kind: string
  readonly channel: Channel
  /** Checks and completes what a user configured; strict, and described for the OpenAPI document. */
  readonly configSchema: z.ZodType<Config>
  /** Members of the configuration that are encrypted at rest and never shown again. */
  readonly secretFields: readonly string[]
  /** Secrets of which two are valid while one replaces the other, each with the member that keeps the older one. */
  readonly replaceableSecrets: Readonly<Record<string, string>>
  /** Codes of failures that another channel can mend: nobody could be reached, and nobody had refused. */
  readonly mendedElsewhere?: readonly string[]
  readonly defaultMessagesPerSecond: number
  /** The least time between two messages of a sender to one person, where the platform asks for one. */
  readonly pairSeconds?: number
  /** How long after acceptance a message may still be delivered: the hold lives as long. */
  readonly defaultLifetimeSeconds: number
  /** Where this sender's templates are kept; a provider without it keeps none, and sends any template. */
  accountOf?(config: Readonly<Record<string, unknown>>, senderId: string): TemplateAccount
  openTemplates?(config: Config, deps: ConnectDeps): TemplateLine
  connect(config: Config, deps: ConnectDeps): ProviderConnection
  /** Asks the platform about all that sending needs; absent for a channel that can say nothing. Never throws. */
  check?(config: Config, deps: ConnectDeps, now: () => Date): Promise<SenderReport>
  /** The secrets that a webhook of this sender may be signed with; two while one replaces the other. */
  signingSecrets(config: Config, deps: Pick<ConnectDeps, 'appSecret'>): string[]
  /** Checks a webhook's signature over its raw bytes in constant time, against every secret given. */
  verifySignature(
    rawBody: Buffer,
    headers: WebhookHeaders,
    secrets: readonly string[],
    call?: WebhookCall,
  ): boolean
  /** The body to answer a subscription handshake with, or undefined where the verify token is not this sender's. */
  answerHandshake(
    query: Readonly<Record<string, unknown>>,
    config: Config,
    deps: Pick<ConnectDeps, 'appSecret'>,
  ): string | undefined
  /** Takes a webhook apart. Never throws, whatever the bytes. */
  parseWebhook(rawBody: Buffer, context?: WebhookContext): ParsedWebhook
}
