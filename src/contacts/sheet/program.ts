import { SourceMap, type SourceMapPayload } from 'node:module'
import { fileURLToPath } from 'node:url'

/** A file beside this one that a process of its own runs. */
export type ReaderScript = 'child.ts' | 'table-child.ts'

/** What such a process is started with, in one piece, and where each line of it came from: a source map, as JSON. */
export type ReaderProgram = { readonly code: Uint8Array; readonly map: Uint8Array }

const HERE = fileURLToPath(new URL('.', import.meta.url))
/** Node.js names what it reads from its standard input so. */
const FRAME = /(\s)\(?file:\/\/\/\S*\[eval\d*\]:(\d+):(\d+)\)?/g
/** What is bundled from CommonJS asks for parts of Node.js by this name; for nothing else. */
const REQUIRE = `import { createRequire } from 'node:module'; const require = createRequire('/');`

const programs = new Map<ReaderScript, Promise<ReaderProgram>>()
let lastBuild: Promise<unknown> = Promise.resolve()

/**
 * The program of a reading process, built once in the life of this one. Loaded file by file it took half a second of a
 * processor to start, for every sheet; so it takes a quarter of that, and needs nothing of the disk but the sheet.
 */
export function readerProgram(script: ReaderScript): Promise<ReaderProgram> {
  const known = programs.get(script)
  if (known) return known
  const building = lastBuild.then(() => build(script))
  // Whatever became of it, the next is tried, and so is this one once it is asked for again.
  lastBuild = building.catch(() => programs.delete(script))
  programs.set(script, building)
  return building
}

async function build(script: ReaderScript): Promise<ReaderProgram> {
  const esbuild = await import('esbuild')
  const { outputFiles } = await esbuild.build({
    entryPoints: [script],
    absWorkingDir: HERE,
    outdir: HERE,
    write: false,
    bundle: true,
    minifyWhitespace: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    banner: { js: REQUIRE },
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'silent',
  })
  // Otherwise it waits in a process of its own for what else there is to build.
  await esbuild.stop()
  const [map, code] = outputFiles.map(({ contents }) => contents)
  return { code: code!, map: map! }
}

/** A trace of such a process with the places of its sources, as far as they are known. */
export function placesOf(trace: string, { map }: ReaderProgram): string {
  const places = new SourceMap(JSON.parse(Buffer.from(map).toString()) as SourceMapPayload)
  return trace.replace(FRAME, (frame, space: string, line: string, column: string) => {
    const entry = places.findEntry(Number(line) - 1, Number(column) - 1)
    if (!('originalSource' in entry)) return frame
    return `${space}(${entry.originalSource}:${entry.originalLine + 1}:${entry.originalColumn + 1})`
  })
}
