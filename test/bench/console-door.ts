import { Pool } from 'undici'
import { unwrap } from '../../src/platform/result.ts'
import { issueKey } from '../../src/workspaces/index.ts'
import type { Program } from './program.ts'
import type { Stage } from './stage.ts'

/** Somebody at the console of the program: asks for pages with the cookie of a session. */
export type Sitting = {
  readonly pool: Pool
  /** Asks for a page and reads it to its end. @throws if it is not there */
  see(path: string): Promise<number>
  /** Where the search box leads. */
  search(at: string, words: string): Promise<string>
  readonly cookie: string
}

/** Signs in at the console with a key made for it. */
export async function sitDown(
  stage: Stage,
  program: Pick<Program, 'server'>,
  connections: number,
): Promise<Sitting> {
  const { apiKey: key } = unwrap(await stage.as((scope) => issueKey(scope, { name: 'bench', role: 'owner' })))
  const pool = new Pool(/https?:\/\/[^\s"]+/.exec(program.server.ready)![0], { connections })
  const send = async (path: string, fields: Record<string, string>, cookie?: string) => {
    const response = await pool.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        'sec-fetch-site': 'same-origin',
        ...(cookie !== undefined && { cookie }),
      },
      body: new URLSearchParams(fields).toString(),
    })
    await response.body.dump()
    if (response.statusCode !== 303) throw new Error(`${path} was answered ${response.statusCode}`)
    return response.headers
  }
  const signed = await send('/sign-in', { key })
  const cookie = String(signed['set-cookie']).split(';')[0]!
  return {
    pool,
    cookie,
    search: async (at, words) => String((await send('/search', { at, words }, cookie)).location),
    async see(path) {
      const response = await pool.request({ method: 'GET', path, headers: { cookie, accept: 'text/html' } })
      let bytes = 0
      for await (const piece of response.body) bytes += (piece as Buffer).length
      if (response.statusCode !== 200) throw new Error(`${path} was answered ${response.statusCode}`)
      return bytes
    },
  }
}
