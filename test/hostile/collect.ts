import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')

/** Gives up all garbage, so that what is measured afterwards is what is held. */
export const collect = runInNewContext('gc') as () => void
