import {
  type Attributes,
  type Context,
  type Link,
  type Span as OtelSpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  type SpanExporter,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME } from '@opentelemetry/semantic-conventions'
import type { Tracing } from './config.ts'
import type { Log } from './log.ts'
import type { Facts, Span, SpanOptions, Trace } from './trace.ts'

/** What waits beyond this many spans is dropped: a collector that is away costs some memory and nothing else. */
const MOST_WAITING = 4_096
const MOST_TOGETHER = 512
const TELL_EVERY_MS = 2_000
const ANSWER_TIMEOUT_MS = 5_000
/** Whoever stops waits no longer than this for a collector. */
const CLOSE_WAIT_MS = 2_000
const MOST_LINKS = 32

/**
 * Opens the way to a collector of OpenTelemetry's (OTLP over HTTP). What a span belongs to is always said, never taken
 * from what happens to run: contexts that follow promises would slow the whole program down.
 *
 * Loaded only where traces are wanted, see `openTrace`.
 * @param instance the name of this process
 */
export function openOtel(tracing: Tracing, instance: string, log: Log): Trace {
  const exporter = new OTLPTraceExporter({
    url: tracing.url,
    headers: { ...tracing.headers },
    timeoutMillis: ANSWER_TIMEOUT_MS,
  })
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      [ATTR_SERVICE_NAME]: tracing.serviceName,
      [ATTR_SERVICE_INSTANCE_ID]: instance,
    }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(tracing.ratio) }),
    spanLimits: { linkCountLimit: MOST_LINKS },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: patient(exporter, log),
        maxQueueSize: MOST_WAITING,
        maxExportBatchSize: MOST_TOGETHER,
        scheduledDelayMillis: TELL_EVERY_MS,
        exportTimeoutMillis: ANSWER_TIMEOUT_MS,
      }),
    ],
  })
  const tracer = provider.getTracer('duecast')
  return {
    isOn: true,
    begin: (name, options = {}) => startSpan(tracer, name, options, contextOf(options.parent)),
    close: () => atMost(CLOSE_WAIT_MS, provider.shutdown()),
  }
}

/** A collector that is away is said once, when it goes and when it is back; its spans are lost, and nothing is thrown. */
function patient(exporter: SpanExporter, log: Log): SpanExporter {
  let isDown = false
  return {
    export(spans, done) {
      exporter.export(spans, ({ code, error }) => {
        const failed = code !== ExportResultCode.SUCCESS
        if (failed && !isDown)
          log.warn({ err: error }, 'the collector of traces does not answer; they are lost')
        if (!failed && isDown) log.info('the collector of traces answers again')
        isDown = failed
        done({ code: ExportResultCode.SUCCESS })
      })
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}

const KINDS = {
  server: SpanKind.SERVER,
  consumer: SpanKind.CONSUMER,
  client: SpanKind.CLIENT,
  internal: SpanKind.INTERNAL,
} as const

function startSpan(tracer: Tracer, name: string, options: SpanOptions, context: Context): Span {
  const { kind = 'internal', facts = {}, links = [] } = options
  const span = tracer.startSpan(
    name,
    { kind: KINDS[kind], attributes: attributesOf(facts), links: links.flatMap(linksTo) },
    context,
  )
  return wrap(tracer, span)
}

function wrap(tracer: Tracer, span: OtelSpan): Span {
  const { traceId, spanId, traceFlags } = span.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
    begin: (name, options = {}) => startSpan(tracer, name, options, trace.setSpan(ROOT_CONTEXT, span)),
    rename: (name) => void span.updateName(name),
    note: (facts) => void span.setAttributes(attributesOf(facts)),
    link: (traceparent) => void span.addLinks(linksTo(traceparent)),
    end(fault) {
      if (fault !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: fault })
      span.end()
    },
  }
}

function contextOf(traceparent: string | undefined): Context {
  const parent = traceparent === undefined ? null : parseTraceParent(traceparent)
  return parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT
}

function linksTo(traceparent: string | undefined): Link[] {
  const context = traceparent === undefined ? null : parseTraceParent(traceparent)
  return context ? [{ context: { ...context, isRemote: true } }] : []
}

function attributesOf(facts: Facts): Attributes {
  return { ...facts }
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const waited = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  await Promise.race([work.catch(() => undefined), waited])
  clearTimeout(timer)
}
