#!/usr/bin/env tsx
import { Argument, Command, CommanderError, Option } from 'commander'
import { ROLES } from '../platform/scope.ts'

/**
 * The operator's commands on one page; what each does is in a file of its own, loaded when it is called.
 * Exit codes: 0 done, 1 failed (a check, an outage), 2 asked wrongly.
 */
function program(): Command {
  const duecast = new Command('duecast').description('The operator’s side of Duecast.').helpCommand(false)

  const workspace = duecast.command('workspace').description('workspaces')
  workspace
    .command('create')
    .description('make a workspace, its accounts and an owner’s key, which is shown this once')
    .requiredOption('--name <name>', 'what it is called')
    .requiredOption('--currency <code>', 'the currency of its wallet, such as IDR')
    .option('--time-zone <zone>', 'its time zone; by default that of the currency’s country')
    .option('--country <code>', 'the country of numbers written without one; by default the currency’s')
    .option('--owner-email <address>', 'also make a link that lets this person in as its owner')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./workspace-create.ts')).createWorkspace(options))

  const key = duecast.command('key').description('API keys')
  key
    .command('create')
    .description('make an API key, which is shown this once')
    .requiredOption('--workspace <id>', 'whose key')
    .addOption(new Option('--role <role>', 'what it may do').choices(ROLES).makeOptionMandatory())
    .option('--name <name>', 'what it is for')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./key-create.ts')).createKey(options))

  const member = duecast.command('member').description('the people of a workspace')
  member
    .command('invite')
    .description('make a link that makes somebody a member, once within a week')
    .requiredOption('--workspace <id>', 'of which workspace')
    .requiredOption('--email <address>', 'whom')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).makeOptionMandatory())
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./member.ts')).invite(options))
  member
    .command('list')
    .description('show members and open invitations')
    .requiredOption('--workspace <id>', 'of which workspace')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./member.ts')).list(options))
  member
    .command('remove')
    .description('remove a member; their sessions and the keys they made end')
    .requiredOption('--workspace <id>', 'from which workspace')
    .requiredOption('--email <address>', 'whom')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./member.ts')).remove(options))
  member
    .command('reset-link')
    .description('make a link with which somebody sets a new password, once within an hour')
    .requiredOption('--email <address>', 'who')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./member.ts')).resetLink(options))

  const sender = duecast.command('sender').description('numbers to send from')
  sender
    .command('check')
    .description('ask the platform about all that sending needs; exit code 1 if anything fails')
    .option('--workspace <id>', 'only senders of this one')
    .option('--sender <id>', 'only this one; by default all')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./sender-check.ts')).checkSenders(options))

  const people = duecast.command('console').description('the console, for people')
  people
    .command('link')
    .description('make a link that signs in once, within ten minutes')
    .requiredOption('--workspace <id>', 'whose console')
    .addOption(new Option('--role <role>', 'as whom; by default the owner').choices(ROLES))
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./console-link.ts')).linkToConsole(options))

  duecast
    .command('audit')
    .description('verify every rule of the books; exit code 1 and the differences if one is broken')
    .option('--workspace <id>', 'only this one')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./audit.ts')).audit(options))

  duecast
    .command('migrate')
    .description('bring the database and the seeded prices up to this release')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./migrate.ts')).migrateDatabase(options))

  duecast
    .command('backup')
    .description('write the embedded database, its logins and its key to one file; a server may be at work')
    .addArgument(FILE)
    .option('--json', JSON_ONLY)
    .action(async (file, options) => (await import('./backup.ts')).backUpDatabase(file, options))

  duecast
    .command('restore')
    .description('put a backup into a DATA_DIR without a database; nothing is sent until it is confirmed')
    .addArgument(FILE)
    .option('--json', JSON_ONLY)
    .action(async (file, options) => (await import('./backup.ts')).restoreDatabase(file, options))

  const installation = duecast.command('installation').description('whether this installation may send')
  installation
    .command('status', { isDefault: true })
    .description('whether messages are sent, and what waits')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./installation-hold.ts')).showInstallation(options))
  installation
    .command('confirm')
    .description('after a restore or a copy: send again, but for what was under way, which is paused')
    .option('--json', JSON_ONLY)
    .action(async (options) => (await import('./installation-hold.ts')).confirmInstallation(options))

  duecast
    .command('import')
    .description('import a sheet of contacts (.xlsx, .xls, .ods, .csv, .tsv)')
    .addArgument(FILE)
    .requiredOption('--workspace <id>', 'whose contacts')
    .option('--list <name>', 'the list they go to; by default one named after the file')
    .option('--sheet <name or number>', 'which sheet of the workbook')
    .option('--mapping <json>', 'from headings to fields, as in the API')
    .option('--default-country <code>', 'of numbers without a country; by default the workspace’s')
    .option('--locale <tag>', 'by which amounts and dates in text are read: en, id, es')
    .addOption(new Option('--kind <kind>', 'what its rows are').choices(['contacts', 'invoices']))
    .option('--json', JSON_ONLY)
    .action(async (file, options) => (await import('./import.ts')).importFile(file, options))

  const rates = duecast.command('rates').description('prices')
  rates
    .command('import')
    .description('import a rate card (.csv or a workbook)')
    .addArgument(FILE)
    .option('--workspace <id>', 'for one workspace, before the installation’s prices; by default for all')
    .option('--markup-percent <percent>', 'added to every price, such as 12.5')
    .option('--effective-from <day>', 'the day of rows that name none, such as 2026-12-01')
    .option('--json', JSON_ONLY)
    .action(async (file, options) => (await import('./rates-import.ts')).importRates(file, options))

  duecast
    .command('demo')
    .description('the whole flow on a sample workbook, with a stand-in for the provider')
    .option('--exit', 'stop after the statement, with exit code 0 only if the books balance')
    .action(async (options) => (await import('./demo.ts')).demo(options))

  return strict(duecast)
}

const JSON_ONLY = 'print one line of JSON and nothing else'
const FILE = new Argument('<file>', 'path of the file')

/** Wrong words are refused in one line, everywhere, and never guessed at. */
function strict(command: Command): Command {
  command
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      outputError: (text, write) => write(`duecast: ${text.replace(/^error: /, '')}`),
    })
  for (const sub of command.commands) strict(sub)
  return command
}

async function main(): Promise<void> {
  try {
    await program().parseAsync()
  } catch (error) {
    const { explainFailure, WRONG_USE } = await import('./failure.ts')
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : WRONG_USE
    else process.exitCode = explainFailure(error, process.argv.includes('--json'))
  }
}

await main()
