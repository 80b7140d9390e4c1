import { useEffect } from 'preact/hooks'
import { call, Problem, signedIn } from './api'
import { link, node, start, stop } from './live'
import { AddPage } from './pages/add/AddPage'
import { FirstRun } from './pages/FirstRun'
import { Login } from './pages/Login'
import { LogPage } from './pages/log/LogPage'
import { NetworkPage } from './pages/network/NetworkPage'
import { PlayPage } from './pages/play/PlayPage'
import { SettingsPage } from './pages/settings/SettingsPage'
import { SharePage } from './pages/share/SharePage'
import { TransferPage } from './pages/transfer/TransferPage'
import { TransfersPage } from './pages/transfers/TransfersPage'
import { Loading, PageHead } from './parts/Small'
import { Toasts } from './parts/Toasts'
import { route, takeToken } from './route'
import { Shell } from './Shell'

const RETRY = 2000

/** Signs in with the token of the link, or finds out whether the cookie still counts. Asks again until the node answers. */
async function enter(): Promise<void> {
  const token = takeToken()
  try {
    if (token) await call('POST', 'session', { token })
    await call('GET', 'session')
    signedIn.value = true
  } catch (error) {
    if (error instanceof Problem && error.status === 0) {
      link.value = { lostAt: Date.now() }
      setTimeout(() => void enter(), RETRY)
    } else signedIn.value = false
  }
}

void enter()
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#token=')) void enter()
})

export function App() {
  const isIn = signedIn.value
  useEffect(() => {
    if (!isIn) return
    start()
    return stop
  }, [isIn])

  if (isIn === false) return <Login />
  if (isIn === null)
    return (
      <main class="waiting">
        <Loading what={link.value === 'opening' ? 'Opening' : 'The node does not answer; trying again'} />
      </main>
    )
  if (node.value?.firstRun)
    return (
      <>
        <FirstRun />
        <Toasts />
      </>
    )
  return (
    <Shell>
      <Page />
    </Shell>
  )
}

function Page() {
  const [page, id, more] = route.value
  switch (page) {
    case undefined:
      return <TransfersPage />
    case 't':
      return <TransferPage id={id ?? ''} tab={more ?? 'files'} key={id} />
    case 'add':
      return <AddPage id={id ?? ''} key={id} />
    case 'play':
      return <PlayPage id={id ?? ''} index={Number(more)} key={`${id}/${more}`} />
    case 'share':
      return <SharePage />
    case 'network':
      return <NetworkPage />
    case 'log':
      return <LogPage />
    case 'settings':
      return <SettingsPage />
    default:
      return (
        <>
          <PageHead title="There is no such page" />
          <p class="quiet">The menu leads to all that there are.</p>
        </>
      )
  }
}
