import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { call, signedIn } from './api'
import { clock, rate } from './format'
import { link, node } from './live'
import { Dialog } from './parts/Dialog'
import { Icon, type IconName } from './parts/Icon'
import { Toasts } from './parts/Toasts'
import { go, href, route } from './route'
import { applyTheme, remember, storedTheme, type Theme } from './storage'
import type { Verdict } from './types'

const PAGES: { path: string; name: string; icon: IconName; also: string[] }[] = [
  { path: '', name: 'Transfers', icon: 'transfers', also: ['t', 'add', 'play'] },
  { path: 'share', name: 'Share', icon: 'share', also: [] },
  { path: 'network', name: 'Network', icon: 'network', also: [] },
  { path: 'settings', name: 'Settings', icon: 'settings', also: ['log'] },
]

export const REACH: Record<Verdict, string> = { yes: 'Reachable', no: 'Not reachable', unknown: 'Reachability unknown' }

export function Shell({ children }: { children: ComponentChildren }) {
  const [help, setHelp] = useState(false)
  useShortcuts(() => setHelp(true))
  return (
    <div class="shell">
      <a
        class="skip"
        href="#main"
        onClick={event => {
          event.preventDefault()
          document.getElementById('main')?.focus()
        }}
      >
        Skip to the content
      </a>
      <nav class="side" aria-label="Pages">
        <a class="brand" href={href()}>
          <img src="/assets/icon.svg" alt="" width="28" height="28" />
          <span>Compeer</span>
        </a>
        <ul>
          {PAGES.map(page => {
            const here = (route.value[0] ?? '') === page.path || page.also.includes(route.value[0] ?? '')
            return (
              <li key={page.path}>
                <a href={page.path ? href(page.path) : href()} aria-current={here ? 'page' : undefined}>
                  <Icon name={page.icon} />
                  <span>{page.name}</span>
                </a>
              </li>
            )
          })}
        </ul>
        <Vitals />
      </nav>
      <Offline />
      <main id="main" tabIndex={-1}>
        {children}
      </main>
      <Toasts />
      {help && <Shortcuts onClose={() => setHelp(false)} />}
    </div>
  )
}

/** The node's state at the foot of the menu. */
function Vitals() {
  const now = node.value
  return (
    <div class="vitals">
      {now && (
        <>
          <p class="number">
            <span class="unseen">Down</span>
            <Icon name="down" /> {rate(now.downRate)}
          </p>
          <p class="number">
            <span class="unseen">Up</span>
            <Icon name="up" /> {rate(now.upRate)}
          </p>
          <p>
            <a href={href('network')} class={`reach ${now.reachability.verdict}`}>
              <span class="dot" aria-hidden="true" />
              {REACH[now.reachability.verdict]}
            </a>
          </p>
        </>
      )}
      <div class="row">
        <ThemeSwitch />
        <button
          type="button"
          class="icon"
          aria-label="Sign out"
          title="Sign out"
          onClick={async () => {
            await call('DELETE', 'session').catch(() => undefined)
            signedIn.value = false
          }}
        >
          <Icon name="leave" />
        </button>
      </div>
    </div>
  )
}

const NEXT: Record<Theme, Theme> = { system: 'light', light: 'dark', dark: 'system' }
const THEMES: Record<Theme, { icon: IconName; name: string }> = {
  system: { icon: 'auto', name: 'as the system' },
  light: { icon: 'sun', name: 'light' },
  dark: { icon: 'moon', name: 'dark' },
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(storedTheme)
  const name = `Colours: ${THEMES[theme].name}. Change to ${THEMES[NEXT[theme]].name}`
  return (
    <button
      type="button"
      class="icon"
      aria-label={name}
      title={name}
      onClick={() => {
        const next = NEXT[theme]
        remember('theme', next)
        applyTheme(next)
        setTheme(next)
        dispatchEvent(new Event('compeer-theme'))
      }}
    >
      <Icon name={THEMES[theme].icon} />
    </button>
  )
}

function Offline() {
  const state = link.value
  return (
    <div class="offline" role="status" aria-live="polite">
      {typeof state === 'object' && <p>The node does not answer. What you see is from {clock(state.lostAt)}; this page goes on by itself when the node is back.</p>}
    </div>
  )
}

const KEYS: [string, string][] = [
  ['/', 'search the transfers'],
  ['a', 'add a link'],
  ['1 to 4', 'Transfers, Share, Network, Settings'],
  ['↑ ↓ Home End', 'move through the list'],
  ['Space', 'select a transfer'],
  ['Enter', 'open it'],
  ['p', 'pause or resume it'],
  ['Delete', 'remove what is selected'],
  ['?', 'show these keys'],
]

function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement
      if (event.ctrlKey || event.metaKey || event.altKey || target.closest('input, textarea, select, dialog, video, audio')) return
      const page = PAGES[Number(event.key) - 1]
      if (page) go(...(page.path ? [page.path] : []))
      else if (event.key === '?') onHelp()
      else if (event.key === '/' || event.key === 'a') {
        event.preventDefault()
        if (route.value.length > 0) go()
        requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(event.key === 'a' ? 'add' : 'search')?.focus()))
      }
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [])
}

function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={onClose}>
      <dl class="keys">
        {KEYS.map(([key, meaning]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
      <div class="actions">
        <button type="button" class="primary" autofocus onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  )
}
