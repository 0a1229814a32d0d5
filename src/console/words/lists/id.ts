/** The same in Indonesian. */
export const id = {
  'search.name': 'Nama memuat',
  'files.take': 'Ambil sebagai berkas, tersaring seperti di sini:',
  'files.as': 'sebagai berkas (.{format})',
  'people.title': 'Semua kontak',
  'people.search': 'Nama, surel, atau nomor memuat',
  'people.list': 'Daftar',
  'people.number': 'Nomor',
  'people.zone': 'Zona waktu',
  'people.details': 'Keterangan lain',
  'people.none': 'Belum ada kontak.',
  'people.none_so': 'Tidak ada kontak yang seperti itu.',
  'contacts.lists.all': 'Semua daftar',
  'contacts.lists.none_so': 'Tidak ada daftar dengan nama seperti itu.',
} as const
