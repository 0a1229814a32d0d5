// The plot of a campaign: four curves with their names on them, drawn again as it goes on.
const place = document.getElementById('plot')
const AGAIN_MS = 5_000
const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]
const STAGES = ['sent', 'delivered', 'read', 'failed']
const DASHES = { sent: [], delivered: [], read: [6, 4], failed: [2, 3] }
const ended = ['settled', 'rejected', 'cancelled', 'expired']

if (place) {
  // A canvas knows no variables, nor what is light and what dark: the style of an element does.
  const probe = document.createElement('span')
  place.append(probe)
  const colour = (name) => {
    probe.className = `plot-${name}`
    return getComputedStyle(probe).color
  }
  const number = new Intl.NumberFormat(document.documentElement.lang)
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: place.dataset.zone,
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  let drawn

  // Each curve's name stands at its end, and no two on one another.
  const nameCurves = (plot) => {
    const { ctx } = plot
    const ratio = devicePixelRatio || 1
    ctx.save()
    ctx.font = `${12 * ratio}px ${getComputedStyle(place).fontFamily}`
    ctx.textAlign = 'left'
    ctx.textBaseline = 'middle'
    const ends = STAGES.map((stage, at) => ({ stage, value: plot.data[at + 1].at(-1) ?? 0 }))
      .filter(({ value }) => value > 0)
      .map((end) => ({ ...end, y: plot.valToPos(end.value, 'y', true) }))
      .sort((a, b) => a.y - b.y)
    let last = Number.NEGATIVE_INFINITY
    for (const { stage, value, y } of ends) {
      last = Math.max(y, last + 15 * ratio)
      ctx.fillStyle = colour(stage)
      ctx.fillText(`${place.dataset[stage]} ${number.format(value)}`, plot.bbox.left + plot.bbox.width + 6 * ratio, last)
    }
    ctx.restore()
  }

  const axis = () => ({ stroke: colour('axis'), grid: { stroke: colour('grid'), width: 1 }, ticks: { show: false } })
  const options = () => ({
    width: place.clientWidth,
    height: 240,
    padding: [16, 128, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, Math.max(1, high)] } },
    axes: [
      { ...axis(), values: (_plot, marks) => marks.map((mark) => clock.format(mark * 1000)), space: 96, incrs: SECONDS },
      { ...axis(), values: (_plot, marks) => marks.map((mark) => (Number.isInteger(mark) ? number.format(mark) : '')), size: 64 },
    ],
    series: [{}, ...STAGES.map((stage) => ({ stroke: colour(stage), width: 2, dash: DASHES[stage], points: { show: false } }))],
    hooks: { draw: [nameCurves] },
  })

  const look = async () => {
    const response = await fetch(place.dataset.src)
    if (!response.ok) return
    const { at, ...curves } = await response.json()
    if (at.length === 0) return
    drawn?.destroy()
    drawn = new uPlot(options(), [at, ...STAGES.map((stage) => curves[stage])], place)
  }
  const lookAgain = async () => {
    await look().catch(() => {})
    if (!ended.includes(document.getElementById('live')?.dataset.state)) setTimeout(lookAgain, AGAIN_MS)
  }
  lookAgain()
  addEventListener('resize', () => drawn?.setSize({ width: place.clientWidth, height: 240 }))
}
