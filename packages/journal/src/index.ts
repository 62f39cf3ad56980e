export { type Journal, JournalError, MemoryJournal } from './journal.js';
