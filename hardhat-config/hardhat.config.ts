import {fileURLToPath} from 'node:url';

import {defineConfig} from 'hardhat/config';

// The optimizer and viaIR keep an anchor near the floor of one LOG4 a piece; 200 runs keep the code under 24,576 bytes
// (EIP-170).  py-evm, the embedded ledger, stops at prague.
// The compiler comes from npm, so that nothing is downloaded.
const path = fileURLToPath(new URL('./node_modules/solc/soljson.js', import.meta.url));
const settings = {optimizer: {enabled: true, runs: 200}, viaIR: true, evmVersion: 'prague'};

export default defineConfig({
  solidity: {
    profiles: {
      default: {version: '0.8.37', path, settings},
      production: {version: '0.8.37', path, settings},
    },
  },
  // `--test-profile deep` is for `make check-contracts`.
  test: {
    solidity: {
      profiles: {
        default: {fuzz: {runs: 256}, invariant: {runs: 16, depth: 150}},
        deep: {fuzz: {runs: 10_000}, invariant: {runs: 256, depth: 128}},
      },
    },
  },
});
