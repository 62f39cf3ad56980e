#!/usr/bin/env node
import { runProgram } from '../dist/main.js';
import { createAmqpPublisherProgram } from '../dist/program/amqp-client-programs.js';
import { processTerminal } from '../dist/terminal.js';

process.exitCode = await runProgram(createAmqpPublisherProgram, process.argv.slice(2), processTerminal());
