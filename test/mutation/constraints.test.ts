import { expect, it } from 'vitest'
import { mutateConstraints } from './constraints.ts'

it('each guard of money and sending in the database is missed when it is gone', async () => {
  const mutants = await mutateConstraints()
  expect(mutants.filter(({ noticedBy }) => noticedBy.length === 0).map(({ guard }) => guard)).toEqual([])
  expect(mutants.length).toBeGreaterThan(120)
}, 240_000)
