import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openMetrics } from '../../src/platform/metrics.ts'
import { openWorkFigures } from '../../workers/figures.ts'
import { freshDatabase } from '../support/database.ts'
import { type Stage, setStage } from './cast.ts'
import { type Server, startServer } from './client.ts'

/** A database of its own: figures are of all workspaces, and other tests make theirs. */
let ground: Awaited<ReturnType<typeof freshDatabase>>
let server: Server
let sari: Stage
let text: string
beforeAll(async () => {
  ground = await freshDatabase()
  server = await startServer({ ownerUrl: ground.ownerUrl })
  sari = await setStage(server)
  text = String((await server.ask('GET', '/metrics')).body)
})
afterAll(async () => {
  await server.close()
  await ground.drop()
})

/** The metrics that there are, by the names that queries use. */
function namesIn(scraped: string): Set<string> {
  const names = [...scraped.matchAll(/^# TYPE (\S+) (\S+)$/gm)]
  return new Set(
    names.flatMap(([, name, type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name!],
    ),
  )
}

function metricsOf(query: string): string[] {
  return query.match(/\b(?:duecast|nodejs|process)_[a-z0-9_]+/g) ?? []
}

describe('the figures', () => {
  it('tell what is written down, and nobody’s data', async () => {
    expect(text).toMatch(/^duecast_frozen_workspaces 0$/m)
    expect(text).toMatch(/^duecast_send_lag_seconds \d/m)
    expect(text).not.toContain(sari.workspaceId)
  })

  it('follow what happens', async () => {
    await server.scratch.owner.sql`
      UPDATE workspaces SET frozen_at = now(), frozen_reason = 'test' WHERE workspace_id = ${sari.workspaceId}`
    const other = await startServer({ ownerUrl: ground.ownerUrl })
    expect(String((await other.ask('GET', '/metrics')).body)).toMatch(/^duecast_frozen_workspaces 1$/m)
    await other.close()
  })

  it.each(['duecast.json', 'alerts.yml'])('are all that %s asks for', async (file) => {
    const asked = metricsOf(readFileSync(new URL(`../../docs/grafana/${file}`, import.meta.url), 'utf8'))
    const work = openMetrics()
    openWorkFigures(work)
    const names = namesIn(`${text}\n${await work.text()}`)
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.filter((name) => !names.has(name))).toEqual([])
  })
})
