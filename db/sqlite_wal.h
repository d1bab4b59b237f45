/* A VFS of SQLite whose WAL files are written in large pieces.
 *
 * SQLite writes a commit frame by frame, each in two calls: the header of 24 bytes, the page. This
 * gathers what is appended and hands it on before anybody could miss it: before an fsync, a read, a
 * truncation or a question for the size. With `synchronous=FULL` every commit is followed by an
 * fsync before its frames are told to readers, so readers and the disk see the same bytes in the
 * same order; without it, do not use this. A write that fails is told by the call that hands it on,
 * for a commit its fsync, with the code that the write would have had.
 */
#ifndef DB_SQLITE_WAL_H
#define DB_SQLITE_WAL_H

/* The name to open a database with. It stands on whatever VFS is the default at the first call.
 * NULL, which is the default itself, when it cannot be registered. Any thread. */
const char *sqlite_wal_vfs(void);

#endif
