import { ok, refuse } from '../../platform/result.ts'
import { sealWords } from '../list.ts'
import { act, pageHref } from '../page.ts'
import { say } from '../view.ts'

/** The one search box of all lists: its words are sealed before they stand in an address. */

const PATH_OF_LIST = /^(\/[\w-]{1,60}){1,6}$/
const FILTER_NAME = /^[a-z_]{1,30}$/
const FILTER_WORD = /^[\w.-]{1,64}$/
const NOT_FILTERS = new Set(['at', 'words', 'after', 'q', 'done'])

const search = act(
  '/search',
  async (visit, { fields }) => {
    const { at = '', words = '', ...others } = fields
    if (!PATH_OF_LIST.test(at)) return nowhere()
    const kept = Object.entries(others).filter(
      ([name, word]) => FILTER_NAME.test(name) && !NOT_FILTERS.has(name) && FILTER_WORD.test(word),
    )
    return ok({ to: pageHref(at, { ...Object.fromEntries(kept), q: sealWords(visit, words) }) })
  },
  async () => nowhere(),
)

export const searchPages = [search]

function nowhere() {
  return refuse('not_found', say('error.not_found.say'))
}
