// Wants every line of the contract and both outcomes of every condition reached by the named tests, by Hardhat's own
// report.  Hardhat counts statements, not branches: so a copy of the sources is measured in which each condition passes
// through a function with one statement for each outcome.  Lines stay where they are.
import {mkdirSync, readFileSync} from 'node:fs';

import {createHardhatRuntimeEnvironment} from 'hardhat/hre';

import {RANDOM, conditions, copy, quick, quietly, trees, wrapped} from './source.mjs';

const decisions = [];
const sources = {};
const functions = [];
const OUTCOMES = [true, false];
const HEADER = ['// SPDX-License-Identifier: Apache-2.0', 'pragma solidity 0.8.37;', '', 'library Outcome {'];
for (const file of trees()) {
  const spans = conditions(file).map(condition => {
    const number = decisions.push(condition);
    functions.push(
      `    function c${number}(bool value) internal pure returns (bool) { if (value) {`,
      '        return true; }',
      '        return false; }',
    );
    return {...condition, before: `Outcome.c${number}(`, after: ')'};
  });
  const pragma = "pragma solidity 0.8.37; import {Outcome} from './Outcome.sol';";
  sources[file.name] = wrapped(file.source, spans).replace(/^pragma solidity .*$/m, pragma);
}
sources['Outcome.sol'] = [...HEADER, ...functions, '}', ''].join('\n');

const root = copy('coverage', sources);
mkdirSync(`${root}coverage`, {recursive: true});
process.chdir(root);
const hre = await createHardhatRuntimeEnvironment(quick, {coverage: true}, root);
const result = await quietly(() => hre.tasks.getTask(['test', 'solidity']).run({grepExclude: RANDOM}));
if (!result.success) throw new Error('the tests fail: `sh hardhat-config/run.sh test` tells which');

// LCOV: a file's name, then `DA:line,times` for each line with code.
const report = {};
for (const record of readFileSync(`${root}coverage/lcov.info`, 'utf8').split('end_of_record')) {
  const name = /^SF:contracts\/(.*)$/m.exec(record)?.[1];
  if (name) report[name] = new Map([...record.matchAll(/^DA:(\d+),(\d+)$/gm)].map(([, at, times]) => [+at, +times]));
}
const missed = [];
const rows = [];
for (const [name, lines] of Object.entries(report).filter(([name]) => name !== 'Outcome.sol').sort()) {
  const dark = [...lines].filter(([, times]) => !times).map(([at]) => at);
  const here = decisions.flatMap((decision, index) => {
    if (decision.name !== name) return [];
    // Each function has three lines; its two outcomes are the second and the third.
    return OUTCOMES.map((outcome, which) => {
      const at = HEADER.length + 3 * index + 2 + which;
      return {...decision, outcome, seen: report['Outcome.sol'].get(at) > 0};
    });
  });
  missed.push(...dark.map(at => `${name}:${at} is never run`));
  missed.push(...here.filter(({seen}) => !seen).map(({line, outcome, text}) => `${name}:${line} is never ${outcome}: ${text}`));
  const share = (part, whole) => `${part}/${whole}`.padStart(9) + ` ${((100 * part) / (whole || 1)).toFixed(1)}%`.padStart(8);
  rows.push(name.padEnd(20) + share(lines.size - dark.length, lines.size) + share(here.filter(({seen}) => seen).length, here.length));
}
console.log('contracts/               lines               outcomes of conditions');
console.log(rows.join('\n'));
if (!decisions.length || !rows.length) throw new Error('nothing was measured');
for (const sentence of missed) console.error(sentence);
process.exitCode = missed.length ? 1 : 0;
