// Live regions: the server sends what the region shows now, and where the state changed the page is fetched anew.
const region = document.getElementById('live')
if (region?.dataset.events) {
  const source = new EventSource(region.dataset.events)
  const says = document.getElementById('live-says')
  source.addEventListener('message', ({ data }) => {
    const live = JSON.parse(data)
    if (live.state !== region.dataset.state) {
      source.close()
      location.replace(location.pathname)
      return
    }
    if (!region.contains(document.activeElement)) region.innerHTML = live.html
    if (live.ended) {
      source.close()
      says.textContent = region.querySelector('.now')?.textContent.trim() ?? ''
    }
  })
  addEventListener('pagehide', () => source.close())
}

// A form is sent once; the server would not do it twice, and nobody need wonder.
for (const form of document.forms) {
  if (form.method !== 'post') continue
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) event.preventDefault()
    form.dataset.sent = '1'
    event.submitter?.setAttribute('aria-busy', 'true')
  })
}
addEventListener('pageshow', ({ persisted }) => {
  if (!persisted) return
  for (const form of document.forms) delete form.dataset.sent
})

// What was refused is where the reader begins.
document.querySelector('[role="alert"][tabindex]')?.focus()
