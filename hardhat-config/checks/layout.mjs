// Writes where the contract keeps its state, as text, so that a change shows in a diff.  `--check` only compares.
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';

import {compile, toolchain} from './source.mjs';

const {storageLayout} = compile({'*': ['storageLayout']}).contracts['contracts/PieceLedger.sol'].PieceLedger;
const {storage, types} = storageLayout;
const row = ({slot, offset, type, label}, indent) => {
  const {label: name, numberOfBytes, members} = types[type];
  const own = `${indent}${String(slot).padStart(2)} ${String(offset).padStart(3)} ${numberOfBytes.padStart(4)}  ${label}: ${name}`;
  return [own, ...(members ?? []).flatMap(member => row(member, `${indent}    `))];
};
// Structs that only mappings hold are laid out below.
const structs = Object.values(types)
  .filter(({members}) => members)
  .sort((one, other) => one.label.localeCompare(other.label))
  .flatMap(({label, members}) => ['', label, ...members.flatMap(member => row(member, ''))]);
const text = ['slot offset bytes  PieceLedger', ...storage.flatMap(member => row(member, '')), ...structs, ''].join('\n');

const target = `${toolchain}snapshots/storage.txt`;
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('The storage layout is not the one in snapshots/storage.txt: `sh hardhat-config/run.sh layout` writes it.');
    process.exit(1);
  }
  console.log('The storage layout is the one in snapshots/storage.txt.');
} else {
  mkdirSync(`${toolchain}snapshots`, {recursive: true});
  writeFileSync(target, text);
  console.log(`wrote ${target}`);
}
