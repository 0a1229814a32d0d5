import type postgres from 'postgres'
import type { Sql } from '../platform/db.ts'
import type { Scope } from '../platform/scope.ts'
import {
  mediaNodes,
  type OpenTemplate,
  parametersFor,
  type Requirement,
  type TemplateNode,
} from '../templates/index.ts'

const ROWS_AT_ONCE = 2_000

/** Members of a contact (`c`) that stand in columns of their own, and there count for more than a variable of that name. */
const COLUMNS: ReadonlySet<string> = new Set(['name', 'email', 'phone'])

/**
 * A contact's value of a variable, without making all its variables one object first; what the list (`l`) says of its
 * member goes before what is known of the contact.
 */
function textOf(sql: Sql, variable: string) {
  const value = sql`coalesce(l.variables ->> ${variable}, c.variables ->> ${variable})`
  return COLUMNS.has(variable) ? sql`coalesce(c.${sql(variable)}, ${value})` : sql`(${value})`
}

/** Everything that a contact (`c`), as a member of its list (`l`), offers a template, as one object. */
export function allVariables(sql: Sql) {
  const told = sql`CASE WHEN l.variables IS NULL THEN c.variables ELSE c.variables || l.variables END`
  const own = sql`jsonb_build_object('name', c.name, 'email', c.email, 'phone', c.phone)`
  return sql`(${told}) || CASE WHEN num_nulls(c.name, c.email, c.phone) = 0 THEN ${own} ELSE jsonb_strip_nulls(${own}) END`
}

/** Whether a contact (`c`) lacks what the template needs of it, as an SQL condition. */
export function missingVariable(sql: Sql, template: OpenTemplate) {
  const conditions = template.requirements.map((requirement) => lacks(sql, requirement))
  return conditions.reduce((all, one) => sql`${all} OR ${one}`, sql`false`)
}

function lacks(sql: Sql, { variable, when }: Requirement) {
  const absent = isBlank(sql, textOf(sql, variable))
  return when.reduce((all, condition) => {
    const lacksIt = isBlank(sql, textOf(sql, condition.variable))
    return condition.present ? sql`(${all} AND NOT ${lacksIt})` : sql`(${all} AND ${lacksIt})`
  }, absent)
}

/** What begins with a visible character of ASCII, 33 to 126, as nearly everything does, need not be looked through. */
function isBlank(sql: Sql, text: ReturnType<typeof textOf>) {
  return sql`(coalesce(abs(2 * ascii(${text}) - 159) > 93, true) AND coalesce(${text}, '') !~ '[^[:space:]]')`
}

/**
 * Contacts to whom the template cannot be sent although nothing is missing: too long when filled, a date that is none.
 * The database finds the few that are in doubt, and only those are rendered.
 * @returns contact id → reason
 */
export async function unsendable(
  scope: Scope,
  listId: string,
  template: OpenTemplate,
  among: Condition,
): Promise<Map<bigint, string>> {
  const found = new Map<bigint, string>()
  const doubted = scope.sql`${inDoubt(scope.sql, template)} ${among}`
  await eachMember(scope, listId, doubted, ROWS_AT_ONCE, ({ id, variables }) => {
    const filled = parametersFor(template.form, variables)
    if (!filled.ok && filled.reason !== 'missing_variable') found.set(id, filled.reason)
  })
  return found
}

/** A condition of SQL, or more of one. */
export type Condition = postgres.PendingQuery<postgres.Row[]>

type Member = { readonly id: bigint; readonly variables: Record<string, string> }

/**
 * Looks at the members of a list that fit a condition on the contact (`c`) and its membership (`l`), in the order of
 * their ids, so many rows at once.
 */
export async function eachMember(
  scope: Scope,
  listId: string,
  condition: Condition,
  rowsAtOnce: number,
  look: (member: Member) => void,
): Promise<void> {
  let after = 0n
  for (;;) {
    const rows = await scope.sql<Member[]>`
      SELECT c.id, ${allVariables(scope.sql)} AS variables FROM list_members l
        JOIN contacts c ON c.id = l.contact_id AND c.workspace_id = l.workspace_id
       WHERE l.list_id = ${listId} AND l.workspace_id = ${scope.workspaceId} AND c.id > ${after}
         AND ${condition}
       ORDER BY c.id LIMIT ${rowsAtOnce}`
    for (const row of rows) look(row)
    if (rows.length < rowsAtOnce) return
    after = rows.at(-1)!.id
  }
}

