export type { WitnessedMessage, WitnessPage, WitnessSummary } from './record.ts'
export { type Simulator, type SimulatorOptions, startSimulator } from './server.ts'
