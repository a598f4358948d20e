// SQLite files and the lock of those who write them, as the rest of the code sees them.
export {
  asBlobs,
  connect,
  damaged,
  findDamage,
  pragmaNumber,
  textOf,
  transaction,
  translate,
  type Connection,
} from './sqlite.js';
export { takeWriterLock, withWriterLock, type WaitForWriter } from './writer-lock.js';