/** Values longer than this are looked at one by one wherever they stand. */
const ORDINARY_CHARS = 60
const BODY_LIMIT_CHARS = 1_024

/** Whether a contact (`c`) must be rendered to know whether the template can be sent to it, as an SQL condition. */
export function inDoubt(sql: Sql, template: OpenTemplate) {
  return sql`(c.erased_at IS NULL AND (${doubtAbout(sql, template, (name) => textOf(sql, name))}))`
}

/**
 * The same for a whole list, in two parts: `columns` for a query over contacts (`c`) and their membership (`l`) that
 * takes every value out once, and `condition` for one around it.
 */
export function doubtByColumns(sql: Sql, template: OpenTemplate) {
  const names = [...new Set([...Object.keys(template.bodyLength.factors), ...checkedVariables(template)])]
  const column = (name: string) => sql(`v${names.indexOf(name)}`)
  return {
    columns: names.reduce(
      (all, name) => sql`${all}, ${textOf(sql, name)} AS ${column(name)}`,
      sql`c.erased_at`,
    ),
    condition: sql`(erased_at IS NULL AND (${doubtAbout(sql, template, (name) => sql`${column(name)}`)}))`,
  }
}

type Text = (name: string) => ReturnType<typeof textOf>

function doubtAbout(sql: Sql, template: OpenTemplate, text: Text) {
  const longBody = Object.entries(template.bodyLength.factors).reduce(
    (sum, [name, factor]) => sql`${sum} + ${factor}::int * octet_length(coalesce(${text(name)}, ''))`,
    sql`${template.bodyLength.constantChars}::int`,
  )
  return checkedVariables(template).reduce(
    (any, name) =>
      sql`${any} OR ${isUnusual(sql, text(name))} OR octet_length(${text(name)}) > ${ORDINARY_CHARS}`,
    sql`(${longBody}) > ${BODY_LIMIT_CHARS}`,
  )
}

/** A day or a plain decimal: what a formatting helper takes, and what does no harm in a header or a link. */
const PLAIN = '^([0-9]{4}-[0-9]{2}-[0-9]{2}|-?[0-9]{1,15}([.][0-9]{1,6})?)$'

/** What is not `PLAIN`: whole numbers and days, as most values are, are told without the expression. */
function isUnusual(sql: Sql, text: ReturnType<Text>) {
  return sql`CASE translate(${text}, '0123456789', '') WHEN '' THEN octet_length(${text}) NOT BETWEEN 1 AND 15
                  WHEN '--' THEN ${text} NOT LIKE '____-__-__' ELSE ${text} !~ ${PLAIN} END`
}

/** Variables that a helper formats, or that stand in a header or a button, may be refused for more than the body's length. */
function checkedVariables({ body, header, form }: OpenTemplate): string[] {
  const formatted = expressionsOf(body.nodes).filter(({ format }) => CHECKING_FORMATS.includes(format))
  const placed = [...(header?.nodes ?? []), ...mediaNodes(form.media), ...form.buttons.flatMap(nodesOfButton)]
  const blocks = body.nodes.filter((node) => node.kind === 'choice')
  const checked = [...formatted, ...expressionsOf(placed), ...expressionsOf(blocks)]
  return [
    ...new Set(
      checked.flatMap(({ variable, second }) =>
        second?.kind === 'variable' ? [variable, second.name] : [variable],
      ),
    ),
  ]
}

const CHECKING_FORMATS: readonly string[] = ['date', 'money', 'amount', 'number']

type Print = Extract<TemplateNode, { kind: 'print' }>

function expressionsOf(nodes: readonly TemplateNode[]): Print['expression'][] {
  return nodes.flatMap((node) => {
    if (node.kind === 'print') return [node.expression]
    return node.kind === 'choice' ? expressionsOf([...node.present, ...node.absent]) : []
  })
}

function nodesOfButton(button: OpenTemplate['form']['buttons'][number]): readonly TemplateNode[] {
  if (button.type === 'copy_code') return button.code
  return button.type === 'url' && button.suffix ? [{ kind: 'print', expression: button.suffix }] : []
}
