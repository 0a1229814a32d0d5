import type { Scope } from '../platform/scope.ts'
import {
  claimWish,
  dueFetch,
  failWish,
  fetchFailed,
  fulfilWish,
  type ListedTemplate,
  mediaContent,
  openTemplate,
  type PlatformForm,
  parametersFor,
  takeListing,
  type Wish,
} from '../templates/index.ts'
import { haltRuns } from './halt-templates.ts'
import type { PlatformFile, TemplateLine, TemplateOutcome } from './provider.ts'

type Within = <T>(work: (scope: Scope) => Promise<T>) => Promise<T>
type Account = { senderId: string; accountId: string; line: TemplateLine }

/**
 * Says to a sender's platform what is to be said of its templates, and fetches them where that is due. No transaction
 * is open while the platform is waited for; what was begun and never finished is begun again.
 * @returns the campaigns whose runs were stopped by what was learnt
 */
export async function tellPlatform(within: Within, account: Account, signal: AbortSignal): Promise<string[]> {
  const halted: string[] = []
  while (!signal.aborted) {
    const wish = await within((scope) => claimWish(scope, account.senderId))
    if (!wish) break
    halted.push(...(await speak(within, account.line, wish)))
  }
  if (!signal.aborted && (await within((scope) => dueFetch(scope, account.senderId))))
    halted.push(...(await fetch(within, account)))
  return [...new Set(halted)]
}

async function speak(within: Within, line: TemplateLine, wish: Wish): Promise<string[]> {
  const said = await say(within, line, wish)
  return within(async (scope) => {
    if (said.outcome === 'done') return haltRuns(scope, await fulfilWish(scope, wish, said.value, said.at))
    await failWish(scope, wish, { forGood: said.outcome === 'refused', message: said.message })
    return []
  })
}

async function say(
  within: Within,
  line: TemplateLine,
  wish: Wish,
): Promise<TemplateOutcome<ListedTemplate | undefined>> {
  if (wish.kind === 'delete') return line.remove(wish)
  if (!wish.template) throw new Error('a template to submit that is not there')
  const { form } = openTemplate(wish.template.words)
  const samples = parametersFor(form, wish.template.samples)
  if (!samples.ok) return { outcome: 'refused', code: samples.reason, message: samples.message }
  const sampleFile = await sampleOf(within, form)
  const created = await line.create({
    name: wish.name,
    languageCode: wish.language,
    category: wish.template.category,
    form,
    samples: samples.value,
    ...(sampleFile && { sampleFile }),
    parameterFormat: wish.parameterFormat,
    ttlSeconds: wish.ttlSeconds,
  })
  if (created.outcome !== 'refused' || created.code !== 'exists') return created
  return wish.isRepeated ? findOwn(line, wish) : { ...created, message: TAKEN }
}

/** The uploaded file that the reviewers see, where the header is one. */
async function sampleOf(within: Within, { media }: PlatformForm): Promise<PlatformFile | undefined> {
  const { mediaId } = media ?? {}
  if (mediaId === undefined) return undefined
  const file = await within((scope) => mediaContent(scope, mediaId))
  if (!file.ok) throw new Error(`the file ${mediaId} of a saved template is not there`)
  return file.value
}

const TAKEN =
  'The business account has another template of this name and language: save yours under another name and submit that one.'

/** An answer that never came may have been a yes: then the template is there, under its name. */
async function findOwn(line: TemplateLine, wish: Wish): Promise<TemplateOutcome<ListedTemplate | undefined>> {
  const listed = await line.list(wish.name)
  if (listed.outcome !== 'done') return { ...listed, outcome: 'unknown' }
  const own = listed.value.find(({ name, language }) => name === wish.name && language === wish.language)
  return own
    ? { outcome: 'done', value: own, at: listed.at }
    : { outcome: 'unknown', code: 'exists', message: 'The template is there and is not listed yet.' }
}

async function fetch(within: Within, { senderId, accountId, line }: Account): Promise<string[]> {
  const listed = await line.list()
  return within(async (scope) => {
    if (listed.outcome === 'done')
      return haltRuns(scope, await takeListing(scope, accountId, listed.value, listed.at))
    await fetchFailed(scope, senderId, listed.message)
    return []
  })
}
