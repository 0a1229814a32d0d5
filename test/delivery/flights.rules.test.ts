import { describe, expect, it } from 'vitest'
import { Flights } from '../../src/delivery/flights.ts'

/** Whoever has got what they asked for, in the order in which they got it. */
function boarding(flights: Flights) {
  const boarded: string[] = []
  const ask = (name: string, seats: number) => void flights.reserve(seats).then(() => boarded.push(name))
  return { boarded, ask }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('a line to a provider', () => {
  it('carries so many and no more, until some have landed', async () => {
    const flights = new Flights(10)
    const { boarded, ask } = boarding(flights)
    ask('first', 6)
    ask('second', 6)
    await settled()
    expect(boarded).toEqual(['first'])
    flights.land(1)
    await settled()
    expect(boarded).toEqual(['first'])
    flights.land(1)
    await settled()
    expect(boarded).toEqual(['first', 'second'])
  })

  it('lets nobody pass who came later, however few they are', async () => {
    const flights = new Flights(10)
    const { boarded, ask } = boarding(flights)
    ask('first', 8)
    ask('many', 10)
    ask('one', 1)
    await settled()
    expect(boarded).toEqual(['first'])
    flights.land(8)
    await settled()
    expect(boarded).toEqual(['first', 'many'])
    flights.land(10)
    await settled()
    expect(boarded).toEqual(['first', 'many', 'one'])
  })

  it('takes all who fit into what has landed at once', async () => {
    const flights = new Flights(4)
    const { boarded, ask } = boarding(flights)
    ask('first', 4)
    ask('second', 2)
    ask('third', 2)
    ask('fourth', 1)
    flights.land(4)
    await settled()
    expect(boarded).toEqual(['first', 'second', 'third'])
  })
})
