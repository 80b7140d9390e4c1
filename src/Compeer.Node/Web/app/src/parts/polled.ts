import { useEffect, useRef, useState } from 'preact/hooks'
import { call, Problem } from '../api'

export interface Polled<T> {
  data: T | null
  problem: Problem | null
  again: () => void
}

/** Reads a resource now and then again while the page is seen; keeps the last answer when one fails. Without `path` it waits. */
export function usePolled<T>(path: string | null, milliseconds = 0): Polled<T> {
  const [state, setState] = useState<{ path: string | null; data: T | null; problem: Problem | null }>({ path, data: null, problem: null })
  const kick = useRef<() => void>(() => undefined)

  useEffect(() => {
    if (path === null) return
    let ended = false
    let timer = 0
    const read = async () => {
      clearTimeout(timer)
      if (document.visibilityState === 'visible') {
        try {
          const data = await call<T>('GET', path)
          if (!ended) setState({ path, data, problem: null })
        } catch (error) {
          if (!ended && error instanceof Problem) setState(old => ({ path, data: old.path === path ? old.data : null, problem: error }))
        }
      }
      if (!ended && milliseconds > 0) timer = setTimeout(() => void read(), milliseconds) as unknown as number
    }
    kick.current = () => void read()
    const shown = () => document.visibilityState === 'visible' && void read()
    document.addEventListener('visibilitychange', shown)
    void read()
    return () => {
      ended = true
      clearTimeout(timer)
      document.removeEventListener('visibilitychange', shown)
    }
  }, [path, milliseconds])

  const isOld = state.path !== path
  return { data: isOld ? null : state.data, problem: isOld ? null : state.problem, again: () => kick.current() }
}
