import {
  anotherGoes,
  type Changed,
  type Kind,
  NOBODY,
  notThere,
  ofNoWorkspace,
  stays,
  twice,
  unchecked,
  withTheIdOfAnothers,
} from './copy.ts'
import type { Effect } from './effects.ts'
import { CHECKED, GUARDED, type Illegal, NO_RIGHT } from './illegal.ts'

/**
 * Whom, what, through whom, when and at which price: what decides over a message before it is sent. The rows that are
 * copied are those of the played day and of `furnish`.
 */
const here = 'workspace_id = :here'
const nextOf = (table: string) => `(SELECT max(id) + 1 FROM ${table})`
/** Two messages that have not fallen over to each other. */
const NOT_FALLEN = `FROM messages m WHERE NOT EXISTS (SELECT 1 FROM fallbacks f WHERE m.id IN (f.message_id, f.next_message_id))`
const first = `(SELECT min(id) ${NOT_FALLEN})`
const last = `(SELECT max(id) ${NOT_FALLEN})`
/** Another row of the workspace than the one that the copied row names. */
const other = (table: string, column: string) =>
  `(SELECT o.id FROM ${table} o WHERE o.workspace_id = x.workspace_id AND o.id <> x.${column} ORDER BY o.id LIMIT 1)`

const sender: Kind = { a: 'a sender', of: 'senders', where: here, fresh: { id: NOBODY } }
const template: Kind = { a: 'a template', of: 'templates', where: here, fresh: { id: NOBODY } }
const contact: Kind = {
  a: 'a contact',
  of: 'contacts',
  where: here,
  fresh: { id: nextOf('contacts'), phone: "'+628999999999'" },
}
const list: Kind = { a: 'a list', of: 'lists', where: here, fresh: { id: NOBODY, name: "'new'" } }
const member: Kind = {
  a: 'a member of a list',
  of: 'list_members',
  where: here,
  fresh: { list_id: "(SELECT id FROM lists WHERE name = 'nobody yet')" },
}
const suppression: Kind = {
  a: 'a suppression',
  of: 'suppressions',
  fresh: { id: NOBODY, phone: "'+628999999999'" },
}
const wish: Kind = { a: 'a wish', of: 'wishes', fresh: { person: "'+628999999999'" } }
const handle: Kind = { a: 'a handle', of: 'contact_handles', fresh: { handle: "'new'" } }
const inbound: Kind = {
  a: 'a customer’s message',
  of: 'inbound_messages',
  fresh: { id: nextOf('inbound_messages'), provider_message_id: "'wamid.new'" },
}
const notice: Kind = {
  a: 'a notice of the platform',
  of: 'platform_notices',
  fresh: { id: nextOf('platform_notices'), digest: "'\\x02'" },
}
const portfolio: Kind = { a: 'a portfolio', of: 'portfolios', fresh: { key: "'new'" } }
const reach: Kind = { a: 'a person reached', of: 'portfolio_reach', fresh: { contact_id: '999999' } }
const rest: Kind = { a: 'a rest of a sender', of: 'sender_rests', fresh: { worker: "'new'" } }
const platformTemplate: Kind = {
  a: 'a template at the platform',
  of: 'platform_templates',
  fresh: { id: NOBODY, name: "'new'", template_id: other('templates', 'template_id') },
}
const fetchOf: Kind = { a: 'a fetch of templates', of: 'template_fetches', fresh: { account_id: "'new'" } }
const media: Kind = { a: 'a file', of: 'media', fresh: { id: NOBODY, sha256: "sha256('new')" } }
const upload: Kind = {
  a: 'an uploaded file',
  of: 'media_uploads',
  fresh: { sender_id: other('senders', 'sender_id') },
}
const priceChange: Kind = {
  a: 'a change of price',
  of: 'price_changes',
  fresh: { id: NOBODY, state: "'withdrawn'", decided_at: 'now()' },
}
const terms: Kind = { a: 'the terms of a fall-over', of: 'fallback_terms', fresh: { contact_id: '999999' } }
const fallback: Kind = {
  a: 'a fall-over',
  of: 'fallbacks',
  fresh: { message_id: first, next_message_id: last },
}
const rule: Kind = { a: 'a rule of quiet hours', of: 'decency_rules', fresh: { country: "'MX'" } }
const holidays: Kind = { a: 'a calendar of holidays', of: 'holiday_calendars', fresh: { year: '2031' } }
const settings: Kind = {
  a: 'a setting of quiet hours',
  of: 'decency_settings',
  fresh: { workspace_id: ':there' },
  noRight: true,
}
const rate: Kind = {
  a: 'a price',
  of: 'rate_rows',
  where: here,
  fresh: { id: nextOf('rate_rows'), effective_from: "'2031-01-01'" },
}
const market: Kind = {
  a: 'a market',
  of: 'market_rows',
  where: "effective_from > '-infinity'",
  fresh: { country: "'new'" },
  noRight: true,
}
const excluded: Kind = { a: 'an exclusion', of: 'quote_exclusions', fresh: { contact_id: '999999' } }
const recipient: Kind = { a: 'a recipient', of: 'recipients', fresh: { message_id: '999999' } }
const parked: Kind = {
  a: 'a parked receipt',
  of: 'parked_receipts',
  fresh: { id: nextOf('parked_receipts') },
}
const answer: Kind = { a: 'an answer already given', of: 'idempotency_keys', fresh: { key: "'new'" } }
const workspace: Kind = {
  a: 'a workspace',
  of: 'workspaces',
  where: here,
  fresh: { workspace_id: NOBODY },
  noRight: true,
}
const KINDS = [
  ...[
    sender,
    template,
    contact,
    list,
    member,
    suppression,
    wish,
    handle,
    inbound,
    notice,
    portfolio,
    reach,
    rest,
  ],
  ...[platformTemplate, fetchOf, media, upload, priceChange, terms, fallback, rule, holidays, settings],
  ...[rate, market, excluded, recipient, parked, answer, workspace],
]

