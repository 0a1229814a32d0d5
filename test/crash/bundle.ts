import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** The programs as a stage starts them: a file each, run by `node` as it is. */
export type Programs = { readonly server: string; readonly worker: string }

const ROOT = new URL('../../', import.meta.url)
const PROGRAMS = ['server-process', 'worker-process']
const REQUIRE = `import { createRequire as requireFrom } from 'node:module'; const require = requireFrom('${new URL('package.json', ROOT).href}');`

/**
 * Bundles server and worker into a file each: a process that is killed after a second must not take two of processor
 * time to start. What they are made of is the same; files beside a source are still found beside that source.
 */
export async function bundlePrograms(folder: string): Promise<Programs> {
  await esbuild().build({
    entryPoints: PROGRAMS.map((name) => fileURLToPath(new URL(`${name}.ts`, import.meta.url))),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
    banner: { js: REQUIRE },
    plugins: [whereItWas, nativeOutside],
  })
  return { server: join(folder, 'server-process.mjs'), worker: join(folder, 'worker-process.mjs') }
}

type Loaded = { contents: string; loader: 'ts' }
type Resolved = { path: string; external: true }
type Build = {
  onLoad(options: { filter: RegExp }, load: (file: { path: string }) => Loaded): void
  onResolve(options: { filter: RegExp }, resolve: (file: { path: string }) => Resolved): void
}

/** A source goes on knowing its own place. */
const whereItWas = {
  name: 'where it was',
  setup: (build: Build) =>
    build.onLoad({ filter: /\/(src|workers|test)\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    })),
}

/** Machine code cannot be bundled. */
const nativeOutside = {
  name: 'native outside',
  setup: (build: Build) =>
    build.onResolve({ filter: /^@node-rs\/argon2$/ }, ({ path }) => ({
      path: createRequire(ROOT).resolve(path),
      external: true,
    })),
}

/** Comes with tsx, which runs everything else here. */
function esbuild(): { build(options: object): Promise<unknown> } {
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json')
  return createRequire(tsx)('esbuild') as ReturnType<typeof esbuild>
}
