import { useState } from 'preact/hooks'
import { Problem } from '../api'
import { harmless } from '../text'

/** Does what a form asks for; a refusal stands in the form, as what lies behind a dialog is out of reach. */
export function useAttempt(): { failed: string; busy: boolean; attempt: (work: () => Promise<void>) => Promise<void> } {
  const [failed, setFailed] = useState('')
  const [busy, setBusy] = useState(false)
  const attempt = async (work: () => Promise<void>) => {
    setFailed('')
    setBusy(true)
    try {
      await work()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      setFailed(harmless(error.message, 400))
    }
    setBusy(false)
  }
  return { failed, busy, attempt }
}