/** Each of these columns cannot be this. */
const wrong = (kind: Kind, columns: Changed): Illegal[] =>
  unchecked(
    kind,
    Object.fromEntries(
      Object.entries(columns).map(([column, value]) => [`whose ${column} cannot be`, { [column]: value }]),
    ),
  )

/** Again what only one may have; the columns are those in which the copy is no longer another. */
const again = (kind: Kind, ...columns: string[]): Illegal[] =>
  twice(
    kind,
    Object.fromEntries(
      columns.map((column) => [`with the ${column} of another`, { [column]: `x.${column}` }]),
    ),
  )

export const ILLEGAL_SENDING: readonly Illegal[] = [
  ...wrong(sender, { name: "''", state: "'lost'", messages_per_second: '0', lifetime_seconds: '0' }),
  ...again(sender, 'id'),
  ...ofNoWorkspace(sender),
  ...wrong(template, {
    name: "''",
    platform_name: "'Not so'",
    category: "'rumour'",
    state: "'lost'",
    channel: "'pigeon'",
  }),
  ...again(template, 'id'),
  ...ofNoWorkspace(template),

  ...wrong(contact, { phone: "'+0'", erased_at: 'now()' }),
  ...unchecked(contact, {
    'without a number who was not erased': { phone: 'NULL' },
    'whose number has six digits': { phone: "'+628111'" },
    'whose number has sixteen digits': { phone: "'+6281234567890123'" },
    'whose number begins with nought': { phone: "'+0812345678'" },
    'whose number has no plus': { phone: "'628123456789'" },
    'whose number has two': { phone: "'+62812+34567'" },
    'whose number has a space': { phone: "'+62 812345678'" },
    'whose number has digits of another script': { phone: "'+62812٣٤٥٦٧٨'" },
  }),
  ...again(contact, 'id', 'phone'),
  ...ofNoWorkspace(contact),
  ...wrong(list, { name: "''" }),
  ...again(list, 'id', 'name'),
  ...ofNoWorkspace(list),
  ...stays(contact),
  ...stays(list),
  {
    what: 'a contact moved to a neighbour',
    sql: 'UPDATE contacts SET workspace_id = :there',
    program: GUARDED,
  },
  { what: 'a list that becomes another', sql: `UPDATE lists SET id = ${NOBODY}`, program: GUARDED },
  {
    what: 'a member who becomes another',
    sql: 'UPDATE list_members SET contact_id = contact_id + 1000000',
    program: GUARDED,
  },
  ...again(member, 'list_id'),
  ...notThere(member, {
    'that is not there': { list_id: NOBODY },
    'who is nobody': { contact_id: '999999' },
  }),
  ...wrong(suppression, { scope: "'some'" }),
  ...again(suppression, 'id', 'phone'),
  ...ofNoWorkspace(suppression),
  ...wrong(wish, { person: "''", scope: "'some'", wish: "'perhaps'" }),
  ...again(wish, 'person'),
  ...wrong(handle, { kind: "'nickname'", handle: "''" }),
  ...again(handle, 'handle'),
  ...again(inbound, 'id', 'provider_message_id'),
  ...notThere(inbound, { 'to no sender': { sender_id: NOBODY } }),

  ...wrong(notice, { verdict: "'perhaps'", daily_limit: '-1' }),
  ...again(notice, 'id', 'digest'),
  ...notThere(notice, { 'of no sender': { sender_id: NOBODY } }),
  ...wrong(portfolio, { daily_limit: '-1' }),
  ...again(portfolio, 'key'),
  ...ofNoWorkspace(portfolio),
  ...again(reach, 'contact_id'),
  ...wrong(rest, { worker: "''", known_until: "x.next_try_at - interval '1 second'" }),
  ...again(rest, 'worker'),
  ...notThere(rest, { 'of no sender': { sender_id: NOBODY } }),
  ...wrong(platformTemplate, {
    account_id: "''",
    name: "''",
    language: "''",
    parameter_format: "'roman'",
    ttl_seconds: '0',
    status: "'lost'",
    category: "'rumour'",
  }),
  ...unchecked(platformTemplate, {
    'with no known wish': { wish: "'beg'", try_at: 'now()' },
    'tried for no wish': { try_at: 'now()' },
    'wished for at no time': { wish: "'delete'" },
    'submitted of no template': { wish: "'submit'", try_at: 'now()', template_id: 'NULL' },
  }),
  ...again(platformTemplate, 'id', 'name', 'template_id'),
  ...notThere(platformTemplate, {
    'of no template': { template_id: NOBODY },
    'of no sender': { sender_id: NOBODY },
  }),
  ...ofNoWorkspace(platformTemplate, [], { template_id: 'NULL', sender_id: 'NULL' }),
  ...wrong(fetchOf, { account_id: "''" }),
  ...again(fetchOf, 'account_id'),
  ...notThere(fetchOf, { 'by no sender': { sender_id: NOBODY } }),
  ...ofNoWorkspace(fetchOf, ['DROP CONSTRAINT IF EXISTS template_fetches_sender_id_workspace_id_fkey']),
  ...wrong(media, { type: "'music'", mime: "'x'", file_name: "''", sha256: "'\\x00'" }),
  ...unchecked(media, {
    'of nothing': { size_bytes: '0', content: "'\\x'" },
    'of another size than it says': { size_bytes: '3' },
  }),
  ...again(media, 'id', 'sha256'),
  ...ofNoWorkspace(media),
  ...stays(media, "mime = 'text/plain'"),
  ...wrong(upload, { platform_id: "''", address: "''", expires_at: 'x.uploaded_at' }),
  ...again(upload, 'sender_id'),
  ...notThere(upload, { 'of no sender': { sender_id: NOBODY }, 'that is not there': { media_id: NOBODY } }),

  ...wrong(priceChange, { state: "'lost'", decided_at: 'NULL' }),
  ...again(priceChange, 'id'),
  ...twice(priceChange, { 'asked about beside another': { state: "'open'", decided_at: 'NULL' } }),
  ...notThere(priceChange, { 'of no campaign': { campaign_id: NOBODY } }),
  ...wrong(terms, { price: '-1' }),
  ...again(terms, 'contact_id'),
  ...notThere(terms, { 'of no campaign': { campaign_id: NOBODY } }),
  ...wrong(fallback, { next_message_id: first }),
  ...again(fallback, 'message_id', 'next_message_id'),
  ...notThere(fallback, {
    'of no message': { message_id: '999999' },
    'to no message': { next_message_id: '999999' },
    'of no campaign': { campaign_id: NOBODY },
  }),
  ...stays(fallback, 'created_at = now()'),

  ...wrong(rule, { country: "'x1'", purpose: "'spam'", source: "''" }),
  ...again(rule, 'country'),
  ...ofNoWorkspace(rule),
  ...wrong(holidays, { country: "'1X'", year: '1999', source: "''" }),
  ...again(holidays, 'year'),
  ...ofNoWorkspace(holidays),
  ...wrong(settings, { campaigns_purpose: "'spam'", cap_messages: '0', cap_days: '367' }),
  ...unchecked(settings, { 'with a cap on no days': { cap_days: 'NULL' } }),
  ...again({ ...settings, noRight: false }, 'workspace_id'),
  ...ofNoWorkspace(settings),

  ...wrong(rate, { model: "'by_weight'", currency: "'rp1'", price: '-1', charge_on: "'payday'" }),
  ...again(rate, 'id', 'effective_from'),
  ...ofNoWorkspace(rate),
  ...wrong(market, { calling_code_prefix: "'+62'", effective_until: 'x.effective_from' }),
  ...again(market, 'country'),
  ...again(excluded, 'contact_id'),
  ...again(recipient, 'message_id'),
  ...again(parked, 'id'),
  ...wrong(answer, { key: "''" }),
  ...again(answer, 'key'),
  ...ofNoWorkspace(answer),
  ...wrong(workspace, { name: "''", currency: "'rp1'", language: "'xx'" }),
  ...again(workspace, 'workspace_id'),
  ...stays(workspace, `workspace_id = ${NOBODY} WHERE workspace_id = :here`),
  ...[sender, template, contact, list, media, platformTemplate].map(withTheIdOfAnothers),

  {
    what: 'a second installation in one database',
    sql: 'INSERT INTO installation (singleton) VALUES (false)',
    program: NO_RIGHT,
    owner: CHECKED,
  },
  {
    what: 'an installation twice',
    sql: 'INSERT INTO installation DEFAULT VALUES',
    program: NO_RIGHT,
    owner: '23505',
  },
  {
    what: 'an installation that is held back for no reason',
    sql: 'UPDATE installation SET held_at = now()',
    program: NO_RIGHT,
    owner: CHECKED,
  },
]

export const EFFECTS_OF_SENDING: readonly Effect[] = KINDS.map(anotherGoes)
