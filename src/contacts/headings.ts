/** What a column can be to us; every other column becomes a variable of its own name. */
export const FIELDS = [
  'phone',
  'name',
  'email',
  'time_zone',
  'amount',
  'due_date',
  'invoice',
  'pay_link',
] as const
export type Field = (typeof FIELDS)[number]

/** How surely a heading names a field: word for word, or by a word within it. */
export type Recognition = { readonly field: Field; readonly exact: boolean; readonly rank: number }

/**
 * Headings word for word, in English, Indonesian and Spanish (and their usual short forms), written as they are
 * compared: lower case, no accents, no spaces. Where two columns of a sheet fit, the earlier word wins.
 */
const EXACT: Readonly<Record<Field, string>> = {
  phone: `phone phonenumber phoneno phonenum phonenr mobile mobilephone mobilenumber mobileno mobilephonenumber cell
    cellphone cellnumber cellphonenumber telephone telephonenumber telephoneno tel telno telnumber contactnumber
    contactno contactphone msisdn whatsapp whatsappnumber whatsappno whatsappphone wa wanumber wano wanum phonewhatsapp
    hp nohp nomorhp nomerhp nohandphone nomorhandphone handphone hape nohape noponsel nomorponsel ponsel nohpwa nowahp
    hpwa nowa nomorwa nomerwa nowhatsapp nomorwhatsapp nomerwhatsapp telp notelp nomortelp tlp notlp nomortlp telepon
    notelepon nomortelepon telpon notelpon nomortelpon telephon telefon telfon notel nomorkontak nokontak kontakwa kontakhp
    notelphp nohptelp notelponhp notelephp nomorteleponwa
    telefono numerotelefono numerodetelefono numtelefono notelefono nrotelefono nrodetelefono telefonomovil movil
    numeromovil numerodemovil celular numerocelular numerodecelular nrocelular nrodecelular nocelular telefonocelular
    numerowhatsapp numerodewhatsapp numwhatsapp nrowhatsapp telcelular telmovil numerodecontacto numerocontacto
    telefonodecontacto telefonocontacto cel telf tlf tfno fono telefonowhatsapp celularwhatsapp`,
  name: `name fullname customername contactname clientname recipientname membername patientname studentname displayname
    recipient customer client nama namalengkap namapelanggan namakonsumen namapembeli namanasabah namasiswa namapasien
    namaanggota namacustomer namapenerima namaklien namakontak namadebitur namapenghuni namawali pelanggan konsumen nasabah
    nombre nombrecompleto nombreyapellido nombreyapellidos nombresyapellidos nombreapellido nombres nombrecliente
    nombredelcliente nombredecliente nombrecontacto nombredelcontacto nombredecontacto nombrepaciente nombredelpaciente
    nombrealumno nombredelalumno cliente paciente`,
  email: `email emailaddress emailid mail mailaddress alamatemail surel alamatsurel emailpelanggan correo
    correoelectronico correoe direcciondecorreo direcciondecorreoelectronico direccioncorreo`,
  time_zone: `timezone timezoneid tz tzname ianatimezone zonawaktu wilayahwaktu zonahoraria husohorario zonadehorario`,
  amount: `amountdue amount totaldue totalamountdue totalamount amounttopay amountowed invoiceamount invoicetotal billamount
    balancedue outstandingbalance outstandingamount outstanding balance paymentamount total sum
    jumlahtagihan totaltagihan nominaltagihan nilaitagihan besartagihan besarantagihan tagihan nominal jumlah
    jumlahbayar totalbayar totalpembayaran jumlahpembayaran sisatagihan jumlahtunggakan totaltunggakan tunggakan
    angsuran cicilan jumlahangsuran nilaiinvoice nominalinvoice totalinvoice jumlahuang
    importe monto importetotal montototal totalapagar montoapagar importeapagar totalfactura montofactura importefactura
    montodelafactura importedelafactura saldo saldopendiente montopendiente importependiente adeudo deuda montoadeudado cuota
    valorapagar valor`,
  due_date: `duedate due datedue dueon dueby paymentduedate paymentdue invoiceduedate expirydate deadline paymentdeadline paybefore payby
    jatuhtempo tanggaljatuhtempo tgljatuhtempo jthtempo tgljthtempo tempo tanggaltempo tgltempo tglbayar tanggalbayar
    bataspembayaran batasbayar bataswaktu bataswaktupembayaran batasakhir tenggat tenggatwaktu tenggatpembayaran
    tanggaltenggat tanggalpembayaran jatuhtempopembayaran jt tgljt
    fechadevencimiento fechavencimiento fechavence fechadevto fechavto vencimiento vence venceel fechalimite
    fechalimitedepago fechadepago fechapago vto`,
  invoice: `invoice invoicenumber invoiceno invoicenum invoiceid invoiceref invoicereference inv invno billnumber billno
    noinvoice nomorinvoice nomerinvoice notagihan nomortagihan nofaktur nomorfaktur faktur noinv kodeinvoice idtagihan
    idinvoice kodetagihan nonota nomornota
    factura numerofactura numerodefactura nofactura numfactura nrofactura nrodefactura folio foliofactura foliodefactura
    facturano numerodeinvoice recibo numeroderecibo nroderecibo`,
  pay_link: `paylink paymentlink paymenturl payurl linktopay invoicelink invoiceurl checkoutlink checkouturl
    linkpembayaran linkbayar urlpembayaran tautanpembayaran tautanbayar linktagihan linkinvoice
    enlacedepago enlacepago ligadepago linkdepago linkpago urldepago urlpago vinculodepago`,
}

