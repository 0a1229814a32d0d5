const HEADER_FORMATS = ['image', 'video', 'document']

/** What is wrong with the file above a message; `known` says which ids were given out. */
export function mediaFault(
  parameter: Readonly<Record<string, unknown>>,
  known: (id: string) => boolean,
): string | undefined {
  const type = String(parameter.type)
  const media = parameter[type]
  if (!HEADER_FORMATS.includes(type) || typeof media !== 'object' || media === null)
    return `parameters.${type}`
  const { id, link, filename } = media as Record<string, unknown>
  if ((id === undefined) === (link === undefined)) return `parameters.${type}.id`
  if (id !== undefined && !(typeof id === 'string' && known(id))) return `parameters.${type}.id`
  if (
    link !== undefined &&
    !(typeof link === 'string' && /^https?:\/\/[^\s]+$/.test(link) && URL.canParse(link))
  )
    return `parameters.${type}.link`
  const named = filename === undefined || (type === 'document' && typeof filename === 'string')
  return named ? undefined : `parameters.${type}.filename`
}
