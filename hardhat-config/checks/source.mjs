// Reads the contract's sources, and makes rewritten copies of the tree that Hardhat can compile and test.  What is
// shipped is never touched.
import {cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const solc = createRequire(import.meta.url)('solc');

export const toolchain = fileURLToPath(new URL('..', import.meta.url));
export const names = readdirSync(`${toolchain}contracts`).filter(name => name.endsWith('.sol')).sort();

const find = path => {
  try {
    return {contents: readFileSync(`${toolchain}node_modules/${path}`, 'utf8')};
  } catch (problem) {
    return {error: String(problem)};
  }
};

// The compiler's own answer about the sources, with what `selection` asks for, by contract and by file.
export const compile = selection => {
  const sources = Object.fromEntries(
    names.map(name => [`contracts/${name}`, {content: readFileSync(`${toolchain}contracts/${name}`, 'utf8')}]),
  );
  const settings = {evmVersion: 'prague', outputSelection: {'*': selection}};
  const output = JSON.parse(solc.compile(JSON.stringify({language: 'Solidity', sources, settings}), {import: find}));
  const problems = (output.errors ?? []).filter(({severity}) => severity === 'error');
  if (problems.length) throw new Error(problems.map(({formattedMessage}) => formattedMessage).join('\n'));
  return output;
};

// Calls `visit(node, parents)` for every node of a syntax tree, the outermost first.
export const walk = (node, visit, parents = []) => {
  if (Array.isArray(node)) return node.forEach(child => walk(child, visit, parents));
  if (node === null || typeof node !== 'object') return;
  if (node.nodeType) visit(node, parents);
  const inside = node.nodeType ? [...parents, node] : parents;
  for (const child of Object.values(node)) walk(child, visit, inside);
};

export const trees = () => {
  const {sources} = compile({'': ['ast']});
  return names.map(name => ({
    name,
    source: readFileSync(`${toolchain}contracts/${name}`),
    tree: sources[`contracts/${name}`].ast,
  }));
};

export const span = node => {
  const [start, length] = node.src.split(':').map(Number);
  return [start, start + length];
};

// A piece of source code on one line, for people.
export const text = (source, start, end) => source.subarray(start, end).toString().replace(/\s+/g, ' ');

export const line = (source, position) => source.subarray(0, position).toString().split('\n').length;

// Everywhere that the code decides: conditions of if, ?: and loops, and each operand of && and ||.
export const conditions = ({name, source, tree}) => {
  const found = [];
  const add = (node, kind) => {
    const [start, end] = span(node);
    found.push({name, start, end, kind, line: line(source, start), text: text(source, start, end)});
  };
  walk(tree, node => {
    if (['IfStatement', 'Conditional'].includes(node.nodeType)) add(node.condition, 'decision');
    if (['WhileStatement', 'ForStatement'].includes(node.nodeType) && node.condition) add(node.condition, 'loop');
    if (node.nodeType === 'BinaryOperation' && ['&&', '||'].includes(node.operator)) {
      add(node.leftExpression, 'operand');
      add(node.rightExpression, 'operand');
    }
  });
  return found;
};

// Puts `before` and `after` around each span; what is wider goes around what is narrower.
export const wrapped = (source, spans) => {
  const marks = spans.flatMap(({start, end, before = '', after = ''}) => [
    {at: start, text: before, order: start - end},
    {at: end, text: after, order: -1e9 + end - start},
  ]);
  // At one place, what ends comes before what begins; the narrower ends first, the wider begins first.
  marks.sort((one, other) => one.at - other.at || one.order - other.order);
  const parts = [];
  let done = 0;
  for (const mark of marks) {
    parts.push(source.subarray(done, mark.at), Buffer.from(mark.text));
    done = mark.at;
  }
  return Buffer.concat([...parts, source.subarray(done)]).toString();
};

// Without viaIR it compiles in a sixth of the time.  Nothing limits the size of code in Solidity tests; gas is limited,
// so that a loop without end ends.
export const quick = {
  solidity: {
    version: '0.8.37',
    path: `${toolchain}node_modules/solc/soljson.js`,
    settings: {optimizer: {enabled: true, runs: 1}, evmVersion: 'prague'},
  },
  test: {solidity: {gasLimit: 60_000_000n, fuzz: {runs: 16}, invariant: {runs: 2, depth: 50}}},
};

// Tests with random inputs.  They find no more of what is checked here than the named tests do, and take most of the time.
export const RANDOM = 'invariant_|testFuzz';

// Runs something without the lines that Hardhat prints.
export const quietly = async task => {
  const {write} = process.stdout;
  process.stdout.write = (_chunk, ...rest) => (rest.at(-1)?.call?.(), true);
  try {
    return await task();
  } finally {
    process.stdout.write = write;
  }
};

// A copy of the tree under `cache/`, with other sources, for Hardhat.
export const copy = (label, sources) => {
  const root = `${toolchain}cache/${label}/`;
  rmSync(`${root}contracts`, {recursive: true, force: true});
  rmSync(`${root}test`, {recursive: true, force: true});
  mkdirSync(`${root}contracts`, {recursive: true});
  cpSync(`${toolchain}test`, `${root}test`, {recursive: true});
  writeFileSync(`${root}package.json`, '{"type": "module"}\n');
  for (const [name, content] of Object.entries(sources)) writeFileSync(`${root}contracts/${name}`, content);
  return root;
};
