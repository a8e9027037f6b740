// For tests: what they are named after and what they must do to attack is not the contract's style.
const base = require('./solhint.cjs');
module.exports = {
  ...base,
  rules: {
    ...base.rules,
    // A test's name is its path in the tree.
    'func-name-mixedcase': 'off',
    // Attackers call by hand, and a call that reverts is often what is wanted.
    'avoid-low-level-calls': 'off',
    'no-empty-blocks': 'off',
    'no-inline-assembly': 'off',
    // Tests ask with their own few words, `Vm` is what everybody calls the cheat codes.
    'gas-custom-errors': 'off',
    'interface-starts-with-i': 'off',
    'const-name-snakecase': 'off',
    // The other party of a test stands beside it.
    'one-contract-per-file': 'off',
  },
};
