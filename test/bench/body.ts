/** The words of `WORDS` in stage.ts, as the adapter would send them. */
export function bodyOf(n: number): string {
  const text = (parameter_name: string, value: string) => ({ type: 'text', parameter_name, text: value })
  return JSON.stringify({
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: `+62812${String(n).padStart(9, '0')}`,
    biz_opaque_callback_data: `dc.${n + 1}.1`,
    type: 'template',
    template: {
      name: 'payment_due',
      language: { code: 'en' },
      components: [
        {
          type: 'body',
          parameters: [
            text('name', `Siti Rahmawati ${n}`),
            text('invoice', `INV-2026-${n}`),
            text('amount', 'Rp 150.000'),
            text('due_date', '1 December 2026'),
          ],
        },
      ],
    },
  })
}
