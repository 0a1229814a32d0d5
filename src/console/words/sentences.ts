/**
 * What the rooms of the house say, by their codes, in the languages that are not the program's own: refusals, faults of
 * cells, what became of a message and why, and what an audit proves.
 */
export const SENTENCES: Readonly<Record<'id' | 'es', Readonly<Record<string, string>>>> = {
  id: {
    'refusal.invalid_rate_card': 'Sebagian baris tidak dapat dipakai, jadi tidak ada yang diimpor.',
    'refusal.invalid_markup': 'Tambahan adalah persen dari 0 sampai 1000 dengan titik, misalnya 12.5.',
    'refusal.invalid_day': 'Hari ditulis TTTT-BB-HH, misalnya 2026-12-01.',
    'refusal.missing_columns':
      'Baris judul tidak memuat semua kolom yang diperlukan: lihat kolomnya di bawah.',
    'refusal.unknown_columns': 'Ada kolom yang tidak dikenal atau berulang: lihat kolomnya di bawah.',
    'refusal.unreadable_table':
      'Berkas ini tidak dapat dibaca. Simpan sebagai "CSV UTF-8" atau .xlsx lalu unggah lagi.',
    'problem.unknown_model':
      'Cara menagih ini tidak dikenal: per_message, conversation_24h, atau per_segment.',
    'problem.bad_currency': 'Mata uang adalah tiga huruf, misalnya IDR.',
    'problem.unknown_market':
      'Tidak ada kode negara yang termasuk pasar bernama ini; namanya menurut platform.',
    'problem.unknown_category':
      'Kategori ini tidak dikenal: marketing, utility, authentication, service, atau authentication_international.',
    'problem.bad_day': 'Hari ditulis TTTT-BB-HH.',
    'problem.bad_price':
      'Harga adalah desimal dengan titik dan paling banyak empat angka di belakangnya; tidak ada harga bukan harga nol.',
    'problem.bad_charge_on': 'Saat menagih adalah delivered atau accepted.',
    'problem.too_many_cells': 'Baris ini punya lebih banyak sel daripada judulnya.',
    'problem.repeated': 'Sudah ada harga untuk mata uang, pasar, kategori, dan hari ini di berkas.',
    'refusal.forbidden': 'Peran Anda tidak mengizinkan ini. Minta pemilik atau admin.',
    'refusal.not_found': 'Ini tidak ada di ruang kerja Anda.',
    'refusal.insufficient_funds':
      'Ini memerlukan {required}, sedangkan yang tersedia {available}: isi setidaknya {shortfall} lalu ajukan lagi. Tidak ada dana yang ditahan.',
    'refusal.wrong_state':
      'Statusnya sudah berubah, jadi ini tidak dapat dilakukan lagi. Muat ulang halaman ini.',
    'refusal.self_approval': 'Anda ikut membuat kampanye ini, jadi orang lain yang harus memutuskan.',
    'refusal.quote_expired': 'Harganya sudah tidak berlaku. Hitung ulang lalu ajukan lagi.',
    'refusal.quote_changed': 'Daftar atau harganya berubah sejak dihitung. Hitung ulang lalu ajukan lagi.',
    'refusal.quote_not_current': 'Ada perhitungan harga yang lebih baru. Lihat yang itu lalu ajukan lagi.',
    'refusal.no_recipients':
      'Tidak seorang pun di daftar ini dapat dikirimi: lihat siapa yang tidak disertakan dan mengapa.',
    'refusal.template_not_approved': 'Templat ini belum disetujui untuk dikirim.',
    'refusal.sender_stopped': 'Pengirim ini sedang berhenti.',
    'refusal.schedule_in_past': 'Waktu pengirimannya sudah lewat. Pilih waktu lain.',
    'refusal.approval_expired': 'Waktu untuk menyetujui sudah lewat.',
    'refusal.approval_outdated':
      'Yang harus disetujui sudah berubah sejak Anda melihatnya: lihat sekali lagi lalu putuskan.',
    'refusal.already_decided': 'Anda sudah menyetujui ini, dan tidak seorang pun menyetujui dua kali.',
    'refusal.price_changed': 'Harganya bukan lagi yang disetujui.',
    'refusal.no_price': 'Dengan syarat ini tidak seorang pun dapat dikirimi, atau harganya tidak diketahui.',
    'refusal.mixed_models':
      'Harga yang berlaku menagih sebagian pasar per pesan dan sebagian per percakapan. Pisahkan daftarnya menurut pasar.',
    'refusal.books_do_not_balance': 'Tidak ada dana yang dapat ditahan selama pembukuan tidak seimbang.',
    'refusal.reference_reused':
      'Referensi itu sudah dipakai untuk pengisian lain. Pakai referensi pembayarannya sendiri.',
    'refusal.currency_mismatch': 'Mata uangnya bukan mata uang dompet ini.',
    'refusal.file_too_large': 'Berkasnya terlalu besar.',
    'refusal.foreign_form':
      'Ini datang dari halaman yang bukan milik Duecast, jadi tidak ada yang dilakukan. Buka konsol lalu coba di sana.',
    'refusal.bad_form': 'Formulir tidak sampai seperti saat dikirim. Kembali lalu kirim lagi.',
    'problem.in_the_past': 'Waktu itu sudah lewat: pilih yang lebih lambat, atau kirim sekarang.',
    'problem.too_far': 'Kampanye dapat dijadwalkan paling lama setahun ke depan.',
    'problem.never_open': 'Jam ini tidak pernah terbuka.',
    'problem.phone_missing': 'Tidak ada nomor telepon di baris ini. Tambahkan lalu unggah lagi.',
    'problem.phone_invalid':
      'Ini bukan nomor telepon yang dipakai. Periksa angkanya, atau tulis dengan + dan kode negara.',
    'problem.phone_too_short': 'Angka nomor ini kurang. Periksa dengan aslinya lalu tulis lengkap.',
    'problem.phone_too_long':
      'Angka nomor ini terlalu banyak. Simpan satu nomor saja, dengan kode negaranya, di sel itu.',
    'problem.phone_no_country':
      'Nomor ini tidak menyebut negaranya. Tulis dengan + dan kode negara, atau pilih negara untuk lembar ini.',
    'problem.phone_ambiguous': 'Nomor ini dapat dibaca dengan dua cara. Tulis dengan + dan kode negara.',
    'problem.phone_lost_digits':
      'Lembar kerja memendekkan nomor ini dan angka terakhirnya hilang. Format kolom sebagai teks lalu ketik lagi.',
    'problem.phone_two_numbers': 'Sel ini tampaknya memuat dua nomor. Simpan satu saja.',
    'problem.amount_invalid': 'Ini bukan jumlah. Tulis angka saja, misalnya 1500000.',
    'problem.amount_negative':
      'Jumlahnya negatif. Tulis yang harus dibayar sebagai angka positif, atau kosongkan.',
    'problem.amount_ambiguous':
      'Titik atau komanya dapat berarti ribuan atau desimal. Pilih bahasa lembar, atau tulis angka saja.',
    'problem.amount_not_in_locale':
      'Titik dan komanya tidak sesuai dengan bahasa lembar. Pilih bahasa lain, atau tulis angka saja.',
    'problem.amount_too_large': 'Jumlahnya lebih dari 14 angka sebelum desimal. Periksa lagi.',
    'problem.amount_too_precise': 'Jumlahnya lebih dari 4 desimal. Bulatkan ke yang harus dibayar.',
    'problem.date_invalid': 'Ini bukan tanggal yang dapat kami baca dengan pasti. Tulis sebagai 2026-12-31.',
    'problem.date_ambiguous':
      'Hari dan bulannya dapat tertukar. Pilih bahasa lembar, atau tulis sebagai 2026-12-31.',
    'problem.date_impossible': 'Tidak ada hari seperti itu. Perbaiki, atau tulis sebagai 2026-12-31.',
    'problem.date_out_of_range':
      'Angka di sel ini di luar hari yang dikenal lembar kerja. Tulis sebagai 2026-12-31.',
    'problem.cell_error': 'Sel ini menunjukkan kesalahan. Perbaiki rumusnya, atau ketik nilainya.',
    'problem.formula_not_calculated':
      'Sel ini berisi rumus tanpa hasil. Buka berkas di Excel, simpan, lalu unggah lagi.',
    'problem.number_lost_digits':
      'Lembar kerja menyimpan 15 angka dan yang ini lebih. Format kolom sebagai teks lalu ketik lagi.',
    'category.utility': 'utilitas',
    'category.marketing': 'pemasaran',
    'category.authentication': 'autentikasi',
    'reason.opted_out': 'orangnya berhenti berlangganan atau diblokir',
    'reason.erased': 'kontaknya dihapus',
    'reason.missing_variable': 'nilai yang diperlukan templat tidak ada',
    'reason.too_long': 'pesannya akan terlalu panjang',
    'reason.worker_lost': 'program berhenti saat pesan sedang dikirim',
    'reason.put_back': 'pengiriman dihentikan sebelum pesan keluar',
    'reason.no_receipt': 'tidak ada laporan dalam masa berlakunya',
    'reason.paid': 'tagihannya sudah dibayar lebih dulu',
    'reason.amount_changed': 'jumlah utangnya berubah sebelum pesan keluar, dan pengingatnya dibuat ulang',
    'reason.promised': 'pembayaran dijanjikan untuk hari lain',
    'reason.disputed': 'tagihannya disengketakan',
    'reason.invoice_cancelled': 'tagihannya dibatalkan',
    'reason.none': 'tidak ada alasan yang diberikan',
    'free.zero_price': 'kartu tarif menyebut nol',
    'free.window_open': 'di dalam jendela 24 jam yang sudah dibayar',
    'free.customer_window': 'di dalam jendela 24 jam pelanggan sendiri',
    'free.free_entry_point': 'di dalam titik masuk gratis',
    'free.reported_free': 'menurut platform gratis',
    'free.none': 'tanpa biaya',
    'explain.waits': 'menunggu dikirim',
    'explain.due': 'akan dikirim mulai {due}',
    'explain.retry': 'menunggu dicoba lagi: {why}',
    'explain.sending': 'sedang dikirim',
    'explain.sent':
      'terkirim {time}, belum sampai; {price} tetap ditahan sampai pesan itu sampai atau masa berlakunya habis',
    'explain.charged_delivered': 'ditagih {charged}: sampai {when}, {category}, {market}',
    'explain.charged_read': 'ditagih {charged}: dibaca {when}, {category}, {market}',
    'explain.late_delivered':
      'ditagih {charged}: sampai {when}, {category}, {market}, ditagih belakangan karena dananya sudah kembali',
    'explain.late_read':
      'ditagih {charged}: dibaca {when}, {category}, {market}, ditagih belakangan karena dananya sudah kembali',
    'explain.free_delivered': 'gratis: sampai {when}, {category}, {market}, {free}',
    'explain.free_read': 'gratis: dibaca {when}, {category}, {market}, {free}',
    'explain.failed': 'gagal, tidak ditagih: {why}',
    'explain.no_receipt': 'terkirim {time}, dan tidak dilaporkan sampai dalam masa berlakunya; tidak ditagih',
    'explain.expired': 'tidak dikirim: waktunya sudah lewat; tidak ditagih',
    'explain.uncertain':
      'tidak diketahui apakah ini terkirim ({why}); tidak pernah dikirim ulang sendiri, dan ditagih hanya jika dilaporkan sampai',
    'explain.cancelled': 'tidak dikirim: kampanyenya dibatalkan; tidak ditagih',
    'explain.skipped': 'tidak dikirim: {why}; tidak ditagih',
    'check.balances_follow_from_transfers': 'debit dan kredit setiap akun adalah jumlah perpindahannya',
    'check.debits_equal_credits':
      'di semua akun debit sama dengan kredit, dan tidak ada akun dompet, tahanan, atau terpakai di bawah nol',
    'check.transfers_go_their_ways':
      'setiap perpindahan berjalan di antara akun yang semestinya, dalam mata uang ruang kerja',
    'check.holds_serve_their_campaigns': 'setiap tahanan milik satu kampanye yang menyebutnya',
    'check.reservations_equal_prices': 'yang ditahan untuk kampanye adalah jumlah harga pesannya',
    'check.holds_equal_undecided_messages': 'isi tahanan adalah jumlah harga pesan yang belum diputuskan',
    'check.captures_equal_charges': 'setiap penagihan adalah jumlah dan banyaknya tagihan yang dibayarnya',
    'check.charges_have_receipts': 'setiap tagihan punya laporan bahwa pesannya sampai atau dibaca',
    'check.refunds_are_noted': 'yang dibayar kembali tercatat pada tagihannya',
    'check.debts_are_paid_by_top_ups':
      'utang dibayar dari pengisian dengan referensi yang sama, dan tidak melebihi pengisian itu',
    'check.deliveries_are_charged':
      'setiap pesan yang sampai atau dibaca punya tepat satu tagihan, dan yang lain tidak',
    'check.releases_follow_from_messages':
      'yang kembali adalah yang tidak sampai, yang gratis, dan yang kemudian ditagih belakangan',
    'check.settled_is_settled':
      'kampanye yang selesai dihitung tidak punya pesan yang belum diputuskan, dan tahanannya kosong',
    'check.counts_equal_messages': 'hitungan yang ditampilkan sesuai dengan pesannya',
    'check.no_message_sent_twice': 'paling banyak satu percobaan tiap pesan pernah sampai ke penyedia',
    'check.quotes_add_up':
      'total setiap penawaran adalah jumlah barisnya, dan kampanye menahan sesuai penawarannya',
    'check.windows_come_from_charges':
      'setiap jendela percakapan dibuka oleh pesan yang sampai dan berlaku sehari',
  },
  es: {
    'refusal.invalid_rate_card': 'Algunas filas no se pueden usar, así que no se importó nada.',
    'refusal.invalid_markup': 'El recargo es un porcentaje de 0 a 1000 con punto, por ejemplo 12.5.',
    'refusal.invalid_day': 'Un día se escribe AAAA-MM-DD, por ejemplo 2026-12-01.',
    'refusal.missing_columns': 'Faltan columnas en la fila de títulos: vea abajo cuáles son.',
    'refusal.unknown_columns': 'Hay columnas desconocidas o repetidas: vea abajo cuáles son.',
    'refusal.unreadable_table':
      'El archivo no se puede leer. Guárdelo como "CSV UTF-8" o .xlsx y súbalo otra vez.',
    'problem.unknown_model': 'Esa forma de cobrar no se conoce: per_message, conversation_24h o per_segment.',
    'problem.bad_currency': 'Una moneda son tres letras, por ejemplo IDR.',
    'problem.unknown_market':
      'Ningún prefijo pertenece a un mercado de ese nombre; los nombres son los de la plataforma.',
    'problem.unknown_category':
      'Esa categoría no se conoce: marketing, utility, authentication, service o authentication_international.',
    'problem.bad_day': 'Un día se escribe AAAA-MM-DD.',
    'problem.bad_price':
      'Un precio es un decimal con punto y cuatro cifras como mucho detrás; ningún precio no es un precio de cero.',
    'problem.bad_charge_on': 'El momento de cobro es delivered o accepted.',
    'problem.too_many_cells': 'La fila tiene más celdas que los títulos.',
    'problem.repeated': 'Ya hay en el archivo un precio para esa moneda, mercado, categoría y día.',
    'refusal.forbidden': 'Su rol no permite esto. Pídalo a un propietario o administrador.',
    'refusal.not_found': 'Esto no existe en su espacio.',
    'refusal.insufficient_funds':
      'Esto necesita {required}, y hay disponibles {available}: recargue al menos {shortfall} y preséntela de nuevo. No se reservó nada.',
    'refusal.wrong_state': 'El estado cambió, así que esto ya no puede hacerse. Vuelva a cargar la página.',
    'refusal.self_approval': 'Usted intervino en esta campaña, así que debe decidir otra persona.',
    'refusal.quote_expired': 'El precio ya no vale. Calcúlelo otra vez y preséntela de nuevo.',
    'refusal.quote_changed':
      'La lista o los precios cambiaron desde el cálculo. Calcule otra vez y preséntela de nuevo.',
    'refusal.quote_not_current': 'Hay un cálculo de precio más reciente. Mírelo y preséntela de nuevo.',
    'refusal.no_recipients':
      'A nadie de esta lista se le puede enviar esto: vea quién queda fuera y por qué.',
    'refusal.template_not_approved': 'La plantilla no está aprobada para enviarse.',
    'refusal.sender_stopped': 'El remitente está detenido.',
    'refusal.schedule_in_past': 'La hora del envío ya pasó. Elija otra.',
    'refusal.approval_expired': 'El plazo para aprobar ya pasó.',
    'refusal.approval_outdated':
      'Lo que hay que aprobar cambió desde que lo miró: mírelo otra vez y decida sobre eso.',
    'refusal.already_decided': 'Usted ya aprobó esto, y nadie aprueba dos veces.',
    'refusal.price_changed': 'El precio ya no es el que se aprobó.',
    'refusal.no_price': 'En estas condiciones no se puede enviar a nadie, o no se conoce ningún precio.',
    'refusal.mixed_models':
      'Los precios vigentes cobran unos mercados por mensaje y otros por conversación. Divida la lista por mercado.',
    'refusal.books_do_not_balance': 'No se reserva nada nuevo mientras las cuentas no cuadren.',
    'refusal.reference_reused': 'Esa referencia ya corresponde a otra recarga. Use la del propio pago.',
    'refusal.currency_mismatch': 'La moneda no es la de este saldo.',
    'refusal.file_too_large': 'El archivo es demasiado grande.',
    'refusal.foreign_form':
      'Esto vino de una página que no es de Duecast, así que no se hizo nada. Abra la consola e inténtelo allí.',
    'refusal.bad_form': 'El formulario no llegó como se envió. Vuelva atrás y envíelo de nuevo.',
    'problem.in_the_past': 'Esa hora ya pasó: elija otra posterior, o envíe ahora.',
    'problem.too_far': 'Una campaña puede programarse como mucho con un año de antelación.',
    'problem.never_open': 'Estas horas no se abren nunca.',
    'problem.phone_missing': 'En esta fila no hay número de teléfono. Añádalo y suba la hoja otra vez.',
    'problem.phone_invalid':
      'Este no es un número en uso. Revise las cifras, o escríbalo con + y el código del país.',
    'problem.phone_too_short': 'Al número le faltan cifras. Compárelo con el original y escríbalo completo.',
    'problem.phone_too_long':
      'El número tiene demasiadas cifras. Deje un solo número, con su código de país, en la celda.',
    'problem.phone_no_country':
      'El número no dice su país. Escríbalo con + y el código, o elija un país para la hoja.',
    'problem.phone_ambiguous': 'El número puede leerse de dos maneras. Escríbalo con + y el código del país.',
    'problem.phone_lost_digits':
      'La hoja de cálculo acortó este número y perdió sus últimas cifras. Dé formato de texto a la columna y escríbalo otra vez.',
    'problem.phone_two_numbers': 'La celda parece tener dos números. Deje uno.',
    'problem.amount_invalid': 'Esto no es un importe. Escriba solo cifras, por ejemplo 1500000.',
    'problem.amount_negative':
      'El importe es negativo. Escriba lo que hay que pagar en positivo, o déjelo vacío.',
    'problem.amount_ambiguous':
      'El punto o la coma puede significar miles o decimales. Elija el idioma de la hoja, o escriba solo cifras.',
    'problem.amount_not_in_locale':
      'Los puntos y comas no corresponden al idioma de la hoja. Elija otro, o escriba solo cifras.',
    'problem.amount_too_large': 'El importe tiene más de 14 cifras antes de los decimales. Revíselo.',
    'problem.amount_too_precise': 'El importe tiene más de 4 decimales. Redondéelo a lo que hay que pagar.',
    'problem.date_invalid': 'Esta fecha no puede leerse con exactitud. Escríbala como 2026-12-31.',
    'problem.date_ambiguous':
      'El día y el mes pueden confundirse. Elija el idioma de la hoja, o escriba 2026-12-31.',
    'problem.date_impossible': 'Ese día no existe. Corríjalo, o escríbalo como 2026-12-31.',
    'problem.date_out_of_range':
      'El número de esta celda queda fuera de los días que conoce una hoja de cálculo. Escriba 2026-12-31.',
    'problem.cell_error': 'La celda muestra un error. Corrija la fórmula, o escriba el valor.',
    'problem.formula_not_calculated':
      'La celda tiene una fórmula sin resultado. Abra el archivo en Excel, guárdelo y súbalo otra vez.',
    'problem.number_lost_digits':
      'Una hoja de cálculo guarda 15 cifras y este número tiene más. Dé formato de texto a la columna y escríbalo otra vez.',
    'category.utility': 'utilidad',
    'category.marketing': 'marketing',
    'category.authentication': 'autenticación',
    'reason.opted_out': 'la persona se dio de baja o está bloqueada',
    'reason.erased': 'el contacto se borró',
    'reason.missing_variable': 'falta un valor que la plantilla necesita',
    'reason.too_long': 'el mensaje sería demasiado largo',
    'reason.worker_lost': 'el programa se detuvo mientras se enviaba',
    'reason.put_back': 'el envío se detuvo antes de que saliera',
    'reason.no_receipt': 'no llegó ningún acuse dentro de su plazo',
    'reason.paid': 'la factura se pagó antes',
    'reason.amount_changed': 'lo adeudado cambió antes de que saliera, y el recordatorio se hizo de nuevo',
    'reason.promised': 'se prometió el pago para otro día',
    'reason.disputed': 'la factura está en disputa',
    'reason.invoice_cancelled': 'la factura se canceló',
    'reason.none': 'no se indicó ningún motivo',
    'free.zero_price': 'la tarifa dice cero',
    'free.window_open': 'dentro de una ventana de 24 horas ya pagada',
    'free.customer_window': 'dentro de la ventana de 24 horas del propio cliente',
    'free.free_entry_point': 'dentro de un punto de entrada gratuito',
    'free.reported_free': 'la plataforma dice que fue gratis',
    'free.none': 'sin cargo',
    'explain.waits': 'espera su envío',
    'explain.due': 'se enviará a partir del {due}',
    'explain.retry': 'espera otro intento: {why}',
    'explain.sending': 'se está enviando',
    'explain.sent':
      'enviado el {time}, todavía sin entregar; {price} sigue retenido hasta que se entregue o acabe su plazo',
    'explain.charged_delivered': 'cobrado {charged}: entregado el {when}, {category}, {market}',
    'explain.charged_read': 'cobrado {charged}: leído el {when}, {category}, {market}',
    'explain.late_delivered':
      'cobrado {charged}: entregado el {when}, {category}, {market}, cobrado más tarde porque su dinero ya había vuelto',
    'explain.late_read':
      'cobrado {charged}: leído el {when}, {category}, {market}, cobrado más tarde porque su dinero ya había vuelto',
    'explain.free_delivered': 'gratis: entregado el {when}, {category}, {market}, {free}',
    'explain.free_read': 'gratis: leído el {when}, {category}, {market}, {free}',
    'explain.failed': 'fallido, no se cobra: {why}',
    'explain.no_receipt': 'enviado el {time}, sin acuse de entrega dentro de su plazo; no se cobra',
    'explain.expired': 'no enviado: pasó su hora; no se cobra',
    'explain.uncertain':
      'no se sabe si esto se envió ({why}); nunca se vuelve a enviar por sí solo, y solo se cobra si se informa su entrega',
    'explain.cancelled': 'no enviado: la campaña se canceló; no se cobra',
    'explain.skipped': 'no enviado: {why}; no se cobra',
    'check.balances_follow_from_transfers':
      'el debe y el haber de cada cuenta son las sumas de sus movimientos',
    'check.debits_equal_credits':
      'en el conjunto de las cuentas el debe iguala al haber, y ninguna de saldo, retención o gasto está bajo cero',
    'check.transfers_go_their_ways':
      'cada movimiento va entre las cuentas que le corresponden, en la moneda del espacio',
    'check.holds_serve_their_campaigns': 'cada retención pertenece a una campaña que la nombra',
    'check.reservations_equal_prices':
      'lo reservado para una campaña es la suma de los precios de sus mensajes',
    'check.holds_equal_undecided_messages':
      'lo retenido es la suma de los precios de los mensajes sin decidir',
    'check.captures_equal_charges': 'cada cobro es la suma y el número de los cargos que paga',
    'check.charges_have_receipts': 'cada cargo tiene un acuse de que su mensaje se entregó o se leyó',
    'check.refunds_are_noted': 'lo reembolsado consta en los cargos de que procede',
    'check.debts_are_paid_by_top_ups':
      'lo adeudado se paga de la recarga con la misma referencia, y no más que ella',
    'check.deliveries_are_charged':
      'cada mensaje entregado o leído tiene exactamente un cargo, y ningún otro lo tiene',
    'check.releases_follow_from_messages': 'lo devuelto es lo no entregado, lo gratuito y lo cobrado después',
    'check.settled_is_settled':
      'una campaña liquidada no tiene mensajes sin decidir, y su retención está vacía',
    'check.counts_equal_messages': 'los recuentos que se muestran son los de los mensajes',
    'check.no_message_sent_twice': 'a lo sumo un intento de cada mensaje llegó al proveedor',
    'check.quotes_add_up':
      'el total de cada presupuesto es la suma de sus líneas, y la campaña reservó lo que dice',
    'check.windows_come_from_charges':
      'cada ventana de conversación la abrió un mensaje entregado, y dura un día',
  },
}
