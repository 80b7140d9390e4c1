import { useState } from 'preact/hooks'
import { tell } from '../../actions'
import { call } from '../../api'
import { Copy, Failed, Loading, Words } from '../../parts/Small'
import { usePolled } from '../../parts/polled'
import { say } from '../../parts/Toasts'
import type { ApiKey } from '../../types'

const SCOPES: Record<ApiKey['scope'], string> = { read: 'see everything', add: 'see and add', admin: 'do everything' }

/** Who may use this node: the password of this page, and keys for programs. */
export function Access() {
  return (
    <div class="stack">
      <Password />
      <Keys />
    </div>
  )
}

function Password() {
  const session = usePolled<{ passwordSet: boolean }>('session')
  const [current, setCurrent] = useState('')
  const [next, setNext] = useState('')
  const isSet = session.data?.passwordSet === true
  return (
    <form
      class="stack"
      onSubmit={event => {
        event.preventDefault()
        void tell(async () => {
          await call('POST', 'password', isSet ? { current, new: next } : { new: next })
          setCurrent('')
          setNext('')
          session.again()
          say('The password is kept.')
        })
      }}
    >
      <p class="quiet">{isSet ? 'A password is set.' : 'No password is set: this page opens with the token only.'}</p>
      <div class="pair">
        {isSet && (
          <label class="field">
            <span>Password until now</span>
            <input type="password" value={current} autocomplete="current-password" required onInput={event => setCurrent(event.currentTarget.value)} />
          </label>
        )}
        <label class="field">
          <span>New password</span>
          <input type="password" value={next} autocomplete="new-password" minLength={8} required onInput={event => setNext(event.currentTarget.value)} />
        </label>
      </div>
      <span>
        <button type="submit" disabled={next.length < 8}>
          {isSet ? 'Change the password' : 'Set a password'}
        </button>
      </span>
    </form>
  )
}

function Keys() {
  const { data, problem, again } = usePolled<{ items: ApiKey[] }>('keys')
  const [name, setName] = useState('')
  const [scope, setScope] = useState<ApiKey['scope']>('read')
  const [made, setMade] = useState('')
  if (problem && !data) return <Failed problem={problem} again={again} />
  if (!data) return <Loading />
  return (
    <div class="stack">
      <h3>Keys for programs</h3>
      {data.items.length === 0 && <p class="quiet">There are none. A program that adds transfers, or draws charts, gets one of its own.</p>}
      <ul class="entries">
        {data.items.map(key => (
          <li key={key.id}>
            <span>
              <Words max={80}>{key.name}</Words> <span class="quiet small">may {SCOPES[key.scope]}</span>
            </span>
            <button type="button" onClick={() => void tell(() => call('DELETE', 'keys/' + encodeURIComponent(key.id))).then(again)}>
              Revoke
            </button>
          </li>
        ))}
      </ul>
      {made && (
        <div role="status" class="stack">
          <p>This is the key; it is shown only now.</p>
          <div class="row">
            <code>{made}</code> <Copy text={made} />
          </div>
        </div>
      )}
      <form
        class="pair"
        onSubmit={event => {
          event.preventDefault()
          void tell(async () => {
            const answer = await call<{ key: string }>('POST', 'keys', { name: name.trim(), scope })
            setMade(answer.key)
            setName('')
            again()
          })
        }}
      >
        <label class="field">
          <span>For which program</span>
          <input value={name} required onInput={event => setName(event.currentTarget.value)} />
        </label>
        <label class="field">
          <span>It may</span>
          <select value={scope} onChange={event => setScope(event.currentTarget.value as ApiKey['scope'])}>
            {Object.entries(SCOPES).map(([value, words]) => (
              <option key={value} value={value}>
                {words}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class="low" disabled={name.trim() === ''}>
          Make a key
        </button>
      </form>
    </div>
  )
}
