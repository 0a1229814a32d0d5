import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * One process's figures for Prometheus. A registry of its own instead of the library's global one, so that two
 * houses in one process do not mix. Labels are routes, states and words: never a phone number or an id.
 */
export type Metrics = {
  counter<L extends string>(name: string, help: string, labels?: readonly L[]): Counter<L>
  gauge<L extends string>(name: string, help: string, labels?: readonly L[], read?: Read<L>): Gauge<L>
  histogram<L extends string>(
    name: string,
    help: string,
    buckets: number[],
    labels?: readonly L[],
  ): Histogram<L>
  /** Everything in the text format, and its content type. */
  text(): Promise<string>
  readonly contentType: string
}

/** Called at each scrape to set a gauge that nobody counts along. */
type Read<L extends string> = (gauge: Gauge<L>) => void | Promise<void>

/** Opens the figures of this process, with Node's own (memory, event loop, garbage collection) among them. */
export function openMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  return {
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: labels, registers }),
    gauge: (name, help, labels = [], read) =>
      new Gauge({
        name,
        help,
        labelNames: labels,
        registers,
        ...(read && {
          collect() {
            return read(this)
          },
        }),
      }),
    histogram: (name, help, buckets, labels = []) =>
      new Histogram({ name, help, buckets, labelNames: labels, registers }),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
