import { signal } from '@preact/signals'
import { Icon } from './Icon'

interface Toast {
  id: number
  text: string
  action?: { label: string; run: () => void } | undefined
}

const toasts = signal<Toast[]>([])
const SHOWN = 6000
const MOST = 4
let next = 1

/** Says something at the foot of the page for some seconds, with one thing that can be done about it. */
export function say(text: string, action?: Toast['action'], milliseconds = SHOWN): void {
  const id = next++
  toasts.value = [...toasts.value.slice(1 - MOST), { id, text, action }]
  setTimeout(() => close(id), milliseconds)
}

function close(id: number): void {
  toasts.value = toasts.value.filter(toast => toast.id !== id)
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {toasts.value.map(toast => (
        <div class="toast" key={toast.id}>
          <span>{toast.text}</span>
          {toast.action && (
            <button
              type="button"
              class="link"
              onClick={() => {
                toast.action?.run()
                close(toast.id)
              }}
            >
              {toast.action.label}
            </button>
          )}
          <button type="button" class="icon" aria-label="Close this message" onClick={() => close(toast.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
