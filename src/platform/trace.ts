import type { Tracing } from './config.ts'
import type { Log } from './log.ts'

/** On whose behalf something is done: the request that it began with, and its place in a trace, where one is kept. */
export type Origin = { readonly requestId: string; readonly traceparent?: string | undefined }

/** What may stand in a span: ids of ours, counts and words. Never a number, a name, a message's text, or an address. */
export type Facts = Readonly<Record<string, string | number | boolean | undefined>>

export type SpanKind = 'server' | 'consumer' | 'client' | 'internal'

export type SpanOptions = {
  readonly kind?: SpanKind
  readonly facts?: Facts
  /** As in W3C's header `traceparent`; what is none is passed over. */
  readonly parent?: string | undefined
  /** What it also follows from, without being a part of it. */
  readonly links?: readonly (string | undefined)[]
}

/** A piece of work with a beginning and an end. One that is never ended is never told. */
export type Span = {
  /** For whoever goes on with it elsewhere; undefined while no traces are kept. */
  readonly traceparent: string | undefined
  begin(name: string, options?: Omit<SpanOptions, 'parent'>): Span
  /** For a name that is known only later. */
  rename(name: string): void
  note(facts: Facts): void
  link(traceparent: string | undefined): void
  /** @param fault the kind of failure, never its words, which may quote a row */
  end(fault?: string): void
}

export type Trace = {
  readonly isOn: boolean
  begin(name: string, options?: SpanOptions): Span
  /** Tells what is left to tell, for a moment at most. */
  close(): Promise<void>
}

const NO_SPAN: Span = {
  traceparent: undefined,
  begin: () => NO_SPAN,
  rename() {},
  note() {},
  link() {},
  end() {},
}

/** No traces: costs the calls and nothing else. */
export const NO_TRACE: Trace = { isOn: false, begin: () => NO_SPAN, close: async () => {} }

/** Opens what the configuration asks for. The library is loaded only then. */
export async function openTrace(tracing: Tracing | undefined, instance: string, log: Log): Promise<Trace> {
  if (tracing === undefined) return NO_TRACE
  const { openOtel } = await import('./otel.ts')
  return openOtel(tracing, instance, log)
}
