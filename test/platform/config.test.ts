import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  ConfigError,
  ENVIRONMENT,
  loadConfig,
  needsSharedServices,
  readEnvironment,
} from '../../src/platform/config.ts'

const SECRET = 'correct horse battery staple, thirty-two'

function faultsOf(run: () => unknown): readonly string[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

describe('the configuration', () => {
  test('has a default for everything', () => {
    expect(loadConfig({})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      databaseUrl: undefined,
      redisUrl: undefined,
      dataDir: resolve('.duecast'),
      publicUrl: undefined,
      logLevel: 'info',
      secretKey: undefined,
      simulatorHost: '127.0.0.1',
      simulatorPort: 0,
      simulatorUrl: undefined,
      rateLimitPerMinute: 12_000,
      trustProxy: [],
      smtpUrl: undefined,
      mailFrom: 'Duecast <duecast@localhost>',
      gatewaysOnLoopback: false,
      workerConcurrency: 4,
      workerPort: undefined,
      workerHost: '127.0.0.1',
      tracing: undefined,
    })
  })

  test('takes an empty value as not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: ' ' })).toMatchObject({ port: 3000, databaseUrl: undefined })
  })

  test('takes OpenTelemetry’s own names, and keeps no traces without an address', () => {
    expect(loadConfig({ OTEL_SERVICE_NAME: 'reminders' }).tracing).toBeUndefined()
    expect(
      loadConfig({
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/',
        OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a=b, x-tenant=7',
        OTEL_TRACES_SAMPLER_ARG: '0.25',
      }).tracing,
    ).toEqual({
      url: 'http://127.0.0.1:4318/v1/traces',
      headers: { authorization: 'Bearer a=b', 'x-tenant': '7' },
      serviceName: 'duecast',
      ratio: 0.25,
    })
  })

  test('drops the slash at the end of a public address', () => {
    expect(loadConfig({ PUBLIC_URL: 'https://pay.example/duecast/' }).publicUrl).toBe(
      'https://pay.example/duecast',
    )
  })

  test.each([
    ['PORT', '70000', 'PORT must be a whole number from 0 to 65535.'],
    ['PORT', '3e3', 'PORT must be a whole number from 0 to 65535.'],
    ['RATE_LIMIT_PER_MINUTE', 'many', 'RATE_LIMIT_PER_MINUTE must be a whole number from 0 to 1000000.'],
    [
      'TRUST_PROXY',
      'everybody',
      'TRUST_PROXY must list addresses or networks, such as 127.0.0.1,10.0.0.0/8, or loopback.',
    ],
    [
      'SMTP_URL',
      'mail.example.com',
      'SMTP_URL must be a URL that begins with smtp:// or smtps:// and encodes special characters of a password as %XX.',
    ],
    ['PORT', '-1', 'PORT must be a whole number from 0 to 65535.'],
    ['HOST', 'http://here', 'HOST must be a host name or an IP address to listen on, such as 0.0.0.0.'],
    ['REDIS_URL', 'localhost', 'REDIS_URL must be a URL'],
    ['REDIS_URL', 'http://localhost', 'REDIS_URL must be a URL that begins with redis:// or rediss://.'],
    ['PUBLIC_URL', 'https://me:pw@here', 'PUBLIC_URL must not hold a user name or a password.'],
    ['PUBLIC_URL', 'https://here/?a=b', 'PUBLIC_URL must end before any ? or #.'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL must be one of fatal'],
    ['SECRET_KEY', 'short', 'SECRET_KEY must have at least 32 characters.'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'OTEL_EXPORTER_OTLP_ENDPOINT must be a URL'],
    [
      'OTEL_EXPORTER_OTLP_HEADERS',
      'secret',
      'OTEL_EXPORTER_OTLP_HEADERS must list headers as name=value, with commas between them.',
    ],
    ['OTEL_TRACES_SAMPLER_ARG', '2', 'OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1, such as 0.1.'],
    ['WORKER_PORT', '70000', 'WORKER_PORT must be a whole number from 0 to 65535.'],
    ['WORKER_CONCURRENCY', '0', 'WORKER_CONCURRENCY must be a whole number from 1 to 256.'],
  ])('refuses %s=%s', (name, value, fault) => {
    const faults = faultsOf(() => loadConfig({ [name]: value }))
    expect(faults).toHaveLength(1)
    expect(faults[0]).toContain(fault)
  })

  test('refuses a database address without a database, and with a password that is not encoded', () => {
    const at = (url: string) => faultsOf(() => loadConfig({ DATABASE_URL: url, SECRET_KEY: SECRET })).join()
    expect(at('postgres://me@here')).toContain('must name a database')
    expect(at('postgres://me:p/w@here/db')).toContain('encodes special characters')
    expect(at('postgres://me:p%2Fw@here/db')).toBe('')
  })

  test('names every fault at once and never a value', () => {
    const error = new ConfigError(
      faultsOf(() =>
        loadConfig({
          PORT: 'x',
          LOG_LEVEL: 'y',
          SECRET_KEY: 'hunter2',
          DATABASE_URL: 'mysql://a:hunter2@b/c',
        }),
      ),
    )
    expect(error.faults).toHaveLength(4)
    expect(error.message).not.toContain('hunter2')
  })

  test('needs no key of its own for a database of its own', () => {
    expect(faultsOf(() => loadConfig({ DATABASE_URL: 'postgres://a@b/c' }))).toEqual([])
    expect(faultsOf(() => loadConfig({ DATABASE_URL: 'postgres://a@b/c', SECRET_KEY: SECRET }))).toEqual([])
  })

  test('of a half that runs apart names both shared services', () => {
    expect(faultsOf(() => needsSharedServices(loadConfig({})))).toHaveLength(2)
    const both = { DATABASE_URL: 'postgres://a@b/c', REDIS_URL: 'redis://b', SECRET_KEY: SECRET }
    expect(faultsOf(() => needsSharedServices(loadConfig(both)))).toEqual([])
  })
})

describe('.env', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'duecast-env-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  test('completes the environment and never overrides it', () => {
    writeFileSync(join(folder, '.env'), 'PORT=4000\nHOST=0.0.0.0 # everywhere\n')
    expect(readEnvironment(folder, { PORT: '5000' })).toMatchObject({ PORT: '5000', HOST: '0.0.0.0' })
  })

  test('may be missing', () => {
    expect(readEnvironment(folder, { PORT: '5000' })).toEqual({ PORT: '5000' })
  })

  test('.env.example lists exactly what is read', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
    const names = [...example.matchAll(/^#([A-Z_]+)=/gm)].map(([, name]) => name)
    expect(names.sort()).toEqual(Object.keys(ENVIRONMENT.shape).sort())
  })

  test('.env.example shows the defaults, and what it shows is valid', () => {
    const example = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')
    writeFileSync(join(folder, '.env'), example.replaceAll(/^#([A-Z_]+=)/gm, '$1'))
    const { publicUrl, ...shown } = loadConfig(readEnvironment(folder, {}))
    expect({ ...shown, publicUrl: undefined }).toEqual(loadConfig({}))
    expect(publicUrl).toBe('https://duecast.example.com')
  })
})
