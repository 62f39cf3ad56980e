#!/usr/bin/env node
import { runProgram } from '../dist/main.js';
import { createAmqpReceiverProgram } from '../dist/program/amqp-client-programs.js';
import { processTerminal } from '../dist/terminal.js';

process.exitCode = await runProgram(createAmqpReceiverProgram, process.argv.slice(2), processTerminal());
