export { explain, type MessageFacts } from './explain.ts'
export { listMessages, type MessageLine } from './messages.ts'
