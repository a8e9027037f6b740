// solhint's recommended rules, less those that another check of ours answers.
module.exports = {
  extends: 'solhint:recommended',
  rules: {
    'compiler-version': ['error', '0.8.37'],
    'func-visibility': ['error', {ignoreConstructors: true}],
    // prettier chooses the quotes.
    quotes: 'off',
    // What things cost is measured, in snapshots/; the ABI is settled.
    'gas-indexed-events': 'off',
    'gas-small-strings': 'off',
    'gas-strict-inequalities': 'off',
    'gas-struct-packing': 'off',
    'gas-increment-by-one': 'off',
    // The interfaces are the manual, in full sentences; authors stand in the licence.
    'use-natspec': 'off',
    // `transferable` is a function of the interface as well.
    'immutable-vars-naming': 'off',
  },
};
