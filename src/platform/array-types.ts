/**
 * PostgreSQL's array types for the driver, by their numbers. Left to itself the driver asks for them on each new
 * connection, and when the database goes away at that moment the failure belongs to nobody and ends the process.
 */
export const ARRAY_TYPES = {
  booleans: arrayType(1000, (text) => text === 't'),
  bytes: arrayType(1001, (text) => Buffer.from(text.slice(2), 'hex')),
  smallints: arrayType(1005, Number),
  integers: arrayType(1007, Number),
  texts: arrayType(1009, String),
  varchars: arrayType(1015, String),
  bigints: arrayType(1016, BigInt),
  floats: arrayType(1022, Number),
  uuids: arrayType(2951, String),
  documents: arrayType(3807, (text) => JSON.parse(text) as unknown),
}

function arrayType<Member>(oid: number, read: (text: string) => Member) {
  return {
    to: oid,
    from: [oid],
    serialize: writeArray,
    parse: (text: string) => readArray(text).map((member) => (member === null ? null : read(member))),
  }
}

/** A list as PostgreSQL writes one; what is text already stays as it is. */
function writeArray(list: unknown): string {
  return Array.isArray(list) ? `{${list.map(writeMember).join(',')}}` : String(list)
}

function writeMember(member: unknown): string {
  if (member === null || member === undefined) return 'NULL'
  if (Array.isArray(member)) return writeArray(member)
  const text = member instanceof Uint8Array ? `\\x${Buffer.from(member).toString('hex')}` : String(member)
  return `"${text.replace(/[\\"]/g, '\\$&')}"`
}

/** The members are quoted, with a backslash before quotes and backslashes, or plain; a plain NULL is none. */
const MEMBER = /[{,](?:"((?:[^"\\]|\\.)*)"|([^,{}"]+))/gs

/** Reads a list of one dimension. */
function readArray(text: string): (string | null)[] {
  return [...text.matchAll(MEMBER)].map(([, quoted, plain]) => {
    if (quoted !== undefined) return quoted.replace(/\\(.)/gs, '$1')
    return plain === 'NULL' ? null : plain!
  })
}
