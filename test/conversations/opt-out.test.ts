import { describe, expect, it } from 'vitest'
import { readWish } from '../../src/conversations/index.ts'

describe('what a customer writes', () => {
  it.each([
    ['STOP', 'stop', 'all'],
    ['Stop.', 'stop', 'all'],
    ['stop please', 'stop', 'all'],
    ['Please STOP!!!', 'stop', 'all'],
    ['🛑 stop 🛑', 'stop', 'all'],
    ['Unsubscribe', 'stop', 'all'],
    ['Don’t message me', 'stop', 'all'],
    ['BERHENTI', 'stop', 'all'],
    ['tolong berhenti ya kak', 'stop', 'all'],
    ['¡ALTO!', 'stop', 'all'],
    ['baja', 'stop', 'all'],
    ['SAIR', 'stop', 'all'],
    ['Cancelar inscrição', 'stop', 'all'],
    ['désabonner', 'stop', 'all'],
    ['बंद करो', 'stop', 'all'],
    ['ｓｔｏｐ', 'stop', 'all'],
    ['Unsubscribe from Promos', 'stop', 'marketing'],
    ['stop promo', 'stop', 'marketing'],
    ['Stop Delivery Updates', 'stop', 'all'],
    ['START', 'go', 'all'],
    ['mulai', 'go', 'all'],
  ] as const)('%s: %s %s', (text, wish, scope) => {
    expect(readWish(text)).toEqual({ wish, scope })
  })

  it.each([
    'please do not stop, I love it',
    'When will it stop raining?',
    'I already paid, stop sending this to my old address and use the new one please',
    'bus stop',
    'ok',
    '',
    'terima kasih',
    'x'.repeat(5_000),
  ])('%s says no wish', (text) => {
    expect(readWish(text)).toBeUndefined()
  })

  it('may stand in a button’s payload, with our own words behind it', () => {
    expect(readWish('Turn off', 'STOP:reminders')).toEqual({ wish: 'stop', scope: 'all' })
    expect(readWish('Pay now', 'PAY:17')).toBeUndefined()
  })
})
