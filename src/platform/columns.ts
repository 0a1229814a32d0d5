import { customType, timestamp } from 'drizzle-orm/pg-core'

/** An instant, as text in UTC; `instant()` turns it into RFC 3339. */
export const instantColumn = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' })

/** Raw bytes. */
export const bytesColumn = customType<{ data: Buffer; driverData: Buffer }>({ dataType: () => 'bytea' })