/** Words within a longer heading (`No. HP (aktif)`, `Teléfono del titular`) that tell a field, unless another word denies it. */
const PHONE_WORDS =
  words(`phone phones telephone mobile cell cellphone cellular whatsapp wa msisdn hp handphone hape ponsel
  telp telepon telpon tlp telefono telefonos movil celular`)
/** A phone column for somebody else, of another kind, or about the phone and not its number. */
const NOT_THE_PHONE =
  words(`home house office work fax alternate alternative alt other secondary emergency rumah kantor
  lain lainnya darurat casa oficina trabajo fijo otro otra alterno emergencia type tipe tipo jenis model merek brand
  country negara pais code kode codigo status valid verified opt optin consent name nama nombre operator carrier provider
  count date tanggal fecha extension ext landline bill plan paket`)
const WITHIN: readonly (readonly [Field, RegExp])[] = [
  ['due_date', /jatuhtempo|vencimiento|duedate/],
  [
    'invoice',
    /(?:invoice|factura|faktur|tagihan)(?:number|no|num|id)\b|^(?:no|nomor|numero|nro|num)(?:de)?(?:invoice|factura|faktur|tagihan)/,
  ],
  ['email', /email|correoelectronico/],
  [
    'pay_link',
    /(?:pay|payment|pembayaran|bayar|pago)(?:link|url)|(?:link|url|tautan|enlace|liga)(?:de)?(?:pay|payment|pembayaran|bayar|pago)/,
  ],
  ['amount', /^(?:jumlah|total|nominal|nilai)tagihan|^(?:total|amount)due|^(?:monto|importe|total)apagar/],
  ['time_zone', /timezone|zonawaktu|zonahoraria/],
]

/** A column about an invoice or a date, and not the thing itself. */
const NOT_THE_THING = words(
  'status sent dikirim enviado reminder hari days dias sisa type tipe tipo verified valid',
)
/** The heading of the last column of a workbook to mend; it is left out when that workbook comes back. */
export const REASON_HEADING = 'What to mend (Duecast)'

/** Words that say whose or how, and not what: `Customer phone`, `Nombre del cliente`, `Amount (IDR)`. */
const ASIDE =
  words(`customer customers client clients recipient recipients your the of anda pelanggan konsumen nasabah siswa
  pasien anggota customer penerima klien warga penghuni cliente clientes del de la el los paciente alumno titular
  rp idr usd mxn ars cop pen clp eur required wajib obligatorio aktif active`)

const EXACT_WORDS: ReadonlyMap<string, Recognition> = new Map(
  FIELDS.flatMap((field) =>
    [...words(EXACT[field])].map((word, rank): [string, Recognition] => [word, { field, exact: true, rank }]),
  ),
)

/** Recognises a heading, whatever its case, accents and punctuation; undefined if it names no field. */
export function recogniseHeading(heading: string): Recognition | undefined {
  const whole = headingWords(heading)
  const bare = headingWords(heading.replace(/\([^)]*\)|\[[^\]]*\]/g, ' '))
  const core = bare.filter((word) => !ASIDE.has(word))
  for (const candidate of [whole, bare, core]) {
    const exact = EXACT_WORDS.get(candidate.join(''))
    if (exact) return exact
  }
  return recogniseWithin(whole)
}

function recogniseWithin(heading: readonly string[]): Recognition | undefined {
  if (heading.length > MAX_HEADING_WORDS) return undefined
  if (heading.some((word) => PHONE_WORDS.has(word))) {
    return heading.some((word) => NOT_THE_PHONE.has(word))
      ? undefined
      : { field: 'phone', exact: false, rank: 0 }
  }
  if (heading.some((word) => NOT_THE_THING.has(word))) return undefined
  const joined = heading.join('')
  const found = WITHIN.find(([, pattern]) => pattern.test(joined))
  return found && { field: found[0], exact: false, rank: 0 }
}

/** A longer text is a sentence, not a heading. */
const MAX_HEADING_WORDS = 8

/** A heading as it is compared: two headings are the same if this is. */
export function headingKey(heading: string): string {
  return headingWords(heading).join('')
}

/** The words of a heading: no accents, lower case, `NoHP` and `dueDate` parted. */
export function headingWords(heading: string): readonly string[] {
  return heading
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')
}

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/))
}
