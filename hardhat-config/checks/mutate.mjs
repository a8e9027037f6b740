// Takes each check of the contract away, one at a time, and wants the Solidity tests to notice: whatever they let
// through is a survivor.  All mutants are compiled at once, into a copy of the sources in which each place asks
// `block.coinbase` whether it is the one that is broken in this run.
//
//   node checks/mutate.mjs            all of them
//   node checks/mutate.mjs 12 40      these
//   node checks/mutate.mjs --list     name them
import {createHardhatRuntimeEnvironment} from 'hardhat/hre';

import {RANDOM, conditions, copy, line, quick, quietly, span, text, trees, walk, wrapped} from './source.mjs';

const LIBRARY = `// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

library Mutant {
    function on(uint256 number) internal view returns (bool) {
        return uint160(address(block.coinbase)) != number;
    }

    function yes(uint256 no, uint256 yes_, bool value) internal view returns (bool) {
        return uint160(address(block.coinbase)) == no ? false : uint160(address(block.coinbase)) == yes_ ? true : value;
    }
}
`;

// Every modifier is one call; a mutant without it is a function without that call.
const CHECKS = {
  onlyRole: '_checkRole',
  onlyRoleOrImporter: '_checkRoleOrImporter',
  whenSealed: '_requireSealed',
  whileImporting: '_requireImporting',
};
// No run has this number.
const NEVER = 1_000_000;

const mutants = [];
const add = (place, change) => mutants.push({number: mutants.length + 1, ...place, change}) && mutants.length;

// Whatever does something: assignments, calls, events.
const statements = tree => {
  const found = [];
  walk(tree, (node, parents) => {
    if (['ExpressionStatement', 'EmitStatement'].includes(node.nodeType)) {
      // What a loop does between its turns is no statement of its own, and a modifier's body is mutated where it is used.
      const parent = parents.at(-1);
      if (parent.loopExpression === node || parents.some(({nodeType}) => nodeType === 'ModifierDefinition')) return;
      found.push(node);
    }
  });
  return found;
};

const sources = {};
for (const file of trees()) {
  const {name, source, tree} = file;
  const spans = [];
  for (const condition of conditions(file)) {
    const no = add(condition, 'never');
    // A loop that never ends would only be told by its gas.
    const yes = condition.kind === 'loop' ? NEVER : add(condition, 'always');
    spans.push({...condition, before: `Mutant.yes(${no}, ${yes}, `, after: ')'});
  }
  for (const node of statements(tree)) {
    const [start, end] = span(node);
    const semicolon = source.indexOf(';', end - 1) + 1;
    const number = add({name, line: line(source, start), text: text(source, start, end)}, 'dropped');
    spans.push({start, end: semicolon, before: `{if (Mutant.on(${number})) `, after: '}'});
  }
  walk(tree, node => {
    if (node.nodeType !== 'FunctionDefinition' || node.kind === 'constructor') return;
    for (const modifier of node.modifiers) {
      const [start, end] = span(modifier);
      const used = text(source, start, end);
      const number = add({name, line: line(source, start), text: `${node.name}: ${used}`}, 'dropped');
      const [modifierName, given = '()'] = used.split(/(?=\()/);
      const call = CHECKS[modifierName] + given;
      spans.push({start, end, before: '/*', after: '*/'});
      const body = span(node.body)[0] + 1;
      spans.push({start: body, end: body, before: ` if (Mutant.on(${number})) ${call};`});
    }
  });
  // A private check is called from other contracts now, and a pure function asks which mutant it is.
  sources[name] = wrapped(source, spans)
    .replace(/(function (?:_requireSealed|_requireImporting|_checkRoleOrImporter)\([^)]*\)) private/g, '$1 internal')
    .replace(/(function isKeySignature\([^)]*\)) public pure/, '$1 public view')
    .replace(/^pragma solidity .*$/m, "$&\nimport {Mutant} from './Mutant.sol';");
}
sources['Mutant.sol'] = LIBRARY;

const wanted = process.argv.slice(2);
if (wanted.includes('--list')) {
  for (const {number, name, line, text, change} of mutants) console.log(number, `${name}:${line}`, change, text);
  process.exit(0);
}
const root = copy('mutants', sources);
process.chdir(root);
const hre = await createHardhatRuntimeEnvironment(quick, {}, root);

// One run of the Solidity tests, silently, with one mutant alive; 0 is none.  Returns how many passed and failed.
const run = async (number, build = false) => {
  hre.config.test.solidity.profiles.default.coinbase = `0x${number.toString(16).padStart(40, '0')}`;
  const task = hre.tasks.getTask(['test', 'solidity']);
  const result = await quietly(() => task.run({noCompile: !build, grepExclude: RANDOM}));
  const tests = (result.value ?? result.error).suiteResults.flatMap(({testResults}) => testResults);
  const passed = tests.filter(({status}) => status === 'Success').length;
  return {passed, failed: tests.length - passed};
};

const sound = await run(0, true);
if (sound.failed || !sound.passed) throw new Error(`without a mutant ${sound.passed} tests pass, ${sound.failed} fail`);
const chosen = wanted.length ? mutants.filter(({number}) => wanted.includes(String(number))) : mutants;
console.log(`${chosen.length} of ${mutants.length} mutants against ${sound.passed} tests`);
const started = Date.now();
const survivors = [];
for (const mutant of chosen) {
  if ((await run(mutant.number)).failed) continue;
  survivors.push(mutant);
  console.log(`survived: ${mutant.number} ${mutant.name}:${mutant.line} ${mutant.change}: ${mutant.text}`);
}
console.log(`${chosen.length} mutants, ${survivors.length} survived, ${Math.round((Date.now() - started) / 1000)} s`);
process.exitCode = survivors.length ? 1 : 0;
