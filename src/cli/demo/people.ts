import type { Chance } from './chance.ts'

const GIVEN =
  `Agus Ahmad Aisyah Andi Anisa Arif Ayu Bagus Bambang Bayu Budi Cahya Citra Dedi Dewi Dian Dimas Dwi Eka Endang
  Fajar Farhan Fitri Galih Gita Hadi Hana Hendra Indah Indra Irfan Joko Kartika Ketut Komang Lestari Lina Made Maria
  Maya Mega Muhammad Nadia Ningsih Novi Nur Nyoman Oki Putri Putu Rahmat Rani Ratna Rendi Reza Rina Rizky Rudi Sari
  Siti Slamet Sri Surya Taufik Teguh Tika Tri Umar Wahyu Wayan Wulan Yanti Yoga Yulia Yusuf Zahra Zainal`.split(
    /\s+/,
  )
const FAMILY =
  `Santoso Wijaya Saputra Hidayat Nugroho Kusuma Setiawan Wibowo Lestari Permana Pratama Rahayu Siregar
  Simanjuntak Nasution Hutapea Lubis Gunawan Halim Susanto Hartono Suryani Utami Maharani Firmansyah Ramadhan Kurniawan
  Purnama Handayani Anggraini Safitri Wulandari Pangestu Tanjung Harahap Manurung Sinaga Putra Dharma Suharto Yulianto
  Iskandar Hakim Maulana Fauzi Aditya Prasetyo Widodo Sudrajat Kartini`.split(/\s+/)
const ENGLISH =
  `Michael Chen|Sarah Johnson|David Tan|Emma O'Connor|James Lim|Grace Wong|Peter Schmidt|Olivia Brown|Daniel Lee`.split(
    '|',
  )
const TITLES = ['Bpk. ', 'Ibu ', 'Hj. ', 'dr. ']

/** A customer as somebody in an office has typed the name: mostly whole, sometimes shouted or with a title. */
export function personName(chance: Chance): string {
  const name = chance.next() < 0.06 ? chance.pick(ENGLISH) : `${chance.pick(GIVEN)} ${chance.pick(FAMILY)}`
  const habit = chance.next()
  if (habit < 0.05) return name.toUpperCase()
  if (habit < 0.1) return name.toLowerCase()
  if (habit < 0.16) return chance.pick(TITLES) + name
  return habit < 0.19 ? `  ${name} ` : name
}

/** The four digits with which the numbers of Indonesia's mobile networks begin. */
const PREFIXES = [
  '0811',
  '0812',
  '0813',
  '0821',
  '0822',
  '0852',
  '0853',
  '0815',
  '0816',
  '0856',
  '0857',
  '0817',
  '0818',
  '0819',
  '0878',
  '0895',
  '0896',
  '0897',
  '0881',
  '0882',
]

/** A mobile number as dialled at home: `081234567890`. It is made up; nothing of the demo leaves this machine. */
export function mobileNumber(chance: Chance): string {
  return chance.pick(PREFIXES) + String(chance.whole(10_000_000, 99_999_999))
}

/** What a phone column of a real sheet holds for one and the same number. */
export function typedPhone(national: string, chance: Chance): string | number {
  const [head, middle, tail] = [national.slice(0, 4), national.slice(4, 8), national.slice(8)]
  const rest = national.slice(1)
  return chance.pick<string | number>([
    national,
    `${head}-${middle}-${tail}`,
    `${head} ${middle} ${tail}`,
    `${head}.${middle}.${tail}`,
    `(${head}) ${middle}${tail}`,
    `+62 ${rest.slice(0, 3)}-${rest.slice(3, 7)}-${rest.slice(7)}`,
    `+62${rest}`,
    `62${rest}`,
    `+62 (0)${rest}`,
    ` ${national} `,
    Number(rest),
    Number(`62${rest}`),
  ])
}

/** Customers abroad, with their country's code as such sheets hold it. */
export const ABROAD = [
  '+65 9123 4567',
  '+65 8765 4321',
  '+60 12-345 6789',
  '+60 17 234 5678',
  '+61 412 345 678',
  '+44 7400 123456',
  '+1 415 555 2671',
  '+81 90-1234-5678',
] as const
