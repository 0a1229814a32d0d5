/**
 * The house as rules: rooms stand in a corridor and import leftward, doors open into rooms, nothing imports a door.
 * `npm run check` runs them and asserts how many modules were seen, since a cruise that saw none finds no fault.
 */

/** In the order that money and messages walk. */
const ROOMS = [
  'platform',
  'workspaces',
  'contacts',
  'templates',
  'pricing',
  'wallet',
  'delivery',
  'conversations',
  'campaigns',
  'reminders',
  'payments',
  'reports',
  'notices',
]
const DOORS = ['src/api', 'src/console', 'src/cli', 'workers']
/** Where all is put together; only these and tests may import doors. */
const COMPOSITION = '^(src/(main|server)\\.ts|workers/main\\.ts)$'
const TESTS = '^test/'

const anyOf = (names) => `(${names.join('|')})`
const inRoom = (room) => `^src/${room}/`
const inDoor = (door) => `^${door}/`

/** A room's pure heart: types and rules that a table test can hold, without database, clock, files or network. */
const PURE = [
  'platform/(money|result|page|ids|columns)',
  'workspaces/(email|key|letter|place|role|token)',
  'contacts/(amount|cell-text|columns|decimal|due-date|headings|locale|phone)',
  'templates/(check|formats|input|language|limits|platform-form|platform-state|render|requirements|syntax|template|variables)',
  'pricing/(charge|day|market|quote|rate-card|table|validity)',
  'pricing/models/[^/]+',
  'wallet/ledger',
  'delivery/(decency|holiday-file|lifecycle|receipt|window)',
  'delivery/providers/whatsapp-cloud/(classify|errors|shapes|template-news|template-request)',
  'campaigns/(approval|lifecycle|schedule|zones)',
  'notices/(address|notice|signature)',
  'payments/gateways/[^/]+',
  'reminders/(invoice|occurrence|sequence)',
  'reports/explain',
]

const leftward = ROOMS.slice(0, -1).map((room, at) => ({
  name: `${room}-imports-leftward`,
  comment: `A room imports only itself and rooms to its left; right of ${room} stand ${ROOMS.slice(at + 1).join(', ')}.`,
  severity: 'error',
  from: { path: inRoom(room) },
  to: { path: `^src/${anyOf(ROOMS.slice(at + 1))}/` },
}))

/** The ground has no door of its own: each of its files is one thing. Its database is a house in the house. */
const PUBLIC = `^src/(platform/[^/]+\\.ts|platform/embedded/index\\.ts|${anyOf(ROOMS.slice(1))}/index\\.ts)$`
/** A room may read what rooms to its left have written; only the room itself writes its tables. */
const PUBLIC_TO_ROOMS = `${PUBLIC}|^src/${anyOf(ROOMS.slice(1))}/tables\\.ts$`

const throughTheDoor = ROOMS.map((room) => ({
  name: `${room}-enters-by-the-index`,
  comment:
    'Other rooms are entered through their index.ts (or read through their tables.ts), never by a side window.',
  severity: 'error',
  from: { path: inRoom(room) },
  to: { path: '^src/[^/]+/', pathNot: [inRoom(room), PUBLIC_TO_ROOMS] },
}))

const doorsEnterByTheIndex = [...DOORS, 'src/(house|main|server)\\.ts'].map((door) => ({
  name: `${door.replace(/\W+/g, '-')}-enters-by-the-index`,
  comment: 'Doors open into rooms through their index.ts alone.',
  severity: 'error',
  from: { path: `^${door}` },
  to: { path: `^src/${anyOf(ROOMS)}/`, pathNot: PUBLIC },
}))

const nobodyImportsADoor = DOORS.map((door) => ({
  name: `nobody-imports-${door.replace('/', '-')}`,
  comment: 'Nothing imports a door but the door itself and where all is put together.',
  severity: 'error',
  from: { path: '.', pathNot: [inDoor(door), COMPOSITION, TESTS] },
  to: { path: inDoor(door) },
}))

module.exports = {
  forbidden: [
    ...leftward,
    ...throughTheDoor,
    ...doorsEnterByTheIndex,
    ...nobodyImportsADoor,
    {
      name: 'rooms-know-nothing-of-the-whole',
      comment: 'Rooms are given what they need; they do not reach for the house that holds them.',
      severity: 'error',
      from: { path: `^src/${anyOf(ROOMS)}/` },
      to: { path: '^src/[^/]+\\.ts$' },
    },
    {
      name: 'the-stand-in-is-an-outside-world',
      comment: 'Only main, the command line and tests start the simulator; everyone else speaks HTTP to it.',
      severity: 'error',
      from: { path: '.', pathNot: ['^src/simulator/', '^src/main\\.ts$', '^src/cli/', TESTS] },
      to: { path: '^src/simulator/' },
    },
    {
      name: 'the-stand-in-knows-no-room',
      comment:
        'What stands for another company’s platform must not share our code, or it would share our mistakes.',
      severity: 'error',
      from: { path: '^src/simulator/' },
      to: { path: '^(src|workers)/', pathNot: '^src/simulator/' },
    },
    {
      name: 'hearts-are-pure',
      comment: 'Types and rules know no database, no queue, no files and no network.',
      severity: 'error',
      from: { path: `^src/${anyOf(PURE)}\\.ts$` },
      to: {
        path: [
          '^src/platform/(db|queue|config|log|clock|migrate|metrics|secrets)\\.ts$',
          '/tables\\.ts$',
          'node_modules/(postgres|pg|bullmq|ioredis|undici|express|pino)/',
          'node_modules/drizzle-orm/(postgres-js|node-postgres)/',
          '^(fs|fs/promises|http|https|net|child_process|dns)$',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'no-circles',
      comment:
        'Two files that need each other to run are one thing, or a third one is missing. Types may go round.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-orphans',
      comment: 'A file that nothing imports and that starts nothing is dead.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: ['\\.d\\.ts$', '\\.config\\.(ts|cjs|mjs)$', '^test/.*\\.test\\.ts$', '^drizzle/'],
      },
      to: {},
    },
    {
      name: 'nothing-imports-tests',
      comment: 'What runs in production must not need what is only there for tests.',
      severity: 'error',
      from: { pathNot: TESTS },
      to: { path: TESTS },
    },
    {
      name: 'production-runs-without-dev-dependencies',
      comment: '`npm ci --omit=dev` is what the image installs.',
      severity: 'error',
      from: { path: '^(src|workers)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-declared-packages',
      comment: 'A package that only somebody else depends on may be gone tomorrow.',
      severity: 'error',
      from: {},
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'deprecated'] },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that leads nowhere.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.cjs', '.mjs', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
