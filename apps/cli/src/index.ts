export { type CreateProgram, main, runProgram } from './main.js';
export { createAmqpPublisherProgram, createAmqpReceiverProgram } from './program/amqp-client-programs.js';
export { processTerminal, type Terminal } from './terminal.js';
