import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'

/** What the program is told from outside, read once at boot. Nothing else in the house reads the environment. */
export type Config = {
  readonly port: number
  readonly host: string
  /** Undefined: the embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl: string | undefined
  /** Undefined: the queue lives in PostgreSQL. */
  readonly redisUrl: string | undefined
  /** An absolute path. */
  readonly dataDir: string
  /** Without a slash at the end; undefined: the address that the server listens on. */
  readonly publicUrl: string | undefined
  readonly logLevel: (typeof LOG_LEVELS)[number]
  /** Undefined: made from what the installation has, see `secretKeyOf`. */
  readonly secretKey: string | undefined
  /** The server that letters to members are handed to; undefined: links are shown instead. */
  readonly smtpUrl: string | undefined
  readonly mailFrom: string
  /** Requests a minute of one address, key or member; 0: no limit. */
  readonly rateLimitPerMinute: number
  /** The proxies whose word on where a request comes from is taken: addresses, networks, or names of such. */
  readonly trustProxy: readonly string[]
  readonly simulatorHost: string
  /** 0: any free port. */
  readonly simulatorPort: number
  /** Where a stand-in that somebody else started listens; undefined: this program starts its own. */
  readonly simulatorUrl: string | undefined
  /** Whether an SMS gateway may be called on this machine's own addresses. */
  readonly gatewaysOnLoopback: boolean
  readonly workerConcurrency: number
  /** Where a worker that runs apart tells its figures and whether it is ready; undefined: nowhere. 0: any free port. */
  readonly workerPort: number | undefined
  readonly workerHost: string
  /** Undefined: no traces are kept, and nothing is loaded for them. */
  readonly tracing: Tracing | undefined
}

/** Where traces are told, and how many: by the names that OpenTelemetry gives these settings everywhere. */
export type Tracing = {
  /** With its path. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly serviceName: string
  /** Of the traces that begin here, from 0 to 1; whoever calls decides for their own. */
  readonly ratio: number
}

/** Every fault of the environment at once, in plain words and without any value: values may be secrets. */
export class ConfigError extends Error {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    super(['The configuration has faults:', ...faults.map((fault) => `  - ${fault}`)].join('\n'))
    this.name = 'ConfigError'
    this.faults = faults
  }
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
const MOST_PORT = 65_535
export const SECRET_KEY_MIN_CHARS = 32
const MOST_CONCURRENCY = 256
const DEFAULT_CONCURRENCY = 4

const MOST_PER_MINUTE = 1_000_000
/** Far above what people and well-made programs ask; enough to keep one of them from crowding out the rest. */
const DEFAULT_PER_MINUTE = 12_000
const PROXY = /^(loopback|linklocal|uniquelocal|[\da-fA-F.:]{2,45}(\/\d{1,3})?)$/

/** The environment's names, in the order of `.env.example`. */
export const ENVIRONMENT = z.object({
  PORT: port('PORT').default(3000),
  HOST: host('HOST').default('127.0.0.1'),
  DATABASE_URL: address('DATABASE_URL', ['postgres:', 'postgresql:'], namesDatabase).optional(),
  REDIS_URL: address('REDIS_URL', ['redis:', 'rediss:']).optional(),
  DATA_DIR: z.string().max(4096, 'DATA_DIR is too long for a path.').default('.duecast'),
  PUBLIC_URL: address('PUBLIC_URL', ['http:', 'https:'], isBare).optional(),
  LOG_LEVEL: z.enum(LOG_LEVELS, `LOG_LEVEL must be one of ${LOG_LEVELS.join(', ')}.`).default('info'),
  SECRET_KEY: z
    .string()
    .min(SECRET_KEY_MIN_CHARS, `SECRET_KEY must have at least ${SECRET_KEY_MIN_CHARS} characters.`)
    .max(1024, 'SECRET_KEY must have at most 1024 characters.')
    .optional(),
  SMTP_URL: address('SMTP_URL', ['smtp:', 'smtps:']).optional(),
  MAIL_FROM: z
    .string()
    .regex(
      /^[^\r\n]{0,200}<?[^\s@<>]+@[^\s@<>]+>?$/,
      'MAIL_FROM must be an e-mail address, such as Duecast <duecast@example.com>.',
    )
    .default('Duecast <duecast@localhost>'),
  RATE_LIMIT_PER_MINUTE: whole('RATE_LIMIT_PER_MINUTE', 0, MOST_PER_MINUTE).default(DEFAULT_PER_MINUTE),
  TRUST_PROXY: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine(
      (parts) => parts.every((part) => PROXY.test(part)),
      'TRUST_PROXY must list addresses or networks, such as 127.0.0.1,10.0.0.0/8, or loopback.',
    )
    .default([]),
  SIMULATOR_HOST: host('SIMULATOR_HOST').default('127.0.0.1'),
  SIMULATOR_PORT: port('SIMULATOR_PORT').default(0),
  SIMULATOR_URL: address('SIMULATOR_URL', ['http:', 'https:'], isBare).optional(),
  GATEWAYS_ON_LOOPBACK: z
    .enum(['true', 'false'], 'GATEWAYS_ON_LOOPBACK must be true or false.')
    .default('false'),
  WORKER_CONCURRENCY: whole('WORKER_CONCURRENCY', 1, MOST_CONCURRENCY).default(DEFAULT_CONCURRENCY),
  WORKER_PORT: port('WORKER_PORT').optional(),
  WORKER_HOST: host('WORKER_HOST').default('127.0.0.1'),
  OTEL_EXPORTER_OTLP_ENDPOINT: address('OTEL_EXPORTER_OTLP_ENDPOINT', ['http:', 'https:'], isBare).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z
    .string()
    .regex(
      /^[\w.-]+=[^,\r\n]*(,\s*[\w.-]+=[^,\r\n]*)*$/,
      'OTEL_EXPORTER_OTLP_HEADERS must list headers as name=value, with commas between them.',
    )
    .transform(readHeaders)
    .default({}),
  OTEL_SERVICE_NAME: z.string().max(200, 'OTEL_SERVICE_NAME is too long.').default('duecast'),
  OTEL_TRACES_SAMPLER_ARG: z
    .string()
    .regex(/^(0(\.\d{1,9})?|1(\.0+)?)$/, 'OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, such as 0.1.')
    .transform(Number)
    .default(1),
})

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The process environment, completed by a file `.env` in the working directory: what is set already wins.
 * @throws ConfigError if the file is there and cannot be read
 */
