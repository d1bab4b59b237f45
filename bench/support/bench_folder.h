/* A folder that goes away: one flat level of files. */
#ifndef BENCH_SUPPORT_BENCH_FOLDER_H
#define BENCH_SUPPORT_BENCH_FOLDER_H

enum { BENCH_FOLDER_BYTES = 512 };

/* New and empty, under TMPDIR or /tmp; ends the program when that fails. */
void bench_folder_make(char out[BENCH_FOLDER_BYTES]);
void bench_folder_remove(const char *folder);

#endif
