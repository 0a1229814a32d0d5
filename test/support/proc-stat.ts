import { readFileSync } from 'node:fs'

/** What `/proc/PID/stat` says, from its third field on: see proc_pid_stat(5). */
export function statOf(pid: number): string[] {
  return statFields(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** The second field, the program's name, may hold anything, so that they begin behind its last bracket. */
export function statFields(text: string): string[] {
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
