export { backUp, putBack } from './backup.ts'
export { EmbeddedDatabaseError, type EmbeddedFailure } from './failure.ts'
export { type EmbeddedDatabase, openEmbedded } from './open.ts'
