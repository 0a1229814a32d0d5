import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import packed from '@sparticuz/chromium'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'

/** The look of a visit: a phone or a desk, by day or by night. */
export type Look = {
  readonly widthPx?: number
  readonly heightPx?: number
  readonly scheme?: 'light' | 'dark'
  readonly language?: string
  /** The cookie of somebody who is signed in already, as `name=value`. */
  readonly cookie?: string
}

const INSTALLED = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
const ARGS = [
  '--no-sandbox',
  '--no-zygote',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
]
const PATIENCE_MS = 20_000

/**
 * Starts the Chromium that is installed, or else the one that its npm package carries, which needs nothing of the
 * machine, fonts included. @returns undefined, with the reason on standard error, where none can start
 */
export async function openBrowser(): Promise<Browser | undefined> {
  const faults: string[] = []
  for (const find of [installed, unpacked]) {
    try {
      const executablePath = await find()
      if (executablePath === undefined) continue
      return await chromium.launch({ executablePath, args: ARGS, env: environment() })
    } catch (error) {
      faults.push(String(error).slice(0, 1_000))
    }
  }
  process.stderr.write(
    `\nNO CHROMIUM COULD START, SO NOTHING WAS TRIED IN A BROWSER:\n${faults.join('\n')}\n`,
  )
  return undefined
}

/** A window of its own: nothing is shared with other visits. Whatever its pages complain about is kept. */
export async function openWindow(browser: Browser, url: string, look: Look = {}): Promise<Window> {
  const { widthPx = 1440, heightPx = 900, scheme = 'light', language = 'en' } = look
  const context = await browser.newContext({
    baseURL: url,
    viewport: { width: widthPx, height: heightPx },
    colorScheme: scheme,
    locale: language,
    reducedMotion: 'reduce',
    acceptDownloads: true,
  })
  if (look.cookie !== undefined) {
    const [name = '', value = ''] = look.cookie.split('=')
    await context.addCookies([{ name, value, url }])
  }
  const page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  return { context, page, complaints: complaintsOf(page) }
}

export type Window = {
  readonly context: BrowserContext
  readonly page: Page
  /** Errors of scripts, refusals by the content security policy, and answers of 500. */
  readonly complaints: string[]
}

function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`))
  page.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !text.includes('the server responded with a status of 4'))
      complaints.push(`${page.url()}: ${text}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 500) complaints.push(`${response.url()}: ${response.status()}`)
  })
  return complaints
}

export type Violation = { readonly id: string; readonly help: string; readonly nodes: readonly string[] }

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** Does something in a window; where it fails, what the page said goes with the failure. */
export async function telling<T>({ page }: Window, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const shown = await page.evaluate<string>('document.body.innerText').catch(() => 'nothing')
    throw new Error(`${String(error)}\n\nAt ${page.url()} there stood:\n${shown.slice(0, 3_000)}`, {
      cause: error,
    })
  }
}

/** What axe finds wrong with the page as it stands. The policy of the page lets nothing in, so it comes by the debugger. */
export async function violationsOf(page: Page): Promise<readonly Violation[]> {
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: AxeViolation[] }> } }
    type AxeViolation = { id: string; help: string; nodes: { html: string; failureSummary: string }[] }
    const { violations } = await axe.run()
    return violations.map(({ id, help, nodes }) => ({
      id,
      help,
      nodes: nodes.map(({ html, failureSummary }) => `${html.slice(0, 200)} ${failureSummary.slice(0, 300)}`),
    }))
  })
}

function installed(): Promise<string | undefined> {
  return Promise.resolve(INSTALLED.find((path) => existsSync(path)))
}

/** Unpacked aside and then moved into place, so that no other process meets half of it. */
async function unpacked(): Promise<string> {
  const home = packedHome()
  if (!existsSync(join(home, 'chromium'))) {
    const aside = mkdtempSync(join(tmpdir(), 'duecast-chromium-'))
    const { TMPDIR } = process.env
    process.env.TMPDIR = aside
    try {
      await packed.executablePath()
    } finally {
      if (TMPDIR === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = TMPDIR
    }
    try {
      renameSync(aside, home)
    } catch {
      rmSync(aside, { recursive: true, force: true })
    }
  }
  return join(home, 'chromium')
}

function packedHome(): string {
  const require = createRequire(import.meta.url)
  const manifest = join(dirname(require.resolve('@sparticuz/chromium')), '../../package.json')
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  return join(tmpdir(), `duecast-chromium-${version}-${process.getuid?.() ?? 0}`)
}

/** Where the machine has no fonts of its own, those that came with the browser are shown. */
function environment(): Record<string, string> {
  const own = { ...process.env } as Record<string, string>
  const home = packedHome()
  const fonts = join(home, 'fonts')
  if (existsSync('/etc/fonts/fonts.conf') || !existsSync(fonts)) return own
  const folders = `<dir>${fonts}</dir><cachedir>${join(home, 'fonts-cache')}</cachedir>`
  writeFileSync(join(home, 'fonts.conf'), `<?xml version="1.0"?>\n<fontconfig>${folders}</fontconfig>\n`)
  return { ...own, FONTCONFIG_FILE: join(home, 'fonts.conf') }
}
