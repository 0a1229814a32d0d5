import { type ParseArgsConfig, parseArgs } from 'node:util'

/**
 * The words behind a command of the tests. `--help` prints what there is to say and ends the process with 0; what is
 * not known is named, with the same beneath it, and ends it with 2.
 * @param usage one line each, the command first
 */
export function readCommand<const Options extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: Options,
) {
  const withHelp: Options & { help: { type: 'boolean' } } = { ...options, help: { type: 'boolean' } }
  try {
    const { values } = parseArgs({ options: withHelp })
    if ((values as { help?: boolean }).help) endWith(0, usage)
    return values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return endWith(2, `${error.message}\n\n${usage}`)
  }
}

/** Prints a text and ends the process with that code. */
export function endWith(code: number, text: string): never {
  process.stdout.write(`${text.trim()}\n`)
  process.exit(code)
}
