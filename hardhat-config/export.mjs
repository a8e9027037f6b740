// Writes ABI, bytecode and what deployed code looks like where the Python package ships them, and the mint that anchors
// are compared with where the benchmarks have it.  `--to FILE` writes the first elsewhere and nothing else.
import {createHash} from 'node:crypto';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {dirname} from 'node:path';

const to = process.argv.indexOf('--to');
const target = to > 0 ? process.argv[to + 1] : '../provenance/evm/artifacts/PieceLedger.json';
const read = name => JSON.parse(readFileSync(`artifacts/contracts/${name}.sol/${name}.json`, 'utf8'));

// Deployed code differs from what the compiler wrote in its immutables alone: they are zeros in what is hashed.
const runtime = artifact => {
  const code = Buffer.from(artifact.deployedBytecode.slice(2), 'hex');
  const immutables = Object.values(artifact.immutableReferences ?? {})
    .flat()
    .map(({start, length}) => [start, length])
    .sort((one, other) => one[0] - other[0]);
  for (const [start, length] of immutables) code.fill(0, start, start + length);
  return {size: code.length, sha256: createHash('sha256').update(code).digest('hex'), immutables};
};

const ledger = read('PieceLedger');
const out = {
  contractName: ledger.contractName,
  compiler: {version: '0.8.37', optimizerRuns: 200, viaIR: true, evmVersion: 'prague'},
  abi: ledger.abi,
  bytecode: ledger.bytecode,
  runtime: {PieceLedger: runtime(ledger), Signatures: runtime(read('Signatures'))},
};
mkdirSync(dirname(target), {recursive: true});
writeFileSync(target, JSON.stringify(out, null, 1) + '\n');
console.log(`wrote ${target}: ${out.runtime.PieceLedger.size} bytes of deployed code`);

if (to < 0) {
  const {contractName, bytecode} = JSON.parse(readFileSync('cache/test-artifacts/test/PlainMint.sol/PlainMint.json', 'utf8'));
  writeFileSync('../benchmarks/plain_mint.json', JSON.stringify({contractName, bytecode}, null, 1) + '\n');
}
