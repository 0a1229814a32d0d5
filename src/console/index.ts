/** The people's door. */
export { consoleDoor } from './door.ts'
export { openConsoleLink } from './link.ts'
export { setUpToken } from './set-up.ts'
