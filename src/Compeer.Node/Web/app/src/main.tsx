import './css/base.css'
import './css/shell.css'
import './css/parts.css'
import './css/transfers.css'
import './css/transfer.css'
import './css/network.css'
import './css/settings.css'
import './css/log.css'
import { render } from 'preact'
import { App } from './App'

const root = document.getElementById('app')
if (root) {
  root.textContent = ''
  render(<App />, root)
}
