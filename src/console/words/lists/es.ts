/** The same in Spanish. */
export const es = {
  'search.name': 'El nombre contiene',
  'files.take': 'Llevarse la lista, filtrada como aquí:',
  'files.as': 'como archivo (.{format})',
  'people.title': 'Todos los contactos',
  'people.search': 'El nombre, correo o número contiene',
  'people.list': 'Lista',
  'people.number': 'Número',
  'people.zone': 'Zona horaria',
  'people.details': 'Qué más se sabe',
  'people.none': 'Todavía no hay contactos.',
  'people.none_so': 'Ningún contacto es así.',
  'contacts.lists.all': 'Todas las listas',
  'contacts.lists.none_so': 'Ninguna lista se llama así.',
} as const
