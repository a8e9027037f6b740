import {fileURLToPath} from 'node:url';

import {defineConfig} from 'hardhat/config';
import type {HardhatPlugin} from 'hardhat/types/plugins';

// The optimizer and viaIR keep an anchor near the floor of one LOG4 a piece; 200 runs keep the code under 24,576 bytes
// (EIP-170).  py-evm, the embedded ledger, stops at prague.
// The compiler comes from npm, so that nothing is downloaded.
const path = fileURLToPath(new URL('./node_modules/solc/soljson.js', import.meta.url));
const evmVersion = 'prague';
const shipped = {version: '0.8.37', path, settings: {optimizer: {enabled: true, runs: 200}, viaIR: true, evmVersion}};

// The tests deploy the ledger as it is shipped; their own code is compiled in the quickest way, all of it at once, which
// a profile of its own allows and overrides by file do not.  The mint that anchors are compared with lies beside them
// and is built like the ledger.
const tests = {version: '0.8.37', path, settings: {evmVersion}};
const testsApart: HardhatPlugin = {
  id: 'tests-apart',
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        build: (context, roots, options, next) =>
          next(context, roots, options?.scope === 'tests' ? {...options, buildProfile: 'tests'} : options),
      }),
    }),
  },
};

export default defineConfig({
  plugins: [testsApart],
  solidity: {
    splitTestsCompilation: true,
    profiles: {
      default: shipped,
      production: shipped,
      tests: {compilers: [tests], overrides: {'test/PlainMint.sol': shipped}},
    },
  },
  // `deep` and `gas` are for `make check-contracts`; in `gas` each call is a transaction of its own.
  test: {
    solidity: {
      profiles: {
        default: {fuzz: {runs: 256}, invariant: {runs: 16, depth: 150, failOnRevert: true}},
        gas: {isolate: true, fuzz: {runs: 1}},
        deep: {fuzz: {runs: 10_000}, invariant: {runs: 256, depth: 128, failOnRevert: true}},
      },
    },
  },
});
