/**
 * Remembers for every phone number the first row that had it. Numbers of up to fifteen digits are exact as doubles, so
 * a million of them take 24 MB here, where a Map of strings would take over a hundred.
 */
export class PhoneIndex {
  #keys = new Float64Array(1024)
  #rows = new Uint32Array(1024)
  #count = 0

  /** The row that had the number before, or undefined, in which case it is now remembered with `row`. */
  firstRow(phone: string, row: number): number | undefined {
    if (this.#count * 2 >= this.#keys.length) this.#grow()
    const key = Number(phone.slice(1))
    const at = this.#find(key)
    if (this.#keys[at] === key) return this.#rows[at]
    this.#keys[at] = key
    this.#rows[at] = row
    this.#count++
    return undefined
  }

  /** The place of a key, or the free place where it belongs. */
  #find(key: number): number {
    const mask = this.#keys.length - 1
    let at = (Math.imul(key % 4_294_967_291, 0x9e37_79b1) >>> 7) & mask
    while (this.#keys[at] !== 0 && this.#keys[at] !== key) at = (at + 1) & mask
    return at
  }

  #grow(): void {
    const [keys, rows] = [this.#keys, this.#rows]
    this.#keys = new Float64Array(keys.length * 2)
    this.#rows = new Uint32Array(keys.length * 2)
    for (const [index, key] of keys.entries()) {
      if (key === 0) continue
      const at = this.#find(key)
      this.#keys[at] = key
      this.#rows[at] = rows[index]!
    }
  }
}
