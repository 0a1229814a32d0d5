import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { templateRequestBody } from '../../src/delivery/providers/whatsapp-cloud/template-request.ts'
import { unwrap } from '../../src/platform/result.ts'
import { checkTemplate, parametersFor, type TemplateInput } from '../../src/templates/index.ts'

/** What is said to the platform of a template, as our own submission would say it. */
function bodyOf(
  input: TemplateInput,
  parameterFormat: 'named' | 'positional' = 'named',
  ttlSeconds: number | null = null,
) {
  const { template, platformName, samples, category, language } = unwrap(checkTemplate(input))
  return templateRequestBody({
    name: platformName,
    languageCode: language,
    category,
    form: template.form,
    samples: unwrap(parametersFor(template.form, samples)),
    parameterFormat,
    ttlSeconds,
  })
}

const REMINDER: TemplateInput = {
  name: 'Payment due',
  language: 'id',
  category: 'utility',
  header: 'Invoice {{invoice}}',
  body: 'Halo {{name}}, tagihan {{invoice}} jatuh tempo {{due_date}}.',
  footer: 'Klinik Sehat',
  buttons: [
    { type: 'url', text: 'Bayar', url: 'https://pay.example.com/i/{{invoice}}' },
    { type: 'phone', text: 'Telepon', phone: '+62 21 1234 5678' },
    { type: 'copy_code', code: '{{voucher}}' },
    { type: 'quick_reply', text: 'Stop' },
  ],
  samples: { name: 'Siti', invoice: 'INV/17', due_date: '2026-12-01', voucher: 'LUNAS' },
}

describe('the request that submits a template', () => {
  it('names parameters, gives each its example, and sets the time to live', () => {
    expect(bodyOf(REMINDER, 'named', 43_200)).toEqual({
      name: 'payment_due',
      language: 'id',
      category: 'UTILITY',
      parameter_format: 'NAMED',
      message_send_ttl_seconds: 43_200,
      components: [
        {
          type: 'HEADER',
          format: 'TEXT',
          text: 'Invoice {{invoice}}',
          example: { header_text_named_params: [{ param_name: 'invoice', example: 'INV/17' }] },
        },
        {
          type: 'BODY',
          text: 'Halo {{name}}, tagihan {{invoice}} jatuh tempo {{due_date}}.',
          example: {
            body_text_named_params: [
              { param_name: 'name', example: 'Siti' },
              { param_name: 'invoice', example: 'INV/17' },
              { param_name: 'due_date', example: '2026-12-01' },
            ],
          },
        },
        { type: 'FOOTER', text: 'Klinik Sehat' },
        {
          type: 'BUTTONS',
          buttons: [
            { type: 'URL', text: 'Bayar', url: 'https://pay.example.com/i/{{1}}', example: ['INV%2F17'] },
            { type: 'PHONE_NUMBER', text: 'Telepon', phone_number: '+622112345678' },
            { type: 'COPY_CODE', example: 'LUNAS' },
            { type: 'QUICK_REPLY', text: 'Stop' },
          ],
        },
      ],
    })
  })

  it('counts positional parameters in the order in which they appear, each part from one', () => {
    const { components } = bodyOf(REMINDER, 'positional') as { components: Record<string, unknown>[] }
    expect(components[0]).toMatchObject({ text: 'Invoice {{1}}', example: { header_text: ['INV/17'] } })
    expect(components[1]).toMatchObject({
      text: 'Halo {{1}}, tagihan {{2}} jatuh tempo {{3}}.',
      example: { body_text: [['Siti', 'INV/17', '2026-12-01']] },
    })
  })

  it('says nothing of what is not there', () => {
    const plain: TemplateInput = {
      name: 'Plain',
      language: 'en',
      category: 'marketing',
      body: 'Good day to you.',
    }
    expect(bodyOf(plain)).toEqual({
      name: 'plain',
      language: 'en',
      category: 'MARKETING',
      parameter_format: 'NAMED',
      components: [{ type: 'BODY', text: 'Good day to you.' }],
    })
  })
})

const DOCUMENT = fileURLToPath(
  new URL('../../../shared/data/whatsapp/business-messaging-api_v23.0.yaml', import.meta.url),
)
const isPresent = existsSync(DOCUMENT)
if (!isPresent) console.warn(`SKIPPED: the platform's own examples, because there is no ${DOCUMENT}`)

/** The value under a named example of the document, as its lines have it: text enough to look for parts of it. */
function exampleText(title: string): string {
  const lines = readFileSync(DOCUMENT, 'utf8').split('\n')
  const at = lines.findIndex((line) => line.trim() === `${title}:`)
  expect(at, title).toBeGreaterThan(0)
  const indent = lines[at]!.search(/\S/)
  const end = lines.findIndex(
    (line, index) => index > at && line.trim() !== '' && line.search(/\S/) <= indent,
  )
  return lines.slice(at + 1, end).join('\n')
}

describe.skipIf(!isPresent)('beside the platform’s own examples', () => {
  it('the seasonal promotion is said as in the document', () => {
    const document = exampleText(
      'Create template w/ text header, text body, text footer, and 2 quick reply buttons',
    )
    const ours = bodyOf(
      {
        name: 'seasonal promotion text only',
        language: 'en',
        category: 'marketing',
        header: 'Our {{season}} is on!',
        body: 'Shop now through {{end}} and use code {{code}} to get {{share}} off of all merchandise.',
        footer: 'Use the buttons below to manage your marketing subscriptions',
        buttons: [
          { type: 'quick_reply', text: 'Unsubcribe from Promos' },
          { type: 'quick_reply', text: 'Unsubscribe from All' },
        ],
        samples: { season: 'Summer Sale', end: 'the end of August', code: '25OFF', share: '25%' },
      },
      'positional',
    )
    const texts = textsIn(ours).filter((text) => text !== 'POSITIONAL')
    for (const text of texts) expect(document, text).toContain(text)
    expect(texts).toHaveLength(19)
  })

  it('the order confirmation’s phone and link buttons bear the document’s members', () => {
    const document = exampleText(
      'Create template w/ image header, text body, text footer, and 2 call-to-action buttons',
    )
    const { components } = bodyOf({
      name: 'offer',
      language: 'en_US',
      category: 'marketing',
      body: 'Hi there, tap the button for more.',
      buttons: [
        { type: 'phone', text: 'Call', phone: '16467043595' },
        { type: 'url', text: 'Shop Now', url: 'https://damp-sea-63235.herokuapp.com/shop?promo={{promo}}' },
      ],
      samples: { promo: 'summer2023' },
    }) as { components: { buttons?: Record<string, unknown>[] }[] }
    const buttons = components.at(-1)!.buttons!
    for (const button of buttons)
      for (const [member, value] of Object.entries(button)) {
        expect(document).toContain(`${member}:`)
        for (const text of textsIn(value)) expect(document).toContain(text)
      }
    expect(buttons).toHaveLength(2)
  })
})

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : []
}
