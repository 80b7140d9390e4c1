import type { ComponentChildren } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { Problem } from '../api'
import { harmless } from '../text'
import { say } from './Toasts'
import { Icon } from './Icon'

/** Words of strangers: only ever text, unable to reorder what stands beside them. */
export function Words({ children, max }: { children: string; max?: number }) {
  return <bdi dir="auto">{harmless(children, max)}</bdi>
}

/** A thin bar. Its value stands in words beside it, so it is no part of what is read aloud. */
export function Bar({ value, tone }: { value: number; tone?: string | undefined }) {
  const fill = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    fill.current?.style.setProperty('transform', `scaleX(${Math.min(1, Math.max(0, value))})`)
  }, [value])
  return (
    <span class={`bar ${tone ?? ''}`} aria-hidden="true">
      <span ref={fill} />
    </span>
  )
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="state">
      <h2>{title}</h2>
      <div>{children}</div>
    </div>
  )
}

export function Loading({ what = 'Loading' }: { what?: string }) {
  return (
    <div class="state" role="status">
      <p class="breathing">{what}…</p>
    </div>
  )
}

export function Failed({ problem, again }: { problem: Problem; again?: () => void }) {
  return (
    <div class="state" role="alert">
      <h2>{harmless(problem.title)}</h2>
      <p>{harmless(problem.detail, 600)}</p>
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}

/** Copies a text to the clipboard, which a browser allows on loopback and under TLS only; elsewhere the text is marked for copying by hand. */
export function Copy({ text, label = 'Copy' }: { text: string; label?: string }) {
  return (
    <button
      type="button"
      onClick={async () => {
        try {
          await navigator.clipboard.writeText(text)
          say('Copied.')
        } catch {
          say('The browser does not let this page copy. Mark the text and press Ctrl-C.')
        }
      }}
    >
      <Icon name="copy" /> {label}
    </button>
  )
}

export function PageHead({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <header class="head">
      <h1>{title}</h1>
      {children}
    </header>
  )
}
