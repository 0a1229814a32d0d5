import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import type { RequestHandler } from 'express'
import { expect } from 'vitest'
import { z } from 'zod'
import type { ApiHouse } from '../../src/api/house.ts'
import { codesOf } from '../../src/api/openapi.ts'
import { PROBLEM_TYPE, type ProblemCode, problemSchema, statusOf } from '../../src/api/problem.ts'
import type { Route } from '../../src/api/route.ts'
import { ROUTES } from '../../src/api/routes.ts'
import { type FrontDoor, openFrontDoor } from '../../src/api/webhooks/front-door.ts'
import { openLog } from '../../src/platform/log.ts'
import { NO_MAIL } from '../../src/platform/mail.ts'
import { openMetrics } from '../../src/platform/metrics.ts'
import { NO_RATE_LIMIT } from '../../src/platform/rate-limit.ts'
import { unwrap } from '../../src/platform/result.ts'
import type { Role } from '../../src/platform/scope.ts'
import { openSecretBox } from '../../src/platform/secrets.ts'
import { NO_TRACE } from '../../src/platform/trace.ts'
import { createApp, createHttpServer } from '../../src/server.ts'
import { acceptInvitation, inviteMember, issueKey, openWorkspace } from '../../src/workspaces/index.ts'
import { NOON, openScratch, type Scratch } from './scratch.ts'

export type Asked = {
  key?: string | undefined
  body?: unknown
  headers?: Record<string, string>
}

export type Answered = {
  status: number
  headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects, and every body was checked before.
  body: any
}

export type Server = {
  url: string
  house: ApiHouse
  scratch: Scratch
  ask(method: string, path: string, asked?: Asked): Promise<Answered>
  /** A new workspace, and a key of each role in it. */
  openFirm(currency?: string): Promise<Firm>
  /** Somebody who accepted an invitation. @returns their id as a member */
  join(workspaceId: string, role: Role): Promise<string>
  close(): Promise<void>
}

export type Firm = { workspaceId: string; keys: Record<Role, string> }

type Options = {
  house?: Partial<ApiHouse>
  routes?: readonly Route[]
  otherDoors?: readonly RequestHandler[]
  frontDoor?: (house: ApiHouse) => FrontDoor
  /** A database of its own; by default the suite's. */
  ownerUrl?: string
}

/** Starts the whole server on a free port, over a real database. Every answer is checked against its route. */
export async function startServer(options: Options = {}): Promise<Server> {
  const scratch = await openScratch(options.ownerUrl)
  const uploadDir = mkdtempSync(joinPath(tmpdir(), 'duecast-uploads-'))
  const house = { ...houseOf(scratch, uploadDir), ...options.house }
  const routes = options.routes ?? ROUTES
  const server = createHttpServer(
    createApp(house, options.otherDoors, routes),
    (options.frontDoor ?? openFrontDoor)(house),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return {
    url,
    house,
    scratch,
    ask: (method, path, asked = {}) => ask(url, routes, method, path, asked),
    openFirm: (currency) => openFirm(scratch, currency),
    join: (workspaceId, role) => join(house, workspaceId, role),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      await scratch.close()
      rmSync(uploadDir, { recursive: true })
    },
  }
}

function houseOf(scratch: Scratch, uploadDir: string): ApiHouse {
  return {
    database: scratch.database,
    clock: { now: () => NOON },
    log: openLog(process.env.TEST_LOG ?? 'silent'),
    metrics: openMetrics(),
    trace: NO_TRACE,
    secrets: openSecretBox('a key that only tests know, and know well'),
    mail: NO_MAIL,
    limit: NO_RATE_LIMIT,
    queues: { ping: async () => {} },
    nudge: () => {},
    receive: async () => {},
    publicUrl: undefined,
    uploadDir,
  }
}

async function openFirm(scratch: Scratch, currency = 'IDR'): Promise<Firm> {
  const { workspaceId, key } = unwrap(await openWorkspace(scratch.owner, { name: 'Warung Sari', currency }))
  const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId: 'test' } as const
  const keys = { owner: key.apiKey } as Record<Role, string>
  for (const role of ['admin', 'approver', 'marketer', 'viewer'] as const)
    keys[role] = unwrap(await scratch.database.within(cause, (scope) => issueKey(scope, { role }))).apiKey
  return { workspaceId, keys }
}

async function join(house: ApiHouse, workspaceId: string, role: Role): Promise<string> {
  const cause = { workspaceId, actor: { name: 'operator', role: 'owner' }, requestId: 'test' } as const
  const email = `${randomUUID()}@example.com`
  const invited = await house.database.within(cause, (scope) => inviteMember(scope, { email, role }))
  const { token } = unwrap(invited)
  const asked = { token, name: 'Siti', password: 'four blue doors open' }
  return unwrap(await acceptInvitation(house, asked, 'test')).memberId
}

async function ask(
  url: string,
  routes: readonly Route[],
  method: string,
  path: string,
  { key, body, headers = {} }: Asked,
): Promise<Answered> {
  const isForm = body instanceof FormData
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      ...(key && { authorization: `Bearer ${key}` }),
      ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      body: (isForm || isRaw ? body : JSON.stringify(body)) as NonNullable<RequestInit['body']>,
    }),
    redirect: 'manual',
  })
  const answered = { status: response.status, headers: response.headers, body: await readAnswer(response) }
  checkAnswer(routes, method, path, answered)
  return answered
}

async function readAnswer(response: Response): Promise<unknown> {
  const bytes = Buffer.from(await response.arrayBuffer())
  if (bytes.length === 0) return undefined
  const type = response.headers.get('content-type') ?? ''
  if (type.includes('json')) return JSON.parse(bytes.toString())
  return type.startsWith('text/') ? bytes.toString() : bytes
}

/** Every answer of every test is one that its route declared: status, content type, shape and problem code. */
function checkAnswer(routes: readonly Route[], method: string, path: string, answered: Answered): void {
  const { status, headers, body } = answered
  expect(headers.get('x-request-id')).toBeTruthy()
  if (status >= 400) expect(headers.get('content-type')).toContain(PROBLEM_TYPE)
  const problem = status >= 400 && method !== 'HEAD' ? problemSchema.parse(body) : undefined
  if (problem) expect(statusOf(problem.code as ProblemCode)).toBe(status)
  const route = routeOf(routes, method, path)
  if (!route) return
  if (problem) expect(codesOf(route.facts), `${method} ${path}`).toContain(problem.code)
  else checkSuccess(route, status, headers, body)
}

function checkSuccess({ facts }: Route, status: number, headers: Headers, body: unknown): void {
  const declared = facts.responses[status]
  if (status === 308) return
  expect(declared, `${facts.method} ${facts.path} does not declare ${status}`).toBeDefined()
  if (declared === null) expect(body).toBeUndefined()
  else if (declared instanceof z.ZodType) declared.parse(body)
  else if (declared && declared.download !== '*/*')
    expect(headers.get('content-type')).toContain(declared.download)
}

/** The route that an address belongs to: the one with the most literal template, as the server would choose. */
export function routeOf(routes: readonly Route[], method: string, path: string): Route | undefined {
  const bare = path.split('?')[0]!
  return routes
    .filter(({ facts }) => facts.method.toUpperCase() === method)
    .find(({ facts }) =>
      new RegExp(`^${facts.path.replaceAll(/[.]/g, '\\.').replaceAll(/\{\w+\}/g, '[^/]+')}/?$`).test(bare),
    )
}
