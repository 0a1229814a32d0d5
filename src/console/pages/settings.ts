import { findPolicy } from '../../campaigns/index.ts'
import { ok } from '../../platform/result.ts'
import { page } from '../page.ts'
import { policyFacts } from '../policy-facts.ts'
import { say } from '../view.ts'

/** Where all that is set once and seldom changed is found. */
const settings = page('/settings', async ({ scope, workspace }) =>
  ok({
    name: 'settings',
    section: 'settings' as const,
    title: say('settings.title'),
    data: { policy: policyFacts(await findPolicy(scope), workspace.currency) },
  }),
)

export const settingsPages = [settings]
