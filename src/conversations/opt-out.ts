/** A wish about being written to, as far as words tell one. */
export type SpokenWish = { readonly wish: 'stop' | 'go'; readonly scope: 'all' | 'marketing' }

/**
 * Understands an opt-out or an opt-in in what a customer wrote or pressed. The platform does not act on such words
 * itself: they arrive as ordinary messages. Only a message that says nothing else counts, so that “please don't stop”
 * stops nobody; greetings and politeness around the word do not hinder it.
 * @returns undefined where no wish is recognised
 */
export function readWish(text: string | undefined, payload?: string | undefined): SpokenWish | undefined {
  for (const said of [payload, payload?.split(':')[0], text]) {
    if (said === undefined || said.length > WISH_MAX_CHARS) continue
    const words = plainWords(said)
    const wish = understand(words) ?? understand(words.filter((word) => !POLITE.has(word)))
    if (wish) return wish
  }
  return undefined
}

const WISH_MAX_CHARS = 80

/** Small letters without marks, emoji and punctuation: `¡ALTO!` and `alto` are one word. */
function plainWords(text: string): string[] {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
    .split(' ')
    .filter((word) => word !== '')
}

function understand(words: readonly string[]): SpokenWish | undefined {
  const phrase = words.join(' ')
  if (STOP_MARKETING.has(phrase)) return { wish: 'stop', scope: 'marketing' }
  if (STOP_ALL.has(phrase)) return { wish: 'stop', scope: 'all' }
  if (GO.has(phrase)) return { wish: 'go', scope: 'all' }
  return undefined
}

const phrases = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split(/[,\n]/)
      .map((phrase) => plainWords(phrase).join(' '))
      .filter((phrase) => phrase !== ''),
  )

const POLITE: ReadonlySet<string> = new Set(
  'please pls plz thanks thank you tolong mohon terima kasih ya kak pak bu min por favor gracias obrigado obrigada merci bitte danke'.split(
    ' ',
  ),
)

/** By language: English, Indonesian and Malay, Spanish, Portuguese, French, German, Italian, Dutch, Turkish, Hindi, Arabic. */
const STOP_ALL = phrases(`
  stop, stopp, stop all, stopall, unsubscribe, unsub, cancel, end, quit, opt out, optout, opt-out, remove me,
  stop messages, stop messaging, stop messaging me, stop delivery updates, stop sending, stop sending messages,
  do not contact, do not contact me, do not message me, don't message me, leave me alone,
  berhenti, berhenti berlangganan, stop pesan, stop kirim pesan, jangan kirim pesan, jangan kirim lagi, hapus saya,
  henti, batal langganan, tidak mau,
  alto, baja, dar de baja, darme de baja, cancelar, parar, detener, para, no molestar, no más mensajes,
  sair, descadastrar, cancelar inscrição, pare, remover,
  arret, arrêter, stop sms, désabonner, désinscrire, se désabonner,
  abmelden, abbestellen, aufhören, stoppen, keine nachrichten,
  ferma, fermare, disiscrivi, annulla, cancellami, basta,
  afmelden, uitschrijven, dur, durdur, iptal, band karo, बंद करो, बंद, रोकें, توقف, إيقاف, الغاء الاشتراك`)

const STOP_MARKETING = phrases(`
  stop promo, stop promos, stop promotions, stop marketing, stop offers, stop ads, unsubscribe from promos,
  unsubscribe from promotions, no more offers, no marketing, not interested,
  stop promosi, berhenti promo, berhenti promosi, stop iklan, tidak tertarik,
  no promociones, alto promociones, no me interesa, sair das promoções, parar promoções, não tenho interesse`)

const GO = phrases(`
  start, unstop, subscribe, resubscribe, opt in, optin, opt-in, resume,
  mulai, langganan, lanjut, daftar lagi, alta, suscribir, suscribirme, reanudar, iniciar, voltar, inscrever, abonner,
  anmelden, riprendi, iscrivimi, başla`)
