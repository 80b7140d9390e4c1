// expect as @libp2p/interop uses it: promised assertions, properties that are called, and equalBytes.
import chai from 'chai'
import promised from 'chai-as-promised'
import parentheses from 'chai-parentheses'

chai.use(({ Assertion }) => Assertion.addMethod('equalBytes', function (other) {
  const same = Buffer.compare(Buffer.from(this._obj), Buffer.from(other)) === 0
  this.assert(same, 'expected the same bytes', 'expected other bytes')
}))
// The last one wraps what the others added.
chai.use(promised)
chai.use(parentheses)

export const { expect, assert } = chai
