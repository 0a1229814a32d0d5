import { listVariables } from '../../contacts/index.ts'
import { ok, type Result, refuse } from '../../platform/result.ts'
import {
  findTemplate,
  listTemplates,
  MEDIA_TYPES,
  openTemplate,
  previewTemplate,
  STARTER_LANGUAGES,
  type StarterTemplate,
  saveTemplate,
  starterTemplate,
  starterTemplates,
  type Template,
  type TemplateWords,
  templateInput,
} from '../../templates/index.ts'
import { refuseFields } from '../faults.ts'
import { exportsOf, fileClock, type List, lookThrough, soughtWords } from '../list.ts'
import { type Again, act, errorsOf, page, pageRequest, UUID_PLACE, type View, type Visit } from '../page.ts'
import { say, sayOr } from '../view.ts'
import { buttonRows, fieldErrors, newestFiles, requestOf } from './template-form.ts'
import { platformFacts, templatePlatformActs } from './template-platform.ts'

const PATH = '/templates'
const CATEGORIES = ['utility', 'marketing', 'authentication'] as const

const list: List<Template, string> = {
  path: PATH,
  permission: 'templates.read',
  fileName: 'templates',
  filters: [],
  read: async (asked, request) =>
    ok(await listTemplates(asked.scope, { ...request, words: soughtWords(asked) })),
  columns: ({ workspace: { timeZone } }) => {
    const clock = fileClock(timeZone)
    return [
      { heading: say('col.name'), cell: ({ name }) => name },
      { heading: say('templates.language'), cell: ({ language }) => language },
      { heading: say('quote.category'), cell: ({ category }) => sayOr(`category.${category}`, category) },
      { heading: say('templates.text'), cell: ({ words }) => words.body },
      { heading: `${say('col.made')} (${timeZone})`, cell: ({ createdAt }) => clock(createdAt) },
    ]
  },
}

const templates = page(PATH, async (visit) => {
  const read = await lookThrough(visit, list, pageRequest(visit, UUID_PLACE))
  if (!read.ok) return read
  return ok({
    name: 'templates',
    section: 'templates' as const,
    title: say('templates.title'),
    data: {
      ...read.value.facts,
      templates: read.value.items,
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
    const input = templateInput.safeParse(requestOf(fields, await newestFiles(visit)))
    if (!input.success) {
      const errors = input.error.issues.map(({ path, code, message }) => ({
        path: path.join('.'),
        code,
        message,
      }))
      return refuseFields(errors)
    }
    const saved = await saveTemplate(visit.scope, input.data)
    return saved.ok ? ok({ to: `${PATH}/${saved.value.id}?done=saved` }) : saved
  },
  async (visit, again) => showForm(visit, again),
)

const one = page('/templates/:id', (visit) => showTemplate(visit))

export const templatesPages = [
  templates,
  ...exportsOf(list),
  starters,
  saveStarter,
  blank,
  save,
  ...templatePlatformActs(showTemplate),
  one,
]

async function showTemplate(visit: Visit, again?: Again): Promise<Result<View>> {
  const found = await findTemplate(visit.scope, visit.params.id!)
  if (!found.ok) return found
  const template = found.value
  const { requiredVariables, optionalVariables } = openTemplate(template.words)
  return ok({
    name: 'template',
    section: 'templates',
    title: template.name,
    data: {
      template,
      required: requiredVariables.map((name) => ({ name, sample: template.samples[name] })),
      optional: optionalVariables.map((name) => ({ name, sample: template.samples[name] })),
      ...(await platformFacts(visit.scope, template.id)),
      ...shownWith(template.words, template.samples),
      again,
    },
  })
}

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

async function showForm(visit: Visit, again?: Again): Promise<Result<View>> {
  const values: Again['fields'] = again?.fields ?? { language: 'en', category: 'utility' }
  const errors = again && fieldErrors(errorsOf(again.refusal, {}), values)
  const files = await newestFiles(visit)
  return ok({
    name: 'template-new',
    section: 'templates',
    title: say('template_new.title'),
    data: {
      values,
      variables: await listVariables(visit.scope),
      currency: visit.workspace.currency,
      categories: CATEGORIES.map((category) => ({ category, chosen: category === values.category })),
      errors,
      files: files.map((file) => ({ ...file, chosen: file.id === values.header_file })),
      mediaTypes: MEDIA_TYPES.toReversed().map((type) => ({ type, chosen: type === values.header_type })),
      withFile: Boolean(values.header_file || values.header_link || values.header_name),
      buttonRows: buttonRows(values, errors),
      again,
    },
  })
}