export function readEnvironment(folder = process.cwd(), env: Environment = process.env): Environment {
  return { ...readEnvFile(resolve(folder, '.env')), ...env }
}

/**
 * Parses the environment. An empty value counts as not set, as compose files and `.env` leave them.
 * @throws ConfigError that names every fault
 */
export function loadConfig(env: Environment): Config {
  const present = Object.fromEntries(
    Object.keys(ENVIRONMENT.shape).flatMap((name) => (env[name]?.trim() ? [[name, env[name].trim()]] : [])),
  )
  const parsed = ENVIRONMENT.safeParse(present)
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => issue.message)
  if (!parsed.success || faults.length > 0) throw new ConfigError(faults)
  return configOf(parsed.data)
}

/**
 * The halves of the program that run apart meet only in shared services.
 * @throws ConfigError that names each one that is missing
 */
export function needsSharedServices(config: Config): void {
  const faults: string[] = []
  if (config.databaseUrl === undefined) faults.push(shared('DATABASE_URL', 'a PostgreSQL database'))
  if (config.redisUrl === undefined) faults.push(shared('REDIS_URL', 'a Redis server'))
  if (faults.length > 0) throw new ConfigError(faults)
}

function shared(name: string, what: string): string {
  return `${name} must name ${what} when server and workers run apart; npm start needs neither.`
}

function configOf(env: z.output<typeof ENVIRONMENT>): Config {
  return Object.freeze({
    port: env.PORT,
    host: env.HOST,
    databaseUrl: env.DATABASE_URL,
    redisUrl: env.REDIS_URL,
    dataDir: resolve(env.DATA_DIR),
    publicUrl: env.PUBLIC_URL?.replace(/\/+$/, ''),
    logLevel: env.LOG_LEVEL,
    secretKey: env.SECRET_KEY,
    smtpUrl: env.SMTP_URL,
    mailFrom: env.MAIL_FROM,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
    trustProxy: env.TRUST_PROXY,
    simulatorHost: env.SIMULATOR_HOST,
    simulatorPort: env.SIMULATOR_PORT,
    simulatorUrl: env.SIMULATOR_URL?.replace(/\/+$/, ''),
    gatewaysOnLoopback: env.GATEWAYS_ON_LOOPBACK === 'true',
    workerConcurrency: env.WORKER_CONCURRENCY,
    workerPort: env.WORKER_PORT,
    workerHost: env.WORKER_HOST,
    tracing: tracingOf(env),
  })
}

function tracingOf(env: z.output<typeof ENVIRONMENT>): Tracing | undefined {
  const endpoint = env.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined) return undefined
  return {
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: env.OTEL_EXPORTER_OTLP_HEADERS,
    serviceName: env.OTEL_SERVICE_NAME,
    ratio: env.OTEL_TRACES_SAMPLER_ARG,
  }
}

/** `name=value` pairs, their values encoded as in a URL. */
function readHeaders(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.trim().split(/=(.*)/s))
  return Object.fromEntries(pairs.map(([name, value]) => [name!.toLowerCase(), decoded(value ?? '')]))
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function readEnvFile(path: string): Environment {
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new ConfigError([`.env is there but cannot be read (${(error as NodeJS.ErrnoException).code}).`])
  }
}

function port(name: string) {
  return whole(name, 0, MOST_PORT)
}

function whole(name: string, least: number, most: number) {
  const fault = `${name} must be a whole number from ${least} to ${most}.`
  return z
    .string()
    .regex(/^\d{1,9}$/, fault)
    .transform(Number)
    .refine((number) => number >= least && number <= most, fault)
}

function host(name: string) {
  return z
    .string()
    .regex(/^[\w.:%-]{1,255}$/, `${name} must be a host name or an IP address to listen on, such as 0.0.0.0.`)
}

type Check = (url: URL) => string | undefined

function address(name: string, protocols: readonly string[], check: Check = () => undefined) {
  return z.string().superRefine((text, context) => {
    const fault = faultOfAddress(text, protocols) ?? check(new URL(text))
    if (fault) context.addIssue({ code: 'custom', message: `${name} ${fault}` })
  })
}

function faultOfAddress(text: string, protocols: readonly string[]): string | undefined {
  const wanted = `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`
  if (!URL.canParse(text)) return `${wanted} and encodes special characters of a password as %XX.`
  const url = new URL(text)
  if (!protocols.includes(url.protocol)) return `${wanted}.`
  if (url.hostname === '') return 'must name a host.'
  return undefined
}

function namesDatabase(url: URL): string | undefined {
  return url.pathname.length > 1 ? undefined : 'must name a database, as in postgres://role@host/database.'
}

function isBare(url: URL): string | undefined {
  if (url.username || url.password) return 'must not hold a user name or a password.'
  if (url.search || url.hash) return 'must end before any ? or #.'
  return undefined
}
