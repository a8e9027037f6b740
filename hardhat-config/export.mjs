// Writes ABI and bytecode of the ledger where the Python package ships them.  `--to FILE` writes elsewhere.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';

const to = process.argv.indexOf('--to');
const target = to > 0 ? process.argv[to + 1] : '../provenance/evm/artifacts/PieceLedger.json';
const read = path => JSON.parse(readFileSync(path, 'utf8'));
const artifact = read('artifacts/contracts/PieceLedger.sol/PieceLedger.json');

const out = {
  contractName: artifact.contractName,
  compiler: {version: '0.8.37', optimizerRuns: 10000, viaIR: true, evmVersion: 'prague'},
  abi: artifact.abi,
  bytecode: artifact.bytecode,
};
mkdirSync(dirname(target), {recursive: true});
writeFileSync(target, JSON.stringify(out, null, 1) + '\n');
console.log(`wrote ${target}: ${(artifact.deployedBytecode.length - 2) / 2} bytes of deployed code`);
