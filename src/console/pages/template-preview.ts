import { ok } from '../../platform/result.ts'
import { findMarketRows, findRateRows, MARKET_PREFIX_DIGITS, priceGroups } from '../../pricing/index.ts'
import { checkTemplate, previewTemplate, type Template, templateInput } from '../../templates/index.ts'
import { part, type Visit } from '../page.ts'
import { inTheirLanguage } from '../sentences.ts'
import { say } from '../view.ts'
import { newestFiles, requestOf, samplesOf } from './template-form.ts'

/** What a template would look like while it is being typed: how it is read, how long it is, what is wrong, what it costs. */

const HEADER_CHARS = 60
const BODY_CHARS = 1_024
const FOOTER_CHARS = 60
/** The table of markets names countries in English. */
const COUNTRIES = new Intl.DisplayNames(['en'], { type: 'region' })
/** Values tried for what has no sample: a decimal and a day, where a helper needs one. */
const MOST_TRIES = 40

const preview = part('/templates/preview', async (visit, { fields }) => {
  const { category = 'utility' } = fields
  const named = { ...fields, category, name: fields.name?.trim() || 'preview' }
  const request = requestOf(named, await newestFiles(visit))
  const input = templateInput.safeParse({ ...(request as object), samples: undefined })
  const data = { price: await priceOf(visit, category), category }
  if (!input.success) return ok({ name: '_template_preview', data: { ...data, faults: [] } })
  const checked = checkTemplate(input.data)
  if (!checked.ok) {
    const errors = (inTheirLanguage(checked).facts?.errors ?? []) as readonly { message: string }[]
    return ok({ name: '_template_preview', data: { ...data, faults: errors } })
  }
  const shown = filled(checked.value.words, samplesOf(fields.samples ?? ''))
  const message = shown.ok ? shown.value : undefined
  return ok({
    name: '_template_preview',
    data: {
      ...data,
      message,
      fault: shown.ok ? undefined : inTheirLanguage(shown).message,
      faults: [],
      warnings: checked.value.warnings,
      counts: [
        { part: say('template_new.header'), n: charsOf(message?.header), most: HEADER_CHARS },
        { part: say('template_new.body'), n: charsOf(message?.body), most: BODY_CHARS },
        { part: say('template_new.footer'), n: charsOf(message?.footer), most: FOOTER_CHARS },
      ].filter(({ n }) => n > 0),
    },
  })
})

export const templatePreviewPages = [preview]

/** Filled with the samples, and where one is missing with something that shows where it will stand. */
function filled(words: Template['words'], samples: Readonly<Record<string, string>>) {
  const values: Record<string, string> = { ...samples }
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const shown = previewTemplate(words, values)
    if (shown.ok) return shown
    const { variables, variable, needs } = (shown.facts ?? {}) as {
      variables?: readonly string[]
      variable?: string
      needs?: string
    }
    if (variables) for (const name of variables) values[name] = `‹${name}›`
    else if (variable && values[variable]?.startsWith('‹'))
      values[variable] = /day|date/.test(needs ?? '') ? '2026-12-01' : '150000'
    else return shown
  }
  return previewTemplate(words, values)
}

function charsOf(text: string | undefined): number {
  return [...(text ?? '')].length
}

/** What one message of this category costs today to the workspace's own country. */
async function priceOf({ scope, workspace }: Visit, category: string) {
  if (category !== 'utility' && category !== 'marketing' && category !== 'authentication') return undefined
  const markets = await findMarketRows(scope.sql)
  const named = COUNTRIES.of(workspace.defaultCountry)
  const home = markets.find(({ country }) => country === named)
  if (!home) return undefined
  const { currency, timeZone } = workspace
  const on = new Intl.DateTimeFormat('sv-SE', { timeZone }).format(scope.now)
  const cards = await findRateRows(scope, currency)
  const [group] = priceGroups([{ prefix: home.prefix.padEnd(MARKET_PREFIX_DIGITS, '0'), count: 1 }], {
    category,
    currency,
    on,
    cards,
    markets,
  })
  return group?.row && { minor: group.row.priceMinor, market: group.market, on }
}
