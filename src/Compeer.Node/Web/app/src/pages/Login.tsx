import { useState } from 'preact/hooks'
import { call, Problem, signedIn } from '../api'
import { harmless } from '../text'

/** Signing in by password, or by the token that the daemon printed. A token is long; a password need not look like one. */
export function Login() {
  const [secret, setSecret] = useState('')
  const [isToken, setIsToken] = useState(false)
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState('')
  const submit = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setError('')
    try {
      await call('POST', 'session', isToken ? { token: secret.trim() } : { password: secret })
      signedIn.value = true
    } catch (problem) {
      setError(problem instanceof Problem ? harmless(problem.message, 300) : String(problem))
      // A refusal of a password says so; it does not throw us out of a page that shows it.
      signedIn.value = false
    }
    setBusy(false)
  }
  return (
    <main class="door">
      <img src="/assets/icon.svg" alt="" width="56" height="56" />
      <h1>Compeer</h1>
      <form onSubmit={submit}>
        <div class="segments" role="radiogroup" aria-label="Sign in with">
          <label>
            <input type="radio" name="way" checked={!isToken} onChange={() => setIsToken(false)} /> Password
          </label>
          <label>
            <input type="radio" name="way" checked={isToken} onChange={() => setIsToken(true)} /> Token
          </label>
        </div>
        <label class="field">
          <span>{isToken ? 'Token' : 'Password'}</span>
          <input
            type="password"
            value={secret}
            onInput={event => setSecret(event.currentTarget.value)}
            autocomplete={isToken ? 'off' : 'current-password'}
            required
            autofocus
            aria-describedby="door-help"
            aria-invalid={error !== ''}
          />
        </label>
        <p id="door-help" class="quiet">
          {isToken ? 'The daemon printed a link with the token when it started; it also stands in the file “token” in its data directory.' : 'You can set one under Settings. Until then, use the token.'}
        </p>
        {error && (
          <p role="alert" class="bad">
            {error}
          </p>
        )}
        <button type="submit" class="primary" disabled={busy || secret === ''}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
      </form>
    </main>
  )
}
