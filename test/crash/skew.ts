/**
 * Imported before anything else: sets this process's clock ahead or behind by CLOCK_SKEW_MS, as a machine without NTP
 * would have it. Every library of the process lives by it too, the queue's locks and delays among them.
 */
const skewMs = Number(process.env.CLOCK_SKEW_MS ?? 0)

if (skewMs !== 0) {
  const RealDate = Date
  const now = () => RealDate.now() + skewMs
  globalThis.Date = new Proxy(RealDate, {
    construct: (target, args: [], newTarget) =>
      Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, name, receiver) => (name === 'now' ? now : Reflect.get(target, name, receiver)),
  })
}
