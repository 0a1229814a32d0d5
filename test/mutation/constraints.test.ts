import { expect, it } from 'vitest'
import { openClinic } from '../campaigns/clinic.ts'
import { LEFT_OUT, mutateConstraints } from './constraints.ts'

it('each guard of money and sending in the database is missed when it is gone', async () => {
  const mutants = await mutateConstraints()
  expect(mutants.filter(({ noticedBy }) => noticedBy.length === 0).map(({ guard }) => guard)).toEqual([])
  expect(mutants.length).toBeGreaterThan(400)
}, 240_000)

it('and only tables that there are, are left out', async () => {
  const clinic = await openClinic()
  try {
    const known = await clinic.asOwner(
      ({ sql }) => sql<{ name: string }[]>`
        SELECT oid::regclass::text AS name FROM pg_class WHERE relkind = 'r' AND oid::regclass::text = ANY(${Object.keys(LEFT_OUT)}::text[])`,
    )
    expect(known.map(({ name }) => name).sort()).toEqual(Object.keys(LEFT_OUT).sort())
  } finally {
    await clinic.close()
  }
})
