import { spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openLog } from '../../src/platform/log.ts'
import { openTrace, type Trace } from '../../src/platform/trace.ts'
import { type Collector, startCollector } from '../support/collector.ts'

const PARENT = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`

let collector: Collector | undefined
afterEach(async () => {
  await collector?.close()
  collector = undefined
})

/** @returns the traces of one process, and what it has logged of them */
async function openTo(url: string, ratio = 1): Promise<{ trace: Trace; said: string[] }> {
  const said: string[] = []
  const log = openLog('info', { write: (line) => void said.push((JSON.parse(line) as { msg: string }).msg) })
  const tracing = { url: `${url}/v1/traces`, headers: {}, serviceName: 'duecast', ratio }
  return { trace: await openTrace(tracing, 'one', log), said }
}

/** An address at which nobody listens any more. */
async function nowhere(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

describe('traces', () => {
  it('are kept by parent and link, and what is no traceparent is passed over', async () => {
    collector = await startCollector()
    const { trace } = await openTo(collector.url)
    const root = trace.begin('request', { parent: PARENT, links: [PARENT, undefined, 'nonsense'] })
    const child = root.begin('child')
    child.end('broken')
    root.rename('GET /v1/wallet')
    root.end()
    trace.begin('alone', { parent: '00-zz-11-01' }).end()
    trace.begin('never ended')
    await trace.close()
    const { spans } = collector
    expect(spans.map(({ name }) => name).sort()).toEqual(['GET /v1/wallet', 'alone', 'child'])
    const [told, inner, alone] = ['GET /v1/wallet', 'child', 'alone'].map(
      (name) => spans.find((span) => span.name === name)!,
    )
    expect(told).toMatchObject({ traceId: 'a'.repeat(32), parentSpanId: 'b'.repeat(16) })
    expect(told!.links).toHaveLength(1)
    expect(inner).toMatchObject({ traceId: told!.traceId, parentSpanId: told!.spanId })
    expect(alone!.parentSpanId).toBeUndefined()
  })

  it('are as many as was asked for, but whoever calls decides for their own', async () => {
    collector = await startCollector()
    const { trace } = await openTo(collector.url, 0)
    const ours = trace.begin('ours')
    expect(ours.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    ours.end()
    trace.begin('theirs', { parent: PARENT }).end()
    await trace.close()
    expect(collector.spans.map(({ name }) => name)).toEqual(['theirs'])
  })

  it.each([
    ['is away', async () => nowhere()],
    [
      'takes everything and never answers',
      async () => {
        collector = await startCollector({ mute: true })
        return collector.url
      },
    ],
  ])('hold nobody up where the collector %s', async (_, address) => {
    const { trace, said } = await openTo(await address())
    for (let n = 0; n < 20_000; n++) trace.begin('work').end()
    const beganMs = performance.now()
    await trace.close()
    expect(performance.now() - beganMs).toBeLessThan(4_000)
    expect(() => trace.begin('after the end').end()).not.toThrow()
    expect(said.length).toBeLessThanOrEqual(1)
  })

  it('say once that the collector is away, and once that it is back', async () => {
    const url = await nowhere()
    const { trace, said } = await openTo(url)
    await vi.waitFor(
      () => {
        trace.begin('lost').end()
        expect(said).toEqual(['the collector of traces does not answer; they are lost'])
      },
      { timeout: 30_000, interval: 100 },
    )
    collector = await startCollector({ port: Number(new URL(url).port) })
    await vi.waitFor(
      () => {
        trace.begin('told').end()
        expect(said.at(-1)).toBe('the collector of traces answers again')
      },
      { timeout: 30_000, interval: 100 },
    )
    await trace.close()
    expect(said).toHaveLength(2)
  }, 60_000)

  it('that nobody asked for are nothing', async () => {
    const trace = await openTrace(undefined, 'one', openLog('silent'))
    expect(trace.isOn).toBe(false)
    expect(trace.begin('work', { parent: PARENT }).traceparent).toBeUndefined()
    await trace.close()
  })

  it('are loaded by nothing of the program until somebody asks for them, but for the names in the API that prom-client uses', () => {
    const words = ['--import', 'tsx', '--input-type=module', '--eval', COUNT_LOADED]
    const child = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' })
    const { off, on } = JSON.parse(child.stdout) as { off: number; on: number }
    expect(off).toBe(0)
    expect(on).toBeGreaterThan(10)
  }, 300_000)
})

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const COUNT_LOADED = `
  import { createRequire } from 'node:module'
  const loaded = () => Object.keys(createRequire(import.meta.url).cache).filter((p) => /@opentelemetry.(?!api.)/.test(p)).length
  await import('./src/main.ts')
  const { openTrace } = await import('./src/platform/trace.ts')
  await openTrace(undefined, 'one', console)
  const off = loaded()
  await openTrace({ url: 'http://127.0.0.1:1', headers: {}, serviceName: 'x', ratio: 1 }, 'one', console)
  console.log(JSON.stringify({ off, on: loaded() }))`
