/** The words of lists: what they are searched by, and how they are taken away. */
export const en = {
  'search.name': 'Name has',
  'files.take': 'Take it away, as it is sifted here:',
  'files.as': 'as a file (.{format})',
  'people.title': 'All contacts',
  'people.search': 'Name, e-mail or number has',
  'people.list': 'List',
  'people.number': 'Number',
  'people.zone': 'Time zone',
  'people.details': 'What else is known',
  'people.none': 'There are no contacts yet.',
  'people.none_so': 'No contact is like that.',
  'contacts.lists.all': 'All lists',
  'contacts.lists.none_so': 'No list has such a name.',
} as const
