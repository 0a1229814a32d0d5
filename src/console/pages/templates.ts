import { listVariables } from '../../contacts/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import {
  findTemplate,
  listTemplates,
  openTemplate,
  previewTemplate,
  STARTER_LANGUAGES,
  type StarterTemplate,
  saveTemplate,
  starterTemplate,
  starterTemplates,
  type TemplateWords,
  templateInput,
} from '../../templates/index.ts'
import {
  type Again,
  act,
  errorsOf,
  page,
  pageHref,
  pageRequest,
  UUID_PLACE,
  type View,
  type Visit,
} from '../page.ts'
import { say } from '../view.ts'

const PATH = '/templates'
const CATEGORIES = ['utility', 'marketing', 'authentication'] as const

const templates = page(PATH, async (visit) => {
  const request = pageRequest(visit, UUID_PLACE)
  const { items, next } = await listTemplates(visit.scope, request)
  return ok({
    name: 'templates',
    section: 'templates' as const,
    title: say('templates.title'),
    data: {
      templates: items,
      first: request.after === undefined ? undefined : PATH,
      next: next && pageHref(PATH, { after: next }),
    },
  })
})

const starters = page('/templates/starters', (visit) => showStarters(visit))

const saveStarter = act(
  '/templates/starters',
  async (visit, { fields }) => {
    const language = STARTER_LANGUAGES.find((one) => one === fields.language)
    const { currency } = visit.workspace
    const starter = language && starterTemplate(fields.key ?? '', language, { currency })
    if (!starter) return refuse('not_found', say('templates.no_starter'))
    const saved = await saveTemplate(visit.scope, starter.input)
    return saved.ok ? ok({ to: `${PATH}/${saved.value.id}?done=saved` }) : saved
  },
  showStarters,
)

const blank = page('/templates/new', async (visit) => showForm(visit))

const save = act(
  '/templates/new',
  async (visit, { fields }) => {
    const { name = '', language = '', category, header = '', body = '', footer = '' } = fields
    const input = templateInput.safeParse({
      name,
      language,
      category,
      body,
      ...(header.trim() && { header }),
      ...(footer.trim() && { footer }),
      samples: samplesOf(fields),
    })
    if (!input.success) {
      const errors = input.error.issues.map(({ path, code, message }) => ({
        path: path.join('.'),
        code,
        message,
      }))
      return refuse('validation_failed', say('refused.check_fields'), { errors })
    }
    const saved = await saveTemplate(visit.scope, input.data)
    return saved.ok ? ok({ to: `${PATH}/${saved.value.id}?done=saved` }) : saved
  },
  async (visit, again) => showForm(visit, again),
)

const one = page('/templates/:id', async (visit) => {
  const found = await findTemplate(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const template = found.value
  const { requiredVariables, optionalVariables } = openTemplate(template.words)
  return ok({
    name: 'template',
    section: 'templates' as const,
    title: template.name,
    data: {
      template,
      required: requiredVariables.map((name) => ({ name, sample: template.samples[name] })),
      optional: optionalVariables.map((name) => ({ name, sample: template.samples[name] })),
      ...shownWith(template.words, template.samples),
    },
  })
})

export const templatesPages = [templates, starters, saveStarter, blank, save, one]

async function showStarters(visit: Visit, again?: Again): Promise<Result<View>> {
  const chosen =
    STARTER_LANGUAGES.find((one) => one === (again?.fields.language ?? visit.query('language'))) ?? 'en'
  const { currency } = visit.workspace
  return ok({
    name: 'starters',
    section: 'templates',
    title: say('starters.title'),
    data: {
      languages: STARTER_LANGUAGES.map((language) => ({ language, current: language === chosen })),
      starters: starterTemplates({ currency })
        .filter(({ language }) => language === chosen)
        .map(starterFacts),
      again,
    },
  })
}

function starterFacts({ key, language, category, input, checked }: StarterTemplate) {
  return { key, language, category, name: input.name, ...shownWith(checked.words, checked.samples) }
}

/** What somebody with the samples for values would read, or why nobody would. */
function shownWith(words: TemplateWords, samples: Readonly<Record<string, string>>) {
  const shown = previewTemplate(words, samples)
  return shown.ok ? { message: shown.value } : { fault: shown.message }
}

const SAMPLE_LINE = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/

/** Samples as people write them: a line each, `name = Siti`. */
function samplesOf(fields: Readonly<Record<string, string>>): Record<string, string> {
  const lines = (fields.samples ?? '').split(/\r?\n/).map((line) => SAMPLE_LINE.exec(line))
  return Object.fromEntries(lines.flatMap((match) => (match ? [[match[1]!, match[2]!]] : [])))
}

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const values = again?.fields ?? { language: 'en', category: 'utility' }
  return ok({
    name: 'template-new',
    section: 'templates',
    title: say('template_new.title'),
    data: {
      values,
      variables: await listVariables(visit.scope),
      currency: visit.workspace.currency,
      categories: CATEGORIES.map((category) => ({ category, chosen: category === values.category })),
      errors: again && errorsOf(again.refusal, { 'header.text': 'header' }),
      again,
    },
  })
}
