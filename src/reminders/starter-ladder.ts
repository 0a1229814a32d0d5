import { ok, type Result, refuse } from '../platform/result.ts'
import type { Scope } from '../platform/scope.ts'
import {
  type STARTER_INDUSTRIES,
  type StarterLanguage,
  type StarterTemplate,
  saveTemplate,
  starterTemplates,
} from '../templates/index.ts'
import { allow } from '../workspaces/index.ts'
import type { Sequence } from './find-sequence.ts'
import { makeSequence, type SequenceRefusal } from './save-sequence.ts'
import type { SequenceWords, Step } from './sequence.ts'

/** The ready ladder: each kind of the starter library with its day, and the words that its template wants beside the invoice. */
const RUNGS: readonly {
  kind: StarterTemplate['kind']
  offset: number
  variables?: Readonly<Record<string, string>>
  dates?: Readonly<Record<string, number>>
}[] = [
  { kind: 'early_payment', offset: -10, dates: { discount_until: -5 } },
  { kind: 'friendly', offset: -7 },
  { kind: 'due_date', offset: 0 },
  { kind: 'overdue', offset: 2 },
  { kind: 'follow_up', offset: 5 },
  { kind: 'final_notice', offset: 14, dates: { final_date: 21 } },
]

/** What only the business knows, and what a rung without it is left out for. */
export type LadderTerms = {
  readonly name: string
  readonly senderId: string
  readonly country: string
  readonly language: StarterLanguage
  readonly industry: (typeof STARTER_INDUSTRIES)[number]
  /** The currency that the templates name. */
  readonly currency: string
  /** `10%`: the offer for paying early is made only where there is one. */
  readonly discount?: string | undefined
  /** A plain decimal: the follow-up names it, and is made only where there is one. */
  readonly lateFee?: string | undefined
}

const TIME = '09:00'
const UNTIL = '18:00'

/**
 * Makes the ready ladder as a draft, with its templates from the starter library: those of the industry where it has its
 * own, the general ones otherwise. Everything in it can be edited afterwards.
 */
export async function makeStarterLadder(
  scope: Scope,
  terms: LadderTerms,
): Promise<Result<Sequence, SequenceRefusal>> {
  const forbidden = allow(scope.actor, 'sequences.write')
  if (forbidden) return forbidden
  const steps: Step[] = []
  for (const rung of RUNGS) {
    const given = {
      ...(terms.discount && { discount: terms.discount }),
      ...(terms.lateFee && { late_fee: terms.lateFee }),
    }
    if (rung.kind === 'early_payment' && !terms.discount) continue
    if (rung.kind === 'follow_up' && !terms.lateFee) continue
    const starter = starterFor(rung.kind, terms)
    if (!starter) return refuse('not_found', 'The starter library has no template for this.')
    const saved = await saveTemplate(scope, starter.input)
    if (!saved.ok) return refuse('validation_failed', saved.message)
    steps.push({
      key: rung.kind,
      offset: rung.offset,
      unit: 'days',
      templateId: saved.value.id,
      time: TIME,
      until: UNTIL,
      conditions: {},
      variables: given,
      dates: rung.dates ?? {},
    })
  }
  const words: SequenceWords = {
    name: terms.name,
    senderId: terms.senderId,
    country: terms.country,
    whenShort: 'wait',
    mostMessages: null,
    onePerDebtor: false,
    steps,
  }
  const made = await makeSequence(scope, words)
  return made.ok ? ok(made.value) : made
}

function starterFor(kind: StarterTemplate['kind'], terms: LadderTerms): StarterTemplate | undefined {
  const all = starterTemplates({ currency: terms.currency }).filter(
    (one) => one.kind === kind && one.language === terms.language,
  )
  return (
    all.find(({ industry }) => industry === terms.industry) ??
    all.find(({ industry }) => industry === 'general')
  )
}
