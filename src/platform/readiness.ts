const PING_TIMEOUT_MS = 2_000

/** Asks a part whether it is there: no is a rejection, `false`, or silence. */
export type Ping = () => Promise<unknown>

/** Why a process cannot do its work now, in a sentence that names the parts that are silent; undefined where it can. */
export async function whyUnready(parts: Readonly<Record<string, Ping>>): Promise<string | undefined> {
  const asked = await Promise.all(
    Object.entries(parts).map(async ([name, ping]) => ({ name, is: await answers(ping) })),
  )
  const silent = asked.filter(({ is }) => !is).map(({ name }) => name)
  return silent.length === 0 ? undefined : `No answer from the ${silent.join(' and the ')}.`
}

/** Whether something answers in time: who asks wants to know now. */
async function answers(ping: Ping): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const silence = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS)
  })
  try {
    return await Promise.race([
      ping().then(
        (answer) => answer !== false,
        () => false,
      ),
      silence,
    ])
  } finally {
    clearTimeout(timer)
  }
}
