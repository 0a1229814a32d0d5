import { describe, expect, it } from 'vitest'
import {
  type ApprovalFacts,
  type ApprovalPolicy,
  type Asked,
  approvalReasons,
  approvalsOf,
  type Decision,
  hadAHand,
  hasLapsed,
  lapsesAt,
  weigh,
} from '../../src/campaigns/approval.ts'

const policy = (limits: Partial<ApprovalPolicy>): ApprovalPolicy => ({
  version: 1,
  maxAmountMinor: null,
  maxShareOfAvailable: null,
  maxRecipients: null,
  categories: [],
  firstOfMaker: false,
  quorum: 1,
  expiresAfterHours: null,
  ...limits,
})
const facts: ApprovalFacts = {
  amountMinor: 500n,
  availableMinor: 1_000n,
  recipients: 10,
  categories: ['utility'],
  isMakersFirst: false,
}
type Row = [string, Partial<ApprovalPolicy>, Partial<ApprovalFacts>, string[]]

describe('a second person is needed', () => {
  it.each<Row>([
    ['where nothing is limited', {}, { isMakersFirst: true }, []],
    ['at an amount at the limit', { maxAmountMinor: 500n }, {}, []],
    ['above it by the last digit', { maxAmountMinor: 499n }, {}, ['amount']],
    ['under a limit of zero', { maxAmountMinor: 0n }, {}, ['amount']],
    ['for an amount of zero under a limit of zero', { maxAmountMinor: 0n }, { amountMinor: 0n }, []],
    ['for half of what is available, at the limit', { maxShareOfAvailable: 5_000n }, {}, []],
    [
      'for a little more than half',
      { maxShareOfAvailable: 5_000n },
      { amountMinor: 501n },
      ['share_of_available'],
    ],
    [
      'for a share that no fraction of cents hides',
      { maxShareOfAvailable: 4_999n },
      {},
      ['share_of_available'],
    ],
    ['for any share where none may go', { maxShareOfAvailable: 0n }, {}, ['share_of_available']],
    ['for all there is, where all may go', { maxShareOfAvailable: 10_000n }, { amountMinor: 1_000n }, []],
    [
      'for anything of an empty wallet',
      { maxShareOfAvailable: 10_000n },
      { amountMinor: 1n, availableMinor: 0n },
      ['share_of_available'],
    ],
    ['for as many recipients as may be', { maxRecipients: 10 }, {}, []],
    ['for one more', { maxRecipients: 9 }, {}, ['recipients']],
    ['for any at all', { maxRecipients: 0 }, {}, ['recipients']],
    ['for another category than the one named', { categories: ['marketing'] }, {}, []],
    ['for the category named', { categories: ['marketing', 'utility'] }, {}, ['category']],
    [
      'for a fall-over in the category named',
      { categories: ['marketing'] },
      { categories: ['utility', 'marketing'] },
      ['category'],
    ],
    [
      'for a category that no policy can name',
      { categories: ['marketing'] },
      { categories: ['service'] },
      [],
    ],
    ['for a maker’s later campaign', { firstOfMaker: true }, {}, []],
    ['for a maker’s first', { firstOfMaker: true }, { isMakersFirst: true }, ['first_of_maker']],
    [
      'for everything at once',
      {
        maxAmountMinor: 1n,
        maxShareOfAvailable: 1n,
        maxRecipients: 1,
        categories: ['utility'],
        firstOfMaker: true,
      },
      { isMakersFirst: true },
      ['amount', 'share_of_available', 'recipients', 'category', 'first_of_maker'],
    ],
  ])('%s', (_, limits, changed, reasons) => {
    expect(approvalReasons(policy(limits), { ...facts, ...changed })).toEqual(reasons)
  })

  it('who is neither its maker, nor edited it, nor submitted it', () => {
    const campaign = { editors: ['key:budi', 'key:dewi'], submittedBy: 'key:ratna' }
    expect(['key:budi', 'key:dewi', 'key:ratna', 'key:sari'].map((who) => hadAHand(campaign, who))).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(hadAHand({ editors: [], submittedBy: null }, 'key:sari')).toBe(false)
  })
})

const NOON = new Date('2026-11-23T12:00:00Z')
const by = (approver: string, decision: Decision = 'approve') => ({ approver, decision })
const asked = (quorum: number, decisions: Asked['decisions'] = [], expiresAt: Date | null = null): Asked => ({
  quorum,
  expiresAt,
  decisions,
})

describe('a request for approval', () => {
  it.each<[string, Asked, Decision, string]>([
    ['is granted by the one who is needed', asked(1), 'approve', 'granted'],
    ['waits for the second of two', asked(2), 'approve', 'waits'],
    ['is granted by the second of two', asked(2, [by('dewi')]), 'approve', 'granted'],
    ['waits for the third of three', asked(3, [by('dewi')]), 'approve', 'waits'],
    [
      'is granted by the fifth of five',
      asked(
        5,
        ['a', 'b', 'c', 'd'].map((who) => by(who)),
      ),
      'approve',
      'granted',
    ],
    [
      'waits for the fifth of five',
      asked(
        5,
        ['a', 'b', 'c'].map((who) => by(who)),
      ),
      'approve',
      'waits',
    ],
    ['is granted where more have approved than are needed', asked(1, [by('dewi')]), 'approve', 'granted'],
    ['is not approved twice by one', asked(2, [by('sari')]), 'approve', 'already_decided'],
    ['is not rejected by who approved it', asked(2, [by('sari')]), 'reject', 'already_decided'],
    ['is ended by one rejection', asked(5), 'reject', 'rejected'],
    ['is ended by one rejection after approvals', asked(3, [by('dewi'), by('ratna')]), 'reject', 'rejected'],
    ['lapses at its time, to the millisecond', asked(1, [], NOON), 'approve', 'lapsed'],
    ['stands a millisecond before', asked(1, [], new Date(NOON.getTime() + 1)), 'approve', 'granted'],
    ['may be rejected too late', asked(1, [], NOON), 'reject', 'rejected'],
    ['does not count a rejection as an approval', asked(2, [by('dewi', 'reject')]), 'approve', 'waits'],
  ])('%s', (_, request, decision, outcome) => {
    expect(weigh(request, { approver: 'sari', decision }, NOON)).toBe(outcome)
  })

  it('lapses so many hours after it is made, or never by itself', () => {
    expect(lapsesAt(policy({ expiresAfterHours: 1 }), NOON)).toEqual(new Date('2026-11-23T13:00:00Z'))
    expect(lapsesAt(policy({ expiresAfterHours: 720 }), NOON)).toEqual(new Date('2026-12-23T12:00:00Z'))
    expect(lapsesAt(policy({}), NOON)).toBeNull()
    expect(hasLapsed({ expiresAt: null }, NOON)).toBe(false)
    expect(approvalsOf(asked(3, [by('dewi'), by('ratna', 'reject')]))).toBe(1)
  })
})
