/** The `millrace` command as its own process, on the sources: for what needs real signals and pipes. */
import { main } from '../src/main.js';
import { processTerminal } from '../src/terminal.js';

process.exitCode = await main(process.argv.slice(2), processTerminal());
