import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin, type PluginBuild } from 'esbuild'

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
  await build({
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

/** A source goes on knowing its own place. */
const whereItWas: Plugin = {
  name: 'where it was',
  setup: (build: PluginBuild) =>
    build.onLoad({ filter: /\/(src|workers|test)\/.*\.ts$/ }, ({ path }) => ({
      contents: readFileSync(path, 'utf8').replaceAll(
        'import.meta.url',
        JSON.stringify(pathToFileURL(path).href),
      ),
      loader: 'ts',
    })),
}

/** Machine code cannot be bundled, nor can the bundler. */
const nativeOutside: Plugin = {
  name: 'native outside',
  setup: (build: PluginBuild) =>
    build.onResolve({ filter: /^(@node-rs\/argon2|esbuild)$/ }, ({ path }) => ({
      path: createRequire(ROOT).resolve(path),
      external: true,
    })),
}
