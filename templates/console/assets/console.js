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

// How much of a file is on its way; where the line breaks, the form is as it was.
for (const form of document.querySelectorAll('form[data-upload]')) {
  form.addEventListener('submit', (event) => {
    if (event.defaultPrevented || form.dataset.sent) return
    event.preventDefault()
    form.dataset.sent = '1'
    const says = form.querySelector('.uploading')
    const request = new XMLHttpRequest()
    const button = form.querySelector('button.main')
    button.setAttribute('aria-busy', 'true')
    says.hidden = false
    const again = () => {
      delete form.dataset.sent
      button.removeAttribute('aria-busy')
      says.hidden = true
    }
    request.upload.addEventListener('progress', ({ loaded, total }) => {
      says.textContent = `${form.dataset.upload} ${Math.floor((loaded * 100) / total)} %`
    })
    request.addEventListener('load', () => {
      if (request.responseURL && new URL(request.responseURL).pathname !== new URL(form.action).pathname)
        return location.assign(request.responseURL)
      again()
      const answer = new DOMParser().parseFromString(request.responseText, 'text/html')
      document.querySelector('main').replaceChildren(...answer.querySelector('main').childNodes)
      document.querySelector('[role="alert"][tabindex]')?.focus()
    })
    request.addEventListener('error', () => {
      again()
      HTMLFormElement.prototype.submit.call(form)
    })
    request.open('POST', form.action)
    request.send(new FormData(form))
  })
}

// A form is sent once; the server would not do it twice, and nobody need wonder.
for (const form of document.forms) {
  if (form.method !== 'post' || form.dataset.upload !== undefined) continue
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

// What the outside world is asked may take long: it says so, and for how long it has been.
for (const form of document.querySelectorAll('form[data-waits]')) {
  form.addEventListener('submit', () => {
    const place = form.querySelector('.waits')
    const [says, figure] = place.children
    const since = Date.now()
    place.hidden = false
    says.textContent = form.dataset.waits
    const count = () => (figure.textContent = `${Math.floor((Date.now() - since) / 1000)} s`)
    count()
    setInterval(count, 1_000)
  })
}

// A preview follows what is typed, a quarter of a second behind; where the line is gone, the page stays as it is.
const PREVIEW_AFTER_MS = 250
for (const form of document.querySelectorAll('form[data-preview]')) {
  const place = document.getElementById(form.dataset.into)
  let timer
  let turn = 0
  const look = async () => {
    const mine = ++turn
    const response = await fetch(form.dataset.preview, { method: 'POST', body: new URLSearchParams(new FormData(form)) })
    const html = await response.text()
    if (response.ok && mine === turn) place.innerHTML = html
  }
  const later = () => {
    clearTimeout(timer)
    timer = setTimeout(() => look().catch(() => {}), PREVIEW_AFTER_MS)
  }
  form.addEventListener('input', later)
  form.addEventListener('click', ({ target }) => {
    const { insert } = target.dataset
    if (insert === undefined) return
    const field = form.elements.body
    field.setRangeText(insert, field.selectionStart, field.selectionEnd, 'end')
    field.focus()
    later()
  })
  later()
}

// What was refused is where the reader begins.
document.querySelector('[role="alert"][tabindex]')?.focus()
