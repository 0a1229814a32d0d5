import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'

/**
 * Lays a disk of so many bytes over a folder, in memory. Only root may; whoever may not is told so, loudly, and gets
 * undefined: the test is then left out.
 */
export function mountSmallDisk(folder: string, sizeBytes: number): { unmount(): void } | undefined {
  mkdirSync(folder, { recursive: true })
  const options = ['-t', 'tmpfs', '-o', `size=${sizeBytes},mode=1777`]
  const { status, stderr, error } = spawnSync('mount', [...options, 'tmpfs', folder], { encoding: 'utf8' })
  if (status !== 0) {
    const why = (error?.message ?? stderr).trim()
    process.stderr.write(
      `\nLEFT OUT: no disk of its own can be mounted to be filled, which needs root: ${why}\n\n`,
    )
    return undefined
  }
  return {
    // Even if somebody still holds a file of it.
    unmount: () => void spawnSync('umount', ['--lazy', folder]),
  }
}
