// Runs slither, and wants an answer in slither-answers.json to each finding of high or medium impact; a new finding and
// an answer to nothing fail alike.  `slither` is looked for in the environment that run.sh makes.
import {spawnSync} from 'node:child_process';
import {readFileSync, rmSync, writeFileSync} from 'node:fs';

import {createHardhatRuntimeEnvironment} from 'hardhat/hre';

import {copy, names, quick, quietly, toolchain} from './source.mjs';

const read = name => readFileSync(`${toolchain}contracts/${name}`, 'utf8');
const root = copy('slither', Object.fromEntries(names.map(name => [name, read(name)])));
// Artifacts of other sources would be judged as well.
for (const old of ['test', 'artifacts', 'cache']) rmSync(`${root}${old}`, {recursive: true, force: true});
writeFileSync(`${root}hardhat.config.ts`, 'export default {};\n'); // By this file slither knows what kind of folder it is.
process.chdir(root);
const hre = await createHardhatRuntimeEnvironment(quick, {}, root);
await quietly(() => hre.tasks.getTask('build').run({quiet: true}));

const report = `${root}slither.json`;
rmSync(report, {force: true});
const flags = ['.', '--ignore-compile', '--hardhat-artifacts-directory', 'artifacts', '--json', report];
const {error} = spawnSync(`${toolchain}cache/slither-venv/bin/slither`, flags, {stdio: 'ignore'});
if (error) throw error;
const {success, error: problem, results} = JSON.parse(readFileSync(report, 'utf8'));
if (!success) throw new Error(problem);

const answers = JSON.parse(readFileSync(`${toolchain}checks/slither-answers.json`, 'utf8'));
const grave = results.detectors.filter(({impact}) => ['High', 'Medium'].includes(impact));
const key = ({check, elements: [element]}) => {
  const within = element.type_specific_fields?.parent?.name;
  const signature = element.type_specific_fields?.signature ?? element.name;
  return `${check} ${within ? `${within}.` : ''}${signature}`;
};
const found = new Set(grave.map(key));
const open = [...found].filter(each => !(each in answers));
const stale = Object.keys(answers).filter(each => !found.has(each));
for (const each of open) console.error(`not answered: ${each}`);
for (const each of stale) console.error(`no longer found: ${each}`);
console.log(`slither: ${results.detectors.length} findings, ${grave.length} of high or medium impact, ${open.length} without an answer`);
// A run that looked at nothing finds nothing.
process.exitCode = open.length || stale.length || !results.detectors.length ? 1 : 0;
